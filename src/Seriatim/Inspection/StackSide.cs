namespace Seriatim.Inspection;

/// <summary>Which stack of a model.</summary>
public enum StackSide
{
    /// <summary>The encoder.</summary>
    Encoder,

    /// <summary>The decoder.</summary>
    Decoder,
}

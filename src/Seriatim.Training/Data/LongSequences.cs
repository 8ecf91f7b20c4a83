namespace Seriatim.Training;

/// <summary>What happens to an example that is longer than the model or the batch takes.</summary>
public enum LongSequences
{
    /// <summary>Training does not start; the message names the example and both lengths.</summary>
    Refuse,

    /// <summary>It is cut into pieces that fit; not for pairs.</summary>
    Split,

    /// <summary>It is left out, and counted.</summary>
    Skip,
}

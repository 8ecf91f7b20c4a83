namespace Seriatim.Tokenizers;

/// <summary>Where Metaspace puts a visible space in front.</summary>
internal enum PrependScheme
{
    /// <summary>Nowhere.</summary>
    Never,

    /// <summary>Only at the very beginning of the text.</summary>
    First,

    /// <summary>At the beginning of every piece.</summary>
    Always,
}

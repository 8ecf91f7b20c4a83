namespace Seriatim.Tokenizers;

/// <summary>What becomes of the places where a pattern matches.</summary>
internal enum SplitBehavior
{
    /// <summary>Matches are dropped.</summary>
    Removed,

    /// <summary>Every match is a piece.</summary>
    Isolated,

    /// <summary>A match is the end of the piece before it.</summary>
    MergedWithPrevious,

    /// <summary>A match is the beginning of the piece after it.</summary>
    MergedWithNext,

    /// <summary>Neighbouring matches are one piece.</summary>
    Contiguous,
}

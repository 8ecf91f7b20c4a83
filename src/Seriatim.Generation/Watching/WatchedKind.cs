namespace Seriatim.Generation;

/// <summary>Why rows are in a step.</summary>
internal enum WatchedKind : byte
{
    /// <summary>A piece of a prompt.</summary>
    Prompt,

    /// <summary>The next token of a sequence, and what is drafted after it.</summary>
    Decode,

    /// <summary>What was there already and is computed again: its memory was taken away.</summary>
    Again,

    /// <summary>The encoder's input.</summary>
    Source,

    /// <summary>A sequence that is read at once.</summary>
    Whole,
}

namespace Seriatim.Models;

/// <summary>A page pool cannot give as many pages as a step needs. Nothing was changed; the message has both numbers.</summary>
public sealed class OutOfPagesException : ModelException
{
    internal OutOfPagesException(int needed, int free, int total)
        : base($"{needed} pages are needed and {free} of {total} are free. Release sequences, or make a larger pool.") =>
        (Needed, Free) = (needed, free);

    /// <summary>Pages the step needs beyond those the sequence has.</summary>
    public int Needed { get; }

    /// <summary>Pages that were free.</summary>
    public int Free { get; }
}

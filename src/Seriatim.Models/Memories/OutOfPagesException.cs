namespace Seriatim.Models;

/// <summary>
/// A pool cannot give as many pages, or states, as a step needs. Nothing was changed; the message has both numbers.
/// </summary>
public sealed class OutOfPagesException : ModelException
{
    internal OutOfPagesException(string name, int needed, int free, int total)
        : base($"{needed} {name} are needed and {free} of {total} are free. Release sequences, or make a larger pool.") =>
        (Needed, Free) = (needed, free);

    /// <summary>Units the step needs beyond those the sequence has.</summary>
    public int Needed { get; }

    /// <summary>Units that were free.</summary>
    public int Free { get; }
}

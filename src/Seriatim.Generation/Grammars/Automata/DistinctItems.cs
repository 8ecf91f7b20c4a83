namespace Seriatim.Generation;

/// <summary>Where a list of items that must differ stands: a value that never changes.</summary>
/// <param name="done">The items that are finished.</param>
/// <param name="match">How those go on that begin like the item that is being read; null: none does.</param>
/// <param name="text">The item that is being read, from its last byte backwards; null: none is.</param>
internal sealed class DistinctItems(TextSet done, TextSet? match, DistinctItems.Letter? text)
{
    private static long _ids;

    /// <summary>Tells it from others.</summary>
    public long Id { get; } = Interlocked.Increment(ref _ids);

    /// <summary>The items that are finished.</summary>
    public TextSet Done => done;

    /// <summary>How those go on that begin like the item that is being read; null: none does.</summary>
    public TextSet? Match => match;

    /// <summary>Whether the item that is being read is one that has come, so far.</summary>
    public bool IsRepeated => match is { Ends: true };

    /// <summary>Before the first item.</summary>
    public static DistinctItems None { get; } = new(TextSet.Empty, null, null);

    /// <summary>With a byte more of the item that is being read.</summary>
    /// <param name="value">The byte.</param>
    /// <param name="begins">Whether it is the first one.</param>
    public DistinctItems With(byte value, bool begins) =>
        new(done, Matching(value, begins), new Letter(value, begins ? null : text));

    /// <summary>How finished items go on that begin like the item with a byte more; null: none does.</summary>
    public TextSet? Matching(byte value, bool begins) => (begins ? done : match)?.Below(value);

    /// <summary>With the item that is being read among those that are finished.</summary>
    public DistinctItems Finished()
    {
        byte[] bytes = new byte[text?.Length ?? 0];
        for (Letter? letter = text; letter is not null; letter = letter.Before)
            bytes[letter.Length - 1] = letter.Value;
        return new DistinctItems(done.With(bytes), null, null);
    }

    /// <summary>A byte of an item, and those before it.</summary>
    internal sealed class Letter(byte value, Letter? before)
    {
        public byte Value => value;

        public Letter? Before => before;

        public int Length { get; } = 1 + (before?.Length ?? 0);
    }
}

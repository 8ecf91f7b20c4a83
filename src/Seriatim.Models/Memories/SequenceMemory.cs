namespace Seriatim.Models;

/// <summary>
/// What a sequence remembers of the rows that went through the model. A step prepares room, the forward pass writes there,
/// and then as many of the written rows are committed as belong to the sequence; the rest never happened. Nothing is ever
/// set to a length: a memory goes back only to a mark.
/// </summary>
/// <remarks>Used by one thread at a time. Disposing releases what it holds; forks are independent and disposed by
/// themselves.</remarks>
public abstract class SequenceMemory : IDisposable
{
    private protected SequenceMemory(SequenceTerms terms) => Terms = terms;

    /// <summary>What holds for the sequence from its first row to its last.</summary>
    public SequenceTerms Terms { get; }

    /// <summary>Committed positions: <see cref="Segment.Past"/> of the next step.</summary>
    public abstract int Length { get; }

    /// <summary>Rows that may be written after <see cref="Length"/> now.</summary>
    public abstract int Prepared { get; }

    /// <summary>The pool that attention layers read and write.</summary>
    public abstract KeyValuePool Storage { get; }

    /// <summary>
    /// Pages of <see cref="Storage"/> in the order of positions, enough for <see cref="Length"/> + <see cref="Prepared"/>; -1 for those that no
    /// layer will see again and that were given back.
    /// </summary>
    public abstract IReadOnlyList<int> Pages { get; }

    /// <summary>
    /// Makes room for rows after <see cref="Length"/> that no fork can see. May be called again before the commit, with more
    /// rows.
    /// </summary>
    /// <exception cref="OutOfPagesException">The pool has too few pages; nothing was changed.</exception>
    public abstract void Prepare(int rows);

    /// <summary>
    /// Makes the first <paramref name="rows"/> written rows part of the sequence and forgets the other prepared ones.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">More rows than were prepared.</exception>
    public abstract void Commit(int rows);

    /// <summary>
    /// A memory with the same committed past, which then goes its own way. Shares pages until one of both writes.
    /// </summary>
    public abstract SequenceMemory Fork();

    /// <summary>Marks the current length. Dispose the mark when it is no longer needed.</summary>
    public abstract MemoryMark Mark();

    /// <summary>Goes back to a mark; prepared rows are forgotten, later marks become void, the mark itself stays.</summary>
    /// <exception cref="InvalidOperationException">The mark is of another memory, disposed, or void.</exception>
    public abstract void Restore(MemoryMark mark);

    /// <inheritdoc/>
    public abstract void Dispose();
}

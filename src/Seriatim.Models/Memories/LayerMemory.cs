namespace Seriatim.Models;

/// <summary>
/// What one sequence remembers for the layers of one kind. <see cref="SequenceMemory"/> is a list of these and keeps the length;
/// it calls them in step. A further kind of layer that remembers something derives from this and from <see cref="MemoryPool"/>.
/// </summary>
public abstract class LayerMemory
{
    /// <summary>An empty memory.</summary>
    /// <param name="pool">Where its units come from.</param>
    protected LayerMemory(MemoryPool pool) => Pool = pool;

    /// <summary>Where its units come from.</summary>
    public MemoryPool Pool { get; }

    /// <summary>Places of units, held or not; for those who count.</summary>
    public abstract int Places { get; }

    /// <summary>Units that are held.</summary>
    public abstract int Held { get; }

    /// <summary>Bytes of the units that are held, shared ones counted in full.</summary>
    public long Bytes => Held * Pool.UnitBytes;

    /// <summary>Whether the first step must bring rows of an encoder's output, because there is nothing of it yet.</summary>
    public virtual bool NeedsEncoder => false;

    /// <summary>The unit in a place; -1: none.</summary>
    public abstract int UnitAt(int place);

    /// <summary>
    /// The unit that says, together with those of the blocks before, all of the past up to the end of a full page of positions;
    /// -1: it is not kept. Asked between the forward pass and the commit, or directly after the commit, of the step that wrote
    /// it.
    /// </summary>
    /// <param name="block">Number of the page of positions.</param>
    /// <param name="length">Positions that are committed.</param>
    public abstract int UnitOfBlock(int block, int length);

    /// <summary>
    /// Full pages of positions up to the last one with a <see cref="UnitOfBlock"/>, for memories whose
    /// units know all of the past; 0: none has one.
    /// </summary>
    /// <param name="length">Positions that are committed.</param>
    public virtual int BlocksKept(int length) => 0;

    /// <summary>Positions of the last unit that hold nothing.</summary>
    /// <param name="length">Positions that are committed.</param>
    public virtual int Unfilled(int length) => 0;

    /// <summary>Units that <see cref="Prepare"/> would take now.</summary>
    /// <param name="length">Positions that are committed.</param>
    /// <param name="step">What is to be written.</param>
    public abstract int Need(int length, in MemoryStep step);

    /// <summary>Makes room that no fork can see. The units are there: <see cref="Need"/> was asked.</summary>
    /// <param name="length">Positions that are committed.</param>
    /// <param name="step">What is to be written.</param>
    public abstract void Prepare(int length, in MemoryStep step);

    /// <summary>Throws unless the written rows can be cut there.</summary>
    /// <param name="count">Rows that are kept, at least 1.</param>
    /// <param name="path">Which; empty: the first ones.</param>
    /// <exception cref="InvalidOperationException">They cannot.</exception>
    public virtual void RequireCommit(int count, ReadOnlySpan<int> path)
    {
    }

    /// <summary>Makes written rows part of the sequence and forgets the others.</summary>
    /// <param name="length">Positions before.</param>
    /// <param name="count">Rows that are kept, at least 1.</param>
    /// <param name="path">Which, ascending; empty: the first ones.</param>
    public abstract void Commit(int length, int count, ReadOnlySpan<int> path);

    /// <summary>Forgets what was prepared.</summary>
    /// <param name="length">Positions that are committed.</param>
    public abstract void Forget(int length);

    /// <summary>Gives back what no row from a position on will see.</summary>
    /// <param name="next">The position.</param>
    public virtual void GiveBack(int next)
    {
    }

    /// <summary>Gives up what was kept of the last step for others to share.</summary>
    public virtual void EndSharing()
    {
    }

    /// <summary>A memory with the same committed past, which then goes its own way.</summary>
    /// <param name="length">Positions that are committed.</param>
    public abstract LayerMemory Fork(int length);

    /// <summary>Keeps what is needed to come back here; 0: nothing but the length.</summary>
    public virtual int Mark() => 0;

    /// <summary>Forgets a mark.</summary>
    /// <param name="mark">What <see cref="Mark"/> gave.</param>
    public virtual void Drop(int mark)
    {
    }

    /// <summary>Goes back to a mark, which stays; prepared rows are forgotten.</summary>
    /// <param name="length">Positions there.</param>
    /// <param name="mark">What <see cref="Mark"/> gave.</param>
    public abstract void Restore(int length, int mark);

    /// <summary>Gives everything back; it is empty then.</summary>
    public abstract void Clear();
}

namespace Seriatim.Models;

/// <summary>
/// Where the memory of one kind of layer comes from, in units (pages, states) with counted references: forks, marks and a prefix
/// cache share them. No policy: who gets units, and what happens when there are none, is decided above, by what this says is
/// needed.
/// </summary>
/// <remarks>Used by one thread at a time.</remarks>
public abstract class MemoryPool : IDisposable
{
    private readonly int[] _references;
    private readonly Stack<int> _free;
    private IUnitKeeper? _keeper;
    private bool[] _kept = [];
    private int _keptCount;

    /// <summary>A pool, all units free.</summary>
    /// <param name="units">Number of units.</param>
    protected MemoryPool(int units)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(units, 1);
        _references = new int[units];
        _free = new Stack<int>(units);
        for (int unit = units - 1; unit >= 0; unit--)
            _free.Push(unit);
    }

    /// <summary>What its units are called, in the plural, as messages and statistics write it.</summary>
    public abstract string Name { get; }

    /// <summary>Bytes of a unit.</summary>
    public abstract long UnitBytes { get; }

    /// <summary>
    /// Whether each unit holds positions of its own, so that going on needs those of all blocks in sight; else a unit holds all
    /// that is known of the past, and the last one is enough.
    /// </summary>
    public abstract bool HoldsPositions { get; }

    /// <summary>Number of units.</summary>
    public int Units => _references.Length;

    /// <summary>Units that nobody holds.</summary>
    public int Free => _free.Count;

    /// <summary>
    /// Units of which one has ever been taken: those with this number and above are free, and always were.
    /// </summary>
    public int Reached { get; private set; }

    /// <summary>Units that their keeper alone holds (<see cref="Keep"/>): free for whoever needs the room.</summary>
    public int Idle { get; private set; }

    /// <summary>
    /// Units that a request under way soon wants beyond those of its prompt, set aside when others are admitted.
    /// </summary>
    public virtual int Growth => 0;

    /// <summary>An empty memory.</summary>
    /// <param name="reach">What the layers see at most; null: everything.</param>
    public abstract LayerMemory NewMemory(AttentionWindow? reach);

    /// <summary>A memory whose past is in units that somebody else holds; it takes a reference to each it needs.</summary>
    /// <param name="blocks">The unit of each full page of positions, in order; -1 where there is none.</param>
    /// <param name="reach">What the layers see at most.</param>
    public abstract LayerMemory Share(ReadOnlySpan<int> blocks, AttentionWindow? reach);

    /// <summary>New units for a step of a sequence that shares none that the step writes.</summary>
    /// <param name="length">Its positions so far.</param>
    /// <param name="step">The step.</param>
    public abstract int Need(int length, in MemoryStep step);

    /// <summary>
    /// Units that a sequence under way will need beyond those it holds, until all its positions so far are computed.
    /// </summary>
    /// <param name="length">Positions that are computed.</param>
    /// <param name="demand">All of them.</param>
    public abstract long Missing(int length, in MemoryDemand demand);

    /// <summary>Units a request comes to hold at most, until it has got there and while it takes a step there.</summary>
    /// <param name="demand">The request.</param>
    public abstract long Most(in MemoryDemand demand);

    /// <summary>The units of a request in words, with the numbers they follow from: for refusals.</summary>
    /// <param name="demand">The request.</param>
    public abstract string Describe(in MemoryDemand demand);

    /// <summary>What to do about a request that needs more units than there are: the last sentence of refusals.</summary>
    public abstract string Remedy { get; }

    /// <summary>Whether the unit of a block is needed to go on.</summary>
    /// <param name="block">Number of the full page of positions.</param>
    /// <param name="length">Positions of the sequence, all in full pages.</param>
    /// <param name="reach">What the layers see at most.</param>
    public abstract bool Sees(int block, int length, AttentionWindow? reach);

    /// <summary>Takes a free unit with one reference. Its content is undefined.</summary>
    /// <exception cref="OutOfPagesException">No unit is free.</exception>
    public int Allocate()
    {
        RequireFree(1);
        int unit = _free.Pop();
        Reached = Math.Max(Reached, unit + 1);
        _references[unit] = 1;
        return unit;
    }

    /// <summary>Throws unless so many units are free.</summary>
    /// <exception cref="OutOfPagesException">Fewer units are free.</exception>
    public void RequireFree(int units)
    {
        if (units > _free.Count)
            throw new OutOfPagesException(Name, units, _free.Count, Units);
    }

    /// <summary>References held to a unit; 0 if it is free.</summary>
    public int References(int unit) => _references[unit];

    /// <summary>Adds a reference.</summary>
    /// <exception cref="InvalidOperationException">The unit is free.</exception>
    public void Retain(int unit)
    {
        RequireHeld(unit);
        if (_references[unit]++ != 1 || !IsKept(unit))
            return;
        Idle--;
        _keeper!.Taken(unit);
    }

    /// <summary>Takes a reference away; the last one frees the unit.</summary>
    /// <exception cref="InvalidOperationException">The unit is free.</exception>
    public void Release(int unit)
    {
        RequireHeld(unit);
        int left = --_references[unit];
        if (left == 0)
        {
            _free.Push(unit);
        }
        else if (left == 1 && IsKept(unit))
        {
            Idle++;
            _keeper!.Left(unit);
        }
    }

    /// <summary>
    /// Names the one who keeps units for later as long as nobody needs the room, e.g. a prefix cache, and is told when it is the
    /// only one to hold one of them.
    /// </summary>
    /// <param name="keeper">Who.</param>
    /// <exception cref="InvalidOperationException">Another one keeps units now.</exception>
    public void SetKeeper(IUnitKeeper keeper)
    {
        if (_keptCount > 0)
            throw new InvalidOperationException($"Somebody keeps {_keptCount} {Name} of this pool; only one can at a time.");
        (_keeper, _kept) = (keeper, new bool[Units]);
    }

    /// <summary>Adds the keeper's reference to a unit that somebody holds.</summary>
    /// <param name="unit">The unit.</param>
    /// <exception cref="InvalidOperationException">The unit is free, is kept already, or the pool has no keeper.</exception>
    public void Keep(int unit)
    {
        if (_keeper is null || IsKept(unit))
            throw new InvalidOperationException(_keeper is null
                ? $"Nobody keeps {Name} of this pool: name the keeper first."
                : $"Number {unit} of the {Name} is kept already.");
        Retain(unit);
        _kept[unit] = true;
        _keptCount++;
    }

    /// <summary>Takes the keeper's reference away.</summary>
    /// <param name="unit">The unit.</param>
    /// <exception cref="InvalidOperationException">The unit is not kept.</exception>
    public void GiveUp(int unit)
    {
        if (!IsKept(unit))
            throw new InvalidOperationException($"Number {unit} of the {Name} is not kept.");
        _kept[unit] = false;
        _keptCount--;
        if (_references[unit] == 1)
            Idle--;
        Release(unit);
    }

    /// <summary>Whether the keeper holds a unit.</summary>
    /// <param name="unit">The unit.</param>
    public bool IsKept(int unit) => _kept.Length > 0 && _kept[unit];

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Throws if a unit is free.</summary>
    /// <exception cref="InvalidOperationException">The unit is free.</exception>
    protected void RequireHeld(int unit)
    {
        if (_references[unit] == 0)
            throw new InvalidOperationException(
                $"Number {unit} of the {Name} is free: it was released once more than it was retained.");
    }
}

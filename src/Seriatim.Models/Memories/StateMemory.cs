namespace Seriatim.Models;

/// <summary>
/// The states of a sequence's recurrent layers. A step reads the slot it begins with and writes others: that of its last row, and
/// those of the rows where it may be cut or shared (<see cref="CommitPoints"/>). Committing takes one of them and gives the
/// others back.
/// </summary>
public sealed class StateMemory : LayerMemory
{
    private readonly StatePool _pool;
    private readonly List<(int Position, int Slot)> _borders = []; // of the last step, until others could share them
    private KeptState[] _kept = [];
    private int _keptCount;
    private int _rows;
    private bool _sharesBorders;
    private int _current = -1;

    internal StateMemory(StatePool pool, ReadOnlySpan<int> blocks = default)
        : base(pool)
    {
        _pool = pool;
        if (!blocks.IsEmpty)
            Hold(blocks[^1]);
    }

    /// <summary>Slots that somebody in another process holds: to be read and written by one pass, and nothing else.</summary>
    internal static StateMemory View(StatePool pool, int source, KeptState[] kept) =>
        new(pool) { _current = source, _kept = kept, _keptCount = kept.Length };

    /// <summary>Where the states lie.</summary>
    public StateStorage Storage => _pool.Storage;

    /// <summary>The slot a step begins with; -1: the sequence begins with zeros.</summary>
    public int Source => _current;

    /// <summary>The states that the prepared step keeps. What was got here does not change later.</summary>
    public IReadOnlyList<KeptState> Kept => _keptCount == _kept.Length ? _kept : _kept[.._keptCount];

    /// <inheritdoc/>
    public override bool NeedsEncoder => _pool.FromEncoder && _current < 0;

    /// <inheritdoc/>
    public override int Places => (_current < 0 ? 0 : 1) + _keptCount + _borders.Count;

    /// <inheritdoc/>
    public override int Held => Places;

    /// <inheritdoc/>
    public override int UnitAt(int place)
    {
        if (_current >= 0 && place-- == 0)
            return _current;
        return place < _keptCount ? _kept[place].Slot : _borders[place - _keptCount].Slot;
    }

    /// <inheritdoc/>
    public override int UnitOfBlock(int block, int length)
    {
        int position = (block + 1) * _pool.PageSize;
        if (position == length)
            return _current;
        for (int i = 0; i < _keptCount; i++)
        {
            if (length + _kept[i].Row + 1 == position)
                return _kept[i].Slot;
        }

        foreach ((int border, int slot) in _borders)
        {
            if (border == position)
                return slot;
        }

        return -1;
    }

    /// <inheritdoc/>
    public override int BlocksKept(int length)
    {
        int last = _current >= 0 && length % _pool.PageSize == 0 ? length : 0;
        for (int i = 0; i < _keptCount; i++)
        {
            if ((length + _kept[i].Row + 1) % _pool.PageSize == 0)
                last = Math.Max(last, length + _kept[i].Row + 1);
        }

        foreach ((int border, _) in _borders)
            last = Math.Max(last, border);
        return last / _pool.PageSize;
    }

    /// <inheritdoc/>
    public override int Need(int length, in MemoryStep step) => Math.Max(0, _pool.Need(length, step) - _keptCount);

    /// <inheritdoc/>
    public override void Prepare(int length, in MemoryStep step)
    {
        if (step.Rows == 0)
            return;
        EndSharing();
        int count = _pool.Need(length, step);

        // Another array each time: the one before belongs to the pass that was given it.
        var kept = new KeptState[count];
        int next = 0;
        int last = (length + step.Rows) / _pool.PageSize * _pool.PageSize; // the last border, if it is in the step
        for (int row = 0; row < step.Rows; row++)
        {
            bool isWanted = row == step.Rows - 1 || step.Points.HasFlag(CommitPoints.EveryRow)
                || (step.Points.HasFlag(CommitPoints.PageBorders) && (length + row + 1) % _pool.PageSize == 0)
                || (step.Points.HasFlag(CommitPoints.LastBorder) && length + row + 1 == last);
            if (isWanted)
                kept[next] = new KeptState(row, next < _keptCount ? _kept[next].Slot : _pool.Allocate());
            next += isWanted ? 1 : 0;
        }

        for (int i = count; i < _keptCount; i++)
            _pool.Release(_kept[i].Slot);
        (_kept, _keptCount, _rows, _sharesBorders) = (kept, count, step.Rows,
            (step.Points & (CommitPoints.PageBorders | CommitPoints.LastBorder)) != 0);
    }

    /// <inheritdoc/>
    public override void RequireCommit(int count, ReadOnlySpan<int> path)
    {
        int last = path.IsEmpty ? count - 1 : path[^1];
        if (SlotOf(last) < 0)
        {
            throw new InvalidOperationException(
                $"The state after row {last} of {_rows} was not kept, so the memory cannot be cut there. " +
                "Prepare the step with CommitPoints.EveryRow.");
        }
    }

    /// <inheritdoc/>
    public override void Commit(int length, int count, ReadOnlySpan<int> path)
    {
        for (int depth = 0; depth < count; depth++)
        {
            int slot = SlotOf(path.IsEmpty ? depth : path[depth]);
            if (slot < 0)
                continue;
            if (depth == count - 1)
                Hold(slot);
            else if (_sharesBorders && (length + depth + 1) % _pool.PageSize == 0)
                AddBorder(length + depth + 1, slot);
        }

        DropKept();
    }

    /// <inheritdoc/>
    public override void Forget(int length) => DropKept();

    /// <inheritdoc/>
    public override void EndSharing()
    {
        foreach ((_, int slot) in _borders)
            _pool.Release(slot);
        _borders.Clear();
    }

    /// <inheritdoc/>
    public override LayerMemory Fork(int length)
    {
        var fork = new StateMemory(_pool);
        fork.Hold(_current);
        return fork;
    }

    /// <summary>One more reference to the slot: it is counted from 1, and 0 stands for the beginning.</summary>
    public override int Mark()
    {
        if (_current >= 0)
            _pool.Retain(_current);
        return _current + 1;
    }

    /// <inheritdoc/>
    public override void Drop(int mark)
    {
        if (mark > 0)
            _pool.Release(mark - 1);
    }

    /// <inheritdoc/>
    public override void Restore(int length, int mark)
    {
        DropKept();
        EndSharing();
        Hold(mark - 1);
    }

    /// <inheritdoc/>
    public override void Clear() => Restore(0, 0);

    private int SlotOf(int row)
    {
        // Mostly the last one is asked for, or every row is kept.
        if (row < _keptCount && _kept[row].Row == row)
            return _kept[row].Slot;
        for (int i = _keptCount - 1; i >= 0 && _kept[i].Row >= row; i--)
        {
            if (_kept[i].Row == row)
                return _kept[i].Slot;
        }

        return -1;
    }

    private void AddBorder(int position, int slot)
    {
        _pool.Retain(slot);
        _borders.Add((position, slot));
    }

    /// <summary>Takes a reference to a slot in place of the one that is held.</summary>
    private void Hold(int slot)
    {
        if (slot >= 0)
            _pool.Retain(slot);
        if (_current >= 0)
            _pool.Release(_current);
        _current = slot;
    }

    private void DropKept()
    {
        for (int i = 0; i < _keptCount; i++)
            _pool.Release(_kept[i].Slot);
        (_keptCount, _rows) = (0, 0);
    }
}

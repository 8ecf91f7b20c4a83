namespace Seriatim.Models;

/// <summary>
/// States of recurrent layers, in slots: one holds the states of all layers of a sequence at one point of it. A slot is not
/// written again once it was: a step reads one and writes others, so forks, marks and a prefix cache are one more reference, and
/// going back is to take an earlier slot. State goes back by checkpoints, never by subtraction.
/// </summary>
public sealed class StatePool : MemoryPool
{
    /// <summary>Takes a storage over, all slots free. Disposing this disposes the storage.</summary>
    /// <param name="storage">Where the states lie.</param>
    /// <param name="pageSize">Positions after which <see cref="CommitPoints.PageBorders"/> keeps one.</param>
    public StatePool(StateStorage storage, int pageSize)
        : base(storage.Slots)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pageSize, 1);
        (Storage, PageSize) = (storage, pageSize);
    }

    /// <summary>Where the states lie.</summary>
    public StateStorage Storage { get; }

    /// <summary>Whether a first state follows from the encoder's rows, which the first step of a sequence must bring.</summary>
    public bool FromEncoder { get; init; }

    /// <summary>Positions after which <see cref="CommitPoints.PageBorders"/> keeps a state.</summary>
    public int PageSize { get; }

    /// <inheritdoc/>
    public override string Name => "states";

    /// <inheritdoc/>
    public override long UnitBytes => Storage.SlotBytes;

    /// <inheritdoc/>
    public override bool HoldsPositions => false;

    /// <inheritdoc/>
    public override LayerMemory NewMemory(AttentionWindow? reach) => new StateMemory(this);

    /// <inheritdoc/>
    public override LayerMemory Share(ReadOnlySpan<int> blocks, AttentionWindow? reach) => new StateMemory(this, blocks);

    /// <summary>The states a step keeps. The one it begins with is given back after it, if nobody else holds it.</summary>
    public override int Need(int length, in MemoryStep step)
    {
        int end = checked(length + step.Rows);
        if (step.Rows == 0)
            return 0;
        if (step.Points.HasFlag(CommitPoints.EveryRow))
            return step.Rows;
        int borders = end / PageSize - length / PageSize;
        if (!step.Points.HasFlag(CommitPoints.PageBorders))
            borders = step.Points.HasFlag(CommitPoints.LastBorder) ? Math.Min(borders, 1) : 0;
        return borders == 0 || end % PageSize != 0 ? borders + 1 : borders;
    }

    /// <inheritdoc/>
    public override long Missing(int length, in MemoryDemand demand) => length == 0 ? 2 : 1;

    /// <summary>Two for each sequence: the one a step begins with, and the one it ends with.</summary>
    public override long Most(in MemoryDemand demand) => 2L * demand.Width;

    /// <inheritdoc/>
    public override string Describe(in MemoryDemand demand) => $"states ({demand.Width} sequences, before and after a step)";

    /// <inheritdoc/>
    public override string Remedy => "Ask for fewer sequences, or give the engine more States.";

    /// <inheritdoc/>
    public override bool Sees(int block, int length, AttentionWindow? reach) => (block + 1L) * PageSize == length;

    /// <inheritdoc/>
    public override void Dispose() => Storage.Dispose();
}

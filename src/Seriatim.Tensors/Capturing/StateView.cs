namespace Seriatim.Tensors;

/// <summary>What a recurrence remembers: the states that the call stored.</summary>
public sealed class StateView
{
    private readonly RecurrenceRows _rows;
    private readonly int _layer;

    private StateView(RecurrenceRows rows, int layer) => (_rows, _layer) = (rows, layer);

    /// <summary>Features of a state.</summary>
    public int Width => _rows.Storage!.WidthOf(_layer);

    internal CapturingOps Ops { get; set; } = null!;

    /// <summary>The state after a row; null: it was not kept.</summary>
    /// <param name="row">Row of the pass.</param>
    public float[]? After(int row)
    {
        foreach (RecurrenceSegment segment in _rows.Segments)
        {
            foreach (KeptState kept in segment.Kept)
            {
                if (segment.FirstRow + kept.Row == row)
                    return Ops.Read(() => At(kept.Slot));
            }
        }

        return null;
    }

    internal static StateView? Of(RecurrenceRows rows, int layer) => rows.Storage is null ? null : new StateView(rows, layer);

    private unsafe float[] At(int slot) => new ReadOnlySpan<float>(_rows.Storage!.At(slot, _layer), Width).ToArray();
}

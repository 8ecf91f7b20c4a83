namespace Seriatim.Tensors;

/// <summary>What all recurrences ask of their segments before they look at an element.</summary>
internal static unsafe class RecurrenceChecks
{
    public static InvalidOperationException NoGradient() =>
        new("Gradients do not flow through stored states or trees: give the tape a batch of whole sequences.");

    /// <summary>Every row belongs to one segment; trees and slots make sense.</summary>
    /// <param name="op">The op, for messages.</param>
    /// <param name="rows">The segments.</param>
    /// <param name="count">Rows of the operands.</param>
    public static void Check(string op, RecurrenceRows rows, int count)
    {
        int next = 0;
        for (int i = 0; i < rows.Segments.Count; i++)
        {
            RecurrenceSegment segment = rows.Segments[i];
            ShapeMismatchException.Require(segment.FirstRow == next && segment.Rows > 0, op, "a segment",
                $"number {i}, {segment.Rows} rows from {segment.FirstRow},", $"at least one row from {next}");
            next += segment.Rows;
            CheckTree(op, segment, i);
            CheckSlots(op, segment, i, rows.Storage);
        }

        ShapeMismatchException.Require(next == count, op, "the segments", $"{next} rows in all", $"{count}");
    }

    /// <summary>The storage has that layer, with states of that width.</summary>
    /// <param name="op">The op, for messages.</param>
    /// <param name="rows">The segments.</param>
    /// <param name="layer">Which part of a slot.</param>
    /// <param name="width">Features of the state.</param>
    public static void CheckState(string op, RecurrenceRows rows, int layer, int width)
    {
        if (rows.Storage is not { } storage)
            return;
        if ((uint)layer >= (uint)storage.Layers)
        {
            throw new ArgumentOutOfRangeException(nameof(layer),
                $"{op}: layer {layer}; the storage has states of {storage.Layers} layers.");
        }

        ShapeMismatchException.Require(storage.WidthOf(layer) == width, op, "the state", $"{width} features",
            $"{storage.WidthOf(layer)} (layer {layer} of the storage)");
    }

    private static void CheckTree(string op, RecurrenceSegment segment, int i)
    {
        if (segment.Parents is not { } parents)
            return;
        ShapeMismatchException.Require(parents.Count == segment.Rows, op, "the list of parents",
            $"{parents.Count} long (segment {i})", $"{segment.Rows}");
        for (int row = 0; row < parents.Count; row++)
        {
            if (parents[row] < -1 || parents[row] >= row)
                throw new ArgumentException(
                    $"{op}: row {row} of segment {i} continues row {parents[row]}; an earlier row, or -1, is needed.");
        }
    }

    private static void CheckSlots(string op, RecurrenceSegment segment, int i, StateStorage? storage)
    {
        if (storage is null && (segment.Source >= 0 || segment.Kept.Count > 0))
            throw new ArgumentException($"{op}: segment {i} has states, and there is no storage of them.");
        if (segment.Source >= 0)
            storage!.At(segment.Source, 0);
        int last = -1;
        for (int k = 0; k < segment.Kept.Count; k++)
        {
            KeptState kept = segment.Kept[k];
            if (kept.Row <= last || kept.Row >= segment.Rows || kept.Slot == segment.Source)
            {
                throw new ArgumentException(
                    $"{op}: segment {i} of {segment.Rows} rows keeps row {kept.Row} in slot {kept.Slot}; rows above " +
                    $"{last} and slots other than its source {segment.Source} are needed.");
            }

            storage!.At(kept.Slot, 0);
            last = kept.Row;
        }
    }
}

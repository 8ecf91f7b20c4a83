namespace Seriatim.Tensors;

/// <summary>What forward and backward passes of a gated scan are asked with.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="X">What the input gives to the gates, <c>[N, gates · W]</c>: W_ih x + b_ih, for all rows before the scan.</param>
/// <param name="Recurrent">W_hh and b_hh, <c>[gates · W, W]</c>.</param>
/// <param name="Initial">
/// What segments without a source begin with, a row for each of them in order, <c>[S, parts · W]</c>; null: zeros.
/// </param>
/// <param name="Rows">The segments.</param>
/// <param name="Layer">Which layer's part of a slot.</param>
/// <param name="Groups">The groups of the rows; null: none.</param>
internal readonly record struct GatedScan(
    GatedCell Cell, Tensor X, LinearWeight Recurrent, Tensor? Initial, RecurrenceRows Rows, int Layer, RowGroups? Groups)
{
    public int Width => Recurrent.Inputs;

    public int Gates => Cell == GatedCell.Lstm ? LstmCell.Gates : GruCell.Gates;

    public int Parts => Cell == GatedCell.Lstm ? LstmCell.Parts : GruCell.Parts;

    public int Records => Cell == GatedCell.Lstm ? LstmCell.Records : GruCell.Records;

    public void Check(string name)
    {
        ShapeMismatchException.Require(Recurrent.Outputs == Gates * Width, name, "the recurrent weight", $"{Recurrent}",
            $"[{Gates * Width}, {Width}] ({Gates} gates of {Width})");
        OpShapes.RequireColumns(X, Gates * Width, name, "x", Recurrent);
        RowGroups.Check(Groups, X, name);
        RecurrenceChecks.Check(name, Rows, X.Rows);
        RecurrenceChecks.CheckState(name, Rows, Layer, Parts * Width);
        if (Initial is { } initial)
        {
            OpShapes.Require(initial, Rows.Segments.Count(segment => segment.Source < 0), Parts * Width, name,
                "the first states");
        }
    }

    /// <summary>The rows of a wave in the groups of all rows.</summary>
    public RowGroups? GroupsOf(int first, int count) => Groups?.Take(Rows.Waves.Rows.AsSpan(first, count));

    /// <summary>The state that a segment begins with; null: zeros.</summary>
    public unsafe float* Beginning(int segment)
    {
        int source = Rows.Segments[segment].Source;
        return source >= 0 ? Rows.Storage!.At(source, Layer)
            : Initial is { } initial ? initial.Floats + (long)Rows.Waves.Beginnings[segment] * initial.Columns : null;
    }
}

/// <summary>
/// A recurrence whose gates read the state before (LSTM, GRU: <see cref="GatedCell"/>): row after row,
/// <c>gates = x_t + W h_(t-1) + b</c>, and h_t as the cell says. Only the product with the state is serial, and it is one product
/// for the rows of all sequences at the same step (<see cref="ScanWaves"/>): decoding sequences share it, and so do those of a
/// training batch. Backward through time: <see cref="GatedScanBackwardOp"/>.
/// </summary>
/// <remarks>
/// Shapes: x <c>[N, gates · W]</c>, h <c>[N, W]</c>. Saved for backward: h, and the gates (and c) of each row. The bits of a row
/// follow from its state and its input alone: a product's rows do not know of each other.
/// </remarks>
internal readonly unsafe struct GatedScanOp(GatedScan scan, bool recorded) : IOp<GatedScanOp>
{
    public static string Name => "GatedScan";

    public OpPart Part => OpPart.Attention;

    public int Results => recorded ? 2 : 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) =>
        (scan.X.Rows, result == 0 ? scan.Width : scan.Records * scan.Width);

    public void Check() => scan.Check(Name);

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        using Tensor? own = recorded ? null : Tensor.Create(scan.X.Rows, scan.Records * scan.Width);
        Tensor record = own ?? results[1];
        if (scan.Cell == GatedCell.Lstm)
            Forward<T, LstmCell>(team, results[0], record);
        else
            Forward<T, GruCell>(team, results[0], record);
        Keep(results[0], record);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        using Tensor? own = recorded ? null : Tensor.Create(scan.X.Rows, scan.Records * scan.Width);
        Tensor record = own ?? results[1];
        GatedScanReference.Forward(scan, results[0], record);
        Keep(results[0], record);
    }

    public GatedScanOp Recorded() =>
        scan.Rows.Storage is null ? new GatedScanOp(scan, recorded: true) : throw RecurrenceChecks.NoGradient();

    public void Show(OpView to) => to.Operand("x", scan.X).Weight(scan.Recurrent).Has(StateView.Of(scan.Rows, scan.Layer));

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
        saved.Add(results[0]);
        saved.Add(results[1]);
        if (scan.Initial is { } initial)
            saved.Add(initial);
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
        var call = new GatedScanBackwardOp(scan, results[0], results[1], dy[0]!);
        if (scan.Initial is not { } initial)
        {
            gradients.Add(scan.X, ops.Call(call));
            return;
        }

        (Tensor dx, Tensor begun) = ops.CallTwo(call);
        gradients.Add(scan.X, dx);
        gradients.Add(initial, begun);
    }

    private void Forward<T, TCell>(WorkerTeam team, Tensor h, Tensor record)
        where T : struct, ILanes<T>
        where TCell : struct, IGatedCell
    {
        ScanWaves waves = scan.Rows.Waves;
        for (int wave = 0; wave < waves.Count; wave++)
        {
            (int first, int count) = waves[wave];
            using Tensor before = Tensor.Create(count, scan.Width), product = Tensor.Create(count, scan.Recurrent.Outputs);
            for (int i = 0; i < count; i++)
                StateBefore(h, first + i, before.Row(i));
            using (var rows = new LinearRows<T>(team, before, scan.GroupsOf(first, count)))
            {
                scan.Recurrent.Multiply(rows, 0, product.Columns, product.Floats, product.Columns);
                rows.Finish();
            }

            var work = new CellWork<T, TCell>(scan, first, before, product, h, record);
            team.Run(count, ref work, 16L * product.Length);
        }
    }

    /// <summary>h before a row.</summary>
    private void StateBefore(Tensor h, int place, Span<float> to)
    {
        int before = scan.Rows.Waves.Before[place];
        if (before >= 0)
            h.Row(before).CopyTo(to);
        else if (scan.Beginning(scan.Rows.Waves.Segments[place]) is var state && state != null)
            new ReadOnlySpan<float>(state, to.Length).CopyTo(to);
        else
            to.Clear();
    }

    private void Keep(Tensor h, Tensor record)
    {
        foreach (RecurrenceSegment segment in scan.Rows.Segments)
        {
            foreach (KeptState kept in segment.Kept)
            {
                var to = new Span<float>(scan.Rows.Storage!.At(kept.Slot, scan.Layer), scan.Parts * scan.Width);
                h.Row(segment.FirstRow + kept.Row).CopyTo(to);
                if (scan.Parts > 1)
                    record.Row(segment.FirstRow + kept.Row)[^scan.Width..].CopyTo(to[scan.Width..]);
            }
        }
    }

    /// <summary>The cells of the rows of a wave.</summary>
    private readonly struct CellWork<T, TCell>(
        GatedScan scan, int first, Tensor before, Tensor product, Tensor h, Tensor record) : IWork
        where T : struct, ILanes<T>
        where TCell : struct, IGatedCell
    {
        private readonly float* _x = scan.X.Floats;
        private readonly float* _before = before.Floats;
        private readonly float* _product = product.Floats;
        private readonly float* _h = h.Floats;
        private readonly float* _record = record.Floats;

        public void Do(int piece, int worker)
        {
            (long width, ScanWaves waves) = (scan.Width, scan.Rows.Waves);
            long row = waves.Rows[first + piece], parent = waves.Before[first + piece];
            var cell = new GatedCellForward
            {
                X = _x + row * TCell.Gates * width,
                Product = _product + piece * TCell.Gates * width,
                Before = _before + piece * width,
                H = _h + row * width,
                Record = _record + row * TCell.Records * width,
            };
            if (TCell.Parts > 1 && parent >= 0)
                cell.CellBefore = _record + ((parent + 1) * TCell.Records - 1) * width;
            else if (TCell.Parts > 1 && scan.Beginning(waves.Segments[first + piece]) is var state && state != null)
                cell.CellBefore = state + width;
            TCell.Forward<T>(cell, scan.Width);
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>
    /// A recurrence whose gates read the state before, over ragged segments: <c>[N, gates · W] → [N, W]</c>. Segments with a
    /// source go on from its state, and states (h and, of <see cref="GatedCell.Lstm"/>, c behind it) are kept in the slots that
    /// are asked for, under <paramref name="layer"/>.
    /// </summary>
    /// <param name="ops">The ops.</param>
    /// <param name="cell">The cell.</param>
    /// <param name="x">What the input gives to the gates, in the order of the cell.</param>
    /// <param name="recurrent">The weight and bias of the state before, <c>[gates · W, W]</c>.</param>
    /// <param name="initial">
    /// What segments without a source begin with, a row for each of them in their order: <c>[S, W]</c>, or h and c,
    /// <c>[S, 2W]</c>. Null: zeros.
    /// </param>
    /// <param name="rows">The segments.</param>
    /// <param name="layer">Which layer's part of a slot.</param>
    /// <param name="groups">The groups of the rows; null: none.</param>
    public static Tensor GatedScan(this IOps ops, GatedCell cell, Tensor x, LinearWeight recurrent, Tensor? initial,
        RecurrenceRows rows, int layer, RowGroups? groups = null) =>
        ops.Run(new GatedScanOp(new GatedScan(cell, x, recurrent, initial, rows, layer, groups), recorded: false));
}

namespace Seriatim.Tensors;

/// <summary>
/// Backward through time: the waves of <see cref="GatedScanOp"/> from the last to the first. Each cell turns the gradient of its
/// h (and c) into those of its gates; one product <c>dgates W</c> for all rows of a wave hands them down to the states before.
/// Afterwards <c>dW += Σ_n dgates_n h_before_nᵀ</c> over the rows in order, as in any linear layer. Returns dx and, if there were
/// first states, their gradients.
/// </summary>
internal readonly unsafe struct GatedScanBackwardOp(GatedScan scan, Tensor h, Tensor record, Tensor dy) : IOpCall
{
    public static string Name => "GatedScanBackward";

    public OpPart Part => OpPart.Attention;

    public int Results => scan.Initial is null ? 1 : 2;

    public (int Rows, int Columns) Shape(int result) => result == 0
        ? (scan.X.Rows, scan.Gates * scan.Width)
        : (scan.Rows.Segments.Count, scan.Parts * scan.Width);

    public void Check()
    {
        scan.Check("GatedScan backward");
        OpShapes.Require(dy, scan.X.Rows, scan.Width, "GatedScan backward", "dy");
        OpShapes.RequireSame(dy, h, "GatedScan backward", "h");
        OpShapes.Require(record, dy.Rows, scan.Records * scan.Width, "GatedScan backward", "the gates");
        if (scan.Rows.Storage is not null || scan.Rows.Segments.Any(s => s.Parents is not null))
            throw RecurrenceChecks.NoGradient();
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        // Of a sum the gradients of products are those of what the input gave.
        bool isSum = scan.Cell == GatedCell.Lstm ? LstmCell.IsSum : GruCell.IsSum;
        using Tensor before = HBefore();
        using Tensor? own = isSum ? null : Tensor.Create(scan.X.Rows, scan.Gates * scan.Width);
        Tensor products = own ?? results[0];
        if (scan.Cell == GatedCell.Lstm)
            Through<T, LstmCell>(team, results, before, products);
        else
            Through<T, GruCell>(team, results, before, products);
        using var gradients = new LinearRows<T>(team, products, scan.Groups);
        using var rows = new LinearRows<T>(team, before, scan.Groups);
        bool? sets = null;
        scan.Recurrent.BackwardWeight(rows, gradients, 0, ref sets);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        using Tensor before = HBefore(), products = Tensor.Create(scan.X.Rows, scan.Recurrent.Outputs);
        GatedScanReference.Backward(scan, before, record, dy, results[0], products, results.Length > 1 ? results[1] : null);

        // What reaches the states was handed down row by row; the oracle of linear layers adds to the weight.
        using Tensor unused = Tensor.Create(before.Rows, before.Columns);
        LinearBackwardOp.Reference(before, scan.Recurrent, products, scan.Groups, unused);
    }

    /// <summary>h before each row, in the order of the rows.</summary>
    private Tensor HBefore()
    {
        Tensor before = Tensor.Create(h.Rows, scan.Width);
        for (int i = 0; i < scan.Rows.Segments.Count; i++)
        {
            RecurrenceSegment segment = scan.Rows.Segments[i];
            float* state = scan.Beginning(i);
            if (state == null)
                before.Row(segment.FirstRow).Clear();
            else
                new ReadOnlySpan<float>(state, scan.Width).CopyTo(before.Row(segment.FirstRow));
            for (int row = 1; row < segment.Rows; row++)
                h.Row(segment.FirstRow + row - 1).CopyTo(before.Row(segment.FirstRow + row));
        }

        return before;
    }

    /// <summary>Fills the results, and the gradients of the products.</summary>
    private void Through<T, TCell>(WorkerTeam team, ReadOnlySpan<Tensor> results, Tensor before, Tensor products)
        where T : struct, ILanes<T>
        where TCell : struct, IGatedCell
    {
        ScanWaves waves = scan.Rows.Waves;
        using Tensor carry = Tensor.Zeros(scan.Rows.Segments.Count, TCell.Parts * scan.Width);
        for (int wave = waves.Count - 1; wave >= 0; wave--)
        {
            (int first, int count) = waves[wave];
            var work = new CellWork<T, TCell>(scan, first, (before, record, dy), (carry, results[0], products));
            team.Run(count, ref work, 16L * count * products.Columns);
            HandDown<T>(team, first, count, products, carry);
        }

        if (results.Length > 1)
            carry.Span.CopyTo(results[1].Span);
    }

    /// <summary>Adds what goes through the product to the gradients of the states before the rows of a wave.</summary>
    private void HandDown<T>(WorkerTeam team, int first, int count, Tensor products, Tensor carry)
        where T : struct, ILanes<T>
    {
        ScanWaves waves = scan.Rows.Waves;
        using Tensor own = Tensor.Create(count, products.Columns), down = Tensor.Create(count, scan.Width);
        for (int i = 0; i < count; i++)
            products.Row(waves.Rows[first + i]).CopyTo(own.Row(i));
        using (var rows = new LinearRows<T>(team, own, scan.GroupsOf(first, count)))
            scan.Recurrent.BackwardInput(rows, 0, down.Floats, accumulate: false);
        for (int i = 0; i < count; i++)
        {
            Span<float> to = carry.Row(waves.Segments[first + i])[..scan.Width];
            Span<float> from = down.Row(i);
            for (int k = 0; k < from.Length; k++)
                to[k] += from[k];
        }
    }

    private readonly struct CellWork<T, TCell>(GatedScan scan, int first, (Tensor Before, Tensor Record, Tensor Dy) from,
        (Tensor Carry, Tensor Dx, Tensor Products) to) : IWork
        where T : struct, ILanes<T>
        where TCell : struct, IGatedCell
    {
        private readonly float* _before = from.Before.Floats;
        private readonly float* _record = from.Record.Floats;
        private readonly float* _dy = from.Dy.Floats;
        private readonly float* _carry = to.Carry.Floats;
        private readonly float* _dx = to.Dx.Floats;
        private readonly float* _products = to.Products.Floats;

        public void Do(int piece, int worker)
        {
            (long width, ScanWaves waves) = (scan.Width, scan.Rows.Waves);
            long row = waves.Rows[first + piece], parent = waves.Before[first + piece];
            int segment = waves.Segments[first + piece];
            var cell = new GatedCellBackward
            {
                Dy = _dy + row * width,
                Record = _record + row * TCell.Records * width,
                Before = _before + row * width,
                CarryH = _carry + segment * TCell.Parts * width,
                CarryC = TCell.Parts > 1 ? _carry + (segment * TCell.Parts + 1) * width : null,
                Dx = _dx + row * TCell.Gates * width,
                Dproduct = _products + row * TCell.Gates * width,
            };
            if (TCell.Parts > 1 && parent >= 0)
                cell.CellBefore = _record + ((parent + 1) * TCell.Records - 1) * width;
            else if (TCell.Parts > 1 && scan.Beginning(segment) is var state && state != null)
                cell.CellBefore = state + width;
            TCell.Backward<T>(cell, scan.Width);
        }
    }
}

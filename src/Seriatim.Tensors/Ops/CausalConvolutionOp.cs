namespace Seriatim.Tensors;

/// <summary>
/// The depthwise causal convolution of state space models (Gu and Dao, 2023: Mamba, section 3.4):
/// <c>y_t[c] = b[c] + Σ_k w[c,k] x_(t-K+1+k)[c]</c>, k = 0, 1, 2, ... in sequence; what lies before a sequence is zero.
/// Backward: <c>dx_t = Σ_k w[c,k] dy_(t+K-1-k)</c>, <c>dw[c,k] += Σ_t dy_t x_(t-K+1+k)</c>, <c>db += Σ_t dy_t</c>.
/// </summary>
/// <remarks>
/// Shapes: x, y <c>[N, C]</c>, w <c>[C, K]</c> in panels, b <c>[1, C]</c>. The state is the last K - 1 inputs, oldest first:
/// <c>(K - 1) C</c> features. Saved for backward: x. A segment that begins in a slot, and a tree, have no gradients. A row's bits
/// depend on the K inputs it sees alone, so neither how a sequence was cut nor who came along shows.
/// </remarks>
internal readonly unsafe struct CausalConvolutionOp(
    Tensor x, Parameter weight, Parameter? bias, RecurrenceRows rows, int layer) : IOp<CausalConvolutionOp>
{
    /// <summary>Kernels keep a pointer to each on the stack.</summary>
    private const int MostTaps = 4096;

    public static string Name => "CausalConvolution";

    public OpPart Part => OpPart.Attention;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check() => Check(x, weight, bias, rows, layer);

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        int perPiece = RowKernel.RowsPerPiece(x.Columns);
        var work = new ForwardWork<T>(x, weight, bias, results[0], (rows, layer), perPiece);
        team.Run(RowKernel.Pieces(x.Rows, perPiece), ref work, x.Length * weight.Columns);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        int kernel = weight.Columns;
        float[] w = new float[kernel];
        foreach (RecurrenceSegment segment in rows.Segments)
        {
            for (int c = 0; c < x.Columns; c++)
            {
                weight.ReadRow(c, w);
                for (int row = 0; row < segment.Rows; row++)
                {
                    double sum = bias is null ? 0 : bias.Data.Span[c];
                    int at = row;
                    for (int k = kernel - 1; k >= 0; k--, at = Before(segment, at))
                        sum += (double)w[k] * Input(segment, at, c);
                    results[0].Row(segment.FirstRow + row)[c] = (float)sum;
                }
            }

            foreach (KeptState kept in segment.Kept)
                Keep(segment, kept);
        }
    }

    public CausalConvolutionOp Recorded() => rows.Storage is null ? this : throw RecurrenceChecks.NoGradient();

    public void Show(OpView to) => to.Operand("x", x).Weight(weight).Trains(bias).Has(StateView.Of(rows, layer));

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved) => saved.Add(x);

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.Call(new CausalConvolutionBackwardOp(x, weight, bias, rows, dy[0]!)));

    internal static void Check(Tensor x, Parameter weight, Parameter? bias, RecurrenceRows rows, int layer)
    {
        ShapeMismatchException.Require(weight.Rows == x.Columns, Name, "the weight", $"{weight}", $"[{x.Columns}, K]");
        ShapeMismatchException.Require(weight.Columns <= MostTaps, Name, "the weight", $"{weight}", $"at most {MostTaps} taps");
        if (weight.Layout != ParameterLayout.Panels || weight.Data.Type != DataType.F32)
            throw new ArgumentException($"{Name}: {weight} is {weight.Data.Type}, {weight.Layout}; F32 in panels is needed.");
        ShapeMismatchException.Require(bias is null || (bias.Rows == 1 && bias.Columns == x.Columns), Name, "the bias", $"{bias}",
            $"[1, {x.Columns}]");
        RecurrenceChecks.Check(Name, rows, x.Rows);
        RecurrenceChecks.CheckState(Name, rows, layer, (weight.Columns - 1) * x.Columns);
    }

    /// <summary>The row that one continues; -1, -2, ... are the stored inputs, from the last one back.</summary>
    internal static int Before(RecurrenceSegment segment, int row) =>
        row >= 0 && segment.Parents is { } parents ? parents[row] : row - 1;

    private float Input(RecurrenceSegment segment, int row, int c) => row >= 0 ? x.Row(segment.FirstRow + row)[c]
        : segment.Source < 0 ? 0
        : rows.Storage!.At(segment.Source, layer)[(weight.Columns - 1 + row) * x.Columns + c];

    private void Keep(RecurrenceSegment segment, KeptState kept)
    {
        int at = kept.Row;
        float* to = rows.Storage!.At(kept.Slot, layer);
        for (int k = weight.Columns - 2; k >= 0; k--, at = Before(segment, at))
        {
            for (int c = 0; c < x.Columns; c++)
                to[(long)k * x.Columns + c] = Input(segment, at, c);
        }
    }

    /// <summary>Whole rows, some at a time: an output needs inputs alone, wherever they lie.</summary>
    private readonly struct ForwardWork<T>(
        Tensor x, Parameter weight, Parameter? bias, Tensor y, (RecurrenceRows Rows, int Layer) state, int perPiece) : IWork
        where T : struct, ILanes<T>
    {
        private readonly float* _x = x.Floats;
        private readonly float* _w = weight.Data.Floats;
        private readonly float* _bias = bias is null ? null : bias.Data.Floats;
        private readonly float* _y = y.Floats;
        private readonly int _rows = x.Rows;
        private readonly int _width = x.Columns;
        private readonly int _kernel = weight.Columns;

        public void Do(int piece, int worker)
        {
            int first = piece * perPiece, end = Math.Min(_rows, first + perPiece);
            float** taps = stackalloc float*[_kernel];
            for (int i = SegmentOf(first); first < end; i++)
            {
                RecurrenceSegment segment = state.Rows.Segments[i];
                int last = Math.Min(end, segment.FirstRow + segment.Rows);
                DoRows(segment, first - segment.FirstRow, last - segment.FirstRow, taps);
                first = last;
            }
        }

        private void DoRows(RecurrenceSegment segment, int first, int end, float** taps)
        {
            float* source = segment.Source < 0 ? null : state.Rows.Storage!.At(segment.Source, state.Layer);
            float* x = _x + (long)segment.FirstRow * _width;
            int keep = 0;
            while (keep < segment.Kept.Count && segment.Kept[keep].Row < first)
                keep++;
            for (int row = first; row < end; row++)
            {
                int at = row;
                for (int k = _kernel - 1; k >= 0; k--, at = Before(segment, at))
                {
                    taps[k] = at >= 0 ? x + (long)at * _width
                        : source == null ? null : source + (long)(_kernel - 1 + at) * _width;
                }

                CausalConvolution.Forward<T>(
                    taps, _kernel, _w, _bias, _y + (long)(segment.FirstRow + row) * _width, _width);
                if (keep < segment.Kept.Count && segment.Kept[keep].Row == row)
                    Keep(taps + 1, state.Rows.Storage!.At(segment.Kept[keep++].Slot, state.Layer));
            }
        }

        /// <summary>The segment of a row; they follow each other.</summary>
        private int SegmentOf(int row)
        {
            (int low, int high) = (0, state.Rows.Segments.Count - 1);
            while (low < high)
            {
                int middle = (low + high + 1) / 2;
                (low, high) = state.Rows.Segments[middle].FirstRow <= row ? (middle, high) : (low, middle - 1);
            }

            return low;
        }

        private void Keep(float** taps, float* to)
        {
            for (int k = 0; k < _kernel - 1; k++, to += _width)
            {
                if (taps[k] == null)
                    new Span<float>(to, _width).Clear();
                else
                    new ReadOnlySpan<float>(taps[k], _width).CopyTo(new Span<float>(to, _width));
            }
        }
    }
}

/// <summary>Returns dx; adds to the gradients of the weight and the bias.</summary>
internal readonly unsafe struct CausalConvolutionBackwardOp(
    Tensor x, Parameter weight, Parameter? bias, RecurrenceRows rows, Tensor dy) : IOpCall
{
    public static string Name => "CausalConvolutionBackward";

    public OpPart Part => OpPart.Attention;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check()
    {
        CausalConvolutionOp.Check(x, weight, bias, rows, 0);
        OpShapes.RequireSame(x, dy, "CausalConvolution backward", "dy");
        if (rows.Storage is not null || rows.Segments.Any(s => s.Parents is not null))
            throw RecurrenceChecks.NoGradient();
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        var work = new BackwardWork<T>(x, weight, bias, dy, results[0], rows);
        team.Run(RowKernel.Pieces(x.Columns, CausalConvolution.Block), ref work, x.Length * weight.Columns * 2);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        int kernel = weight.Columns;
        float[] w = new float[kernel];
        for (int c = 0; c < x.Columns; c++)
        {
            weight.ReadRow(c, w);
            double[] dw = new double[kernel];
            double db = 0;
            foreach (RecurrenceSegment segment in rows.Segments)
            {
                for (int row = 0; row < segment.Rows; row++)
                {
                    double dx = 0;
                    double d = dy.Row(segment.FirstRow + row)[c];
                    db += d;
                    for (int k = 0; k < kernel; k++)
                    {
                        (int seen, int seeing) = (row - kernel + 1 + k, row + kernel - 1 - k);
                        dw[k] += seen < 0 ? 0 : d * x.Row(segment.FirstRow + seen)[c];
                        dx += seeing >= segment.Rows ? 0 : (double)w[k] * dy.Row(segment.FirstRow + seeing)[c];
                    }

                    results[0].Row(segment.FirstRow + row)[c] = (float)dx;
                }
            }

            DenseWeight.AddGradientRow(weight, c, dw);
            if (bias is { Trainable: true })
                bias.GradientOrZeros().Span[c] += (float)db;
        }
    }

    /// <summary>A block of channels over all segments, so that sums over rows have one order.</summary>
    private readonly struct BackwardWork<T>(
        Tensor x, Parameter weight, Parameter? bias, Tensor dy, Tensor dx, RecurrenceRows rows) : IWork
        where T : struct, ILanes<T>
    {
        private readonly float* _x = x.Floats;
        private readonly float* _w = weight.Data.Floats;
        private readonly float* _dy = dy.Floats;
        private readonly float* _dx = dx.Floats;
        private readonly float* _dw = weight.Trainable ? weight.GradientOrZeros().Floats : null;
        private readonly float* _db = bias is { Trainable: true } ? bias.GradientOrZeros().Floats : null;
        private readonly int _width = x.Columns;
        private readonly int _kernel = weight.Columns;

        public void Do(int piece, int worker)
        {
            int channel = piece * CausalConvolution.Block;
            int count = Math.Min(CausalConvolution.Block, _width - channel);
            float* dw = _dw == null ? null : _dw + (long)channel * _kernel;
            float* db = _db == null ? null : _db + channel;
            float** taps = stackalloc float*[_kernel];
            float** later = stackalloc float*[_kernel];
            foreach (RecurrenceSegment segment in rows.Segments)
            {
                long first = (long)segment.FirstRow * _width + channel;
                for (int row = 0; row < segment.Rows; row++)
                {
                    for (int k = 0; k < _kernel; k++)
                    {
                        (int seen, int seeing) = (row - _kernel + 1 + k, row + _kernel - 1 - k);
                        taps[k] = seen < 0 ? null : _x + first + (long)seen * _width;
                        later[k] = seeing >= segment.Rows ? null : _dy + first + (long)seeing * _width;
                    }

                    long at = first + (long)row * _width;
                    CausalConvolution.BackwardInput<T>(later, _kernel, _w + (long)channel * _kernel, _dx + at, count);
                    CausalConvolution.BackwardWeight<T>(taps, _kernel, _dy + at, dw, db, count);
                }
            }
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>
    /// A depthwise causal convolution over ragged segments: <c>[N, C] → [N, C]</c>. Segments with a source go on from its last
    /// inputs, and states (<c>(K - 1) C</c> features) are kept in the slots that are asked for, under <paramref name="layer"/>.
    /// </summary>
    /// <param name="ops">The ops.</param>
    /// <param name="x">The inputs.</param>
    /// <param name="weight">A filter of K taps for each channel, <c>[C, K]</c> in panels, oldest first.</param>
    /// <param name="bias"><c>[1, C]</c>; null for none.</param>
    /// <param name="rows">The segments.</param>
    /// <param name="layer">Which layer's part of a slot.</param>
    public static Tensor CausalConvolution(
        this IOps ops, Tensor x, Parameter weight, Parameter? bias, RecurrenceRows rows, int layer) =>
        ops.Run(new CausalConvolutionOp(x, weight, bias, rows, layer));
}

namespace Seriatim.Tensors;

/// <summary>
/// The gated linear recurrence of minGRU (Feng et al., 2024: Were RNNs All We Needed?, section 3.1):
/// <c>h_t = (1 - σ(z_t)) h_(t-1) + σ(z_t) v_t</c>, computed as <c>h_(t-1) + σ(z_t) (v_t - h_(t-1))</c> row by row in sequence.
/// Backward through time, with <c>g_t = dy_t + (1 - σ(z_(t+1))) g_(t+1)</c>: <c>dv_t = σ(z_t) g_t</c>,
/// <c>dz_t = σ(z_t) (1 - σ(z_t)) (v_t - h_(t-1)) g_t</c>.
/// </summary>
/// <remarks>
/// Shapes: z, v, y <c>[N, W]</c>. Saved for backward: z, v and y. Gradients are new tensors; a segment that begins in a slot, and
/// a tree, have none. A row's bits depend on its state and its operands alone, so neither how a sequence was cut nor who came
/// along shows.
/// </remarks>
internal readonly unsafe struct GatedRecurrenceOp(Tensor z, Tensor v, RecurrenceRows rows, int layer) : IOp<GatedRecurrenceOp>
{
    public static string Name => "GatedRecurrence";

    public OpPart Part => OpPart.Attention;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (z.Rows, z.Columns);

    public void Check() => Check(z, v, rows, layer);

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        int blocks = RowKernel.Pieces(z.Columns, GatedRecurrence.Block);
        var work = new ForwardWork<T>(z, v, results[0], rows, layer, blocks);
        team.Run(rows.Segments.Count * blocks, ref work, z.Length * 8);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        Tensor y = results[0];
        foreach (RecurrenceSegment segment in rows.Segments)
        {
            for (int row = 0; row < segment.Rows; row++)
            {
                int parent = segment.Parents is { } parents ? parents[row] : row - 1;
                for (int i = 0; i < z.Columns; i++)
                {
                    double before = parent >= 0 ? y.Row(segment.FirstRow + parent)[i]
                        : segment.Source >= 0 ? rows.Storage!.At(segment.Source, layer)[i] : 0;
                    double gate = Sigmoid(z.Row(segment.FirstRow + row)[i]);
                    y.Row(segment.FirstRow + row)[i] = (float)((1 - gate) * before + gate * v.Row(segment.FirstRow + row)[i]);
                }
            }

            foreach (KeptState kept in segment.Kept)
                y.Row(segment.FirstRow + kept.Row).CopyTo(new Span<float>(rows.Storage!.At(kept.Slot, layer), z.Columns));
        }
    }

    public GatedRecurrenceOp Recorded() => rows.Storage is null ? this : throw RecurrenceChecks.NoGradient();

    public void Show(OpView to) => to.Operand("z", z).Operand("v", v).Has(StateView.Of(rows, layer));

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
        saved.Add(z);
        saved.Add(v);
        saved.Add(results[0]);
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
        (Tensor dz, Tensor dv) = ops.CallTwo(new GatedRecurrenceBackwardOp(z, v, results[0], rows, dy[0]!));
        gradients.Add(z, dz);
        gradients.Add(v, dv);
    }

    internal static void Check(Tensor z, Tensor v, RecurrenceRows rows, int layer)
    {
        OpShapes.RequireSame(z, v, Name, "v");
        RecurrenceChecks.Check(Name, rows, z.Rows);
        RecurrenceChecks.CheckState(Name, rows, layer, z.Columns);
    }

    internal static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private readonly struct ForwardWork<T>(Tensor z, Tensor v, Tensor y, RecurrenceRows rows, int layer, int blocks) : IWork
        where T : struct, ILanes<T>
    {
        private readonly float* _z = z.Floats;
        private readonly float* _v = v.Floats;
        private readonly float* _y = y.Floats;
        private readonly int _width = z.Columns;

        public void Do(int piece, int worker)
        {
            RecurrenceSegment segment = rows.Segments[piece / blocks];
            int feature = piece % blocks * GatedRecurrence.Block;
            int count = Math.Min(GatedRecurrence.Block, _width - feature);
            float* source = segment.Source < 0 ? null : rows.Storage!.At(segment.Source, layer) + feature;
            int keep = 0;
            for (int row = 0; row < segment.Rows; row++)
            {
                long at = (long)(segment.FirstRow + row) * _width + feature;
                int parent = segment.Parents is { } parents ? parents[row] : row - 1;
                float* before = parent < 0 ? source : _y + (long)(segment.FirstRow + parent) * _width + feature;
                GatedRecurrence.Forward<T>(_z + at, _v + at, before, _y + at, count);
                if (keep == segment.Kept.Count || segment.Kept[keep].Row != row)
                    continue;
                float* kept = rows.Storage!.At(segment.Kept[keep++].Slot, layer) + feature;
                Buffer.MemoryCopy(_y + at, kept, count * sizeof(float), count * sizeof(float));
            }
        }
    }
}

/// <summary>The gradients of z and v, backward through time.</summary>
internal readonly unsafe struct GatedRecurrenceBackwardOp(Tensor z, Tensor v, Tensor y, RecurrenceRows rows, Tensor dy) : IOpCall
{
    public static string Name => "GatedRecurrenceBackward";

    public OpPart Part => OpPart.Attention;

    public int Results => 2;

    public (int Rows, int Columns) Shape(int result) => (z.Rows, z.Columns);

    public void Check()
    {
        GatedRecurrenceOp.Check(z, v, rows, 0);
        OpShapes.RequireSame(z, y, "GatedRecurrence backward", "y");
        OpShapes.RequireSame(z, dy, "GatedRecurrence backward", "dy");
        if (rows.Storage is not null || rows.Segments.Any(s => s.Parents is not null))
            throw RecurrenceChecks.NoGradient();
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        int blocks = RowKernel.Pieces(z.Columns, GatedRecurrence.Block);
        var work = new BackwardWork<T>((z, v, y, dy), (results[0], results[1]), rows, blocks);
        team.Run(rows.Segments.Count * blocks, ref work, z.Length * 16);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        (Tensor dz, Tensor dv) = (results[0], results[1]);
        foreach (RecurrenceSegment segment in rows.Segments)
        {
            for (int i = 0; i < z.Columns; i++)
            {
                double carry = 0;
                for (int row = segment.FirstRow + segment.Rows - 1; row >= segment.FirstRow; row--)
                {
                    double gate = GatedRecurrenceOp.Sigmoid(z.Row(row)[i]);
                    double before = row > segment.FirstRow ? y.Row(row - 1)[i] : 0;
                    double dh = dy.Row(row)[i] + carry;
                    dz.Row(row)[i] = (float)(dh * gate * (1 - gate) * (v.Row(row)[i] - before));
                    dv.Row(row)[i] = (float)(dh * gate);
                    carry = dh * (1 - gate);
                }
            }
        }
    }

    private readonly struct BackwardWork<T>(
        (Tensor Z, Tensor V, Tensor Y, Tensor Dy) from, (Tensor Z, Tensor V) to, RecurrenceRows rows, int blocks) : IWork
        where T : struct, ILanes<T>
    {
        private readonly float* _z = from.Z.Floats;
        private readonly float* _v = from.V.Floats;
        private readonly float* _y = from.Y.Floats;
        private readonly float* _dy = from.Dy.Floats;
        private readonly float* _dz = to.Z.Floats;
        private readonly float* _dv = to.V.Floats;
        private readonly int _width = from.Z.Columns;

        public void Do(int piece, int worker)
        {
            RecurrenceSegment segment = rows.Segments[piece / blocks];
            int feature = piece % blocks * GatedRecurrence.Block;
            int count = Math.Min(GatedRecurrence.Block, _width - feature);
            float* carry = stackalloc float[GatedRecurrence.Block];
            new Span<float>(carry, GatedRecurrence.Block).Clear();
            for (int row = segment.Rows - 1; row >= 0; row--)
            {
                long at = (long)(segment.FirstRow + row) * _width + feature;
                float* before = row == 0 ? null : _y + at - _width;
                GatedRecurrence.Backward<T>(_z + at, _v + at, before, _dy + at, carry, _dz + at, _dv + at, count);
            }
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>
    /// The gated linear recurrence of minGRU over ragged segments: z and v <c>[N, W] → [N, W]</c>. Segments with a source go on
    /// from its state, and states are kept in the slots that are asked for, under <paramref name="layer"/>.
    /// </summary>
    /// <param name="ops">The ops.</param>
    /// <param name="z">Gates before the sigmoid.</param>
    /// <param name="v">Candidates.</param>
    /// <param name="rows">The segments.</param>
    /// <param name="layer">Which layer's part of a slot.</param>
    public static Tensor GatedRecurrence(this IOps ops, Tensor z, Tensor v, RecurrenceRows rows, int layer) =>
        ops.Run(new GatedRecurrenceOp(z, v, rows, layer));
}

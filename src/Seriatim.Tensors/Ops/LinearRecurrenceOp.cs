namespace Seriatim.Tensors;

/// <summary>
/// A linear recurrence whose state of each head is a matrix that fades by one factor a row:
/// <c>S_t = a_t S_(t-1) + k_t v_tᵀ</c>, <c>o_t = q_t S_t</c>. With a constant factor of each head it is retention (Sun et al.,
/// 2023: RetNet, equation 6); with factors of each row the state space duality of Mamba-2 (Dao and Gu, 2024), where q is C, k
/// is B, v is Δx and <c>a = exp(ΔA)</c>. Heads may share queries and keys.
/// </summary>
/// <remarks>
/// Shapes: q, k <c>[N, G·K]</c>, v, o <c>[N, H·D]</c>, logarithms of the factors <c>[N, H]</c>; head h reads group h / (H / G). A
/// state is <c>[H, K, D]</c>. Saved for backward: all operands, no state; a segment that begins in a slot, and a tree, have no
/// gradient. Rows are taken in sequence, each with the same operations wherever the sequence was cut.
/// </remarks>
internal readonly unsafe struct LinearRecurrenceOp(
    Tensor q, Tensor k, Tensor v, LinearDecay decay, int groups, RecurrenceRows rows, int layer) : IOp<LinearRecurrenceOp>
{
    public static string Name => "LinearRecurrence";

    public OpPart Part => OpPart.Attention;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (v.Rows, v.Columns);

    public void Check() => Check((q, k, v), decay, groups, rows, layer);

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        using Tensor? factors = Factors<T>(team, decay);
        var roles = new LinearRoles
        {
            Q = OfGroups(q),
            K = OfGroups(k),
            V = OfHeads(v),
            O = OfHeads(results[0]),
            A = Factors(decay, factors),
            Heads = decay.Heads,
        };
        LinearRecurrenceWork<T>.Run(team, roles, rows, layer, v.Rows);
        GC.KeepAlive(decay.Factors);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        foreach (RecurrenceSegment segment in rows.Segments)
        {
            float[][] states = new float[segment.Rows][];
            for (int row = 0; row < segment.Rows; row++)
            {
                int parent = segment.Parents is { } parents ? parents[row] : row - 1;
                float[] state = parent >= 0 ? (float[])states[parent].Clone() : Source(segment);
                Step(segment.FirstRow + row, state, results[0].Row(segment.FirstRow + row));
                states[row] = state;
            }

            foreach (KeptState kept in segment.Kept)
                states[kept.Row].CopyTo(new Span<float>(rows.Storage!.At(kept.Slot, layer), states[kept.Row].Length));
        }
    }

    public LinearRecurrenceOp Recorded() => rows.Storage is null ? this : throw RecurrenceChecks.NoGradient();

    public void Show(OpView to) => to.Operand("q", q).Operand("k", k).Operand("v", v).Has(StateView.Of(rows, layer));

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
        saved.Add(q);
        saved.Add(k);
        saved.Add(v);
        if (decay.Logs is { } logs)
            saved.Add(logs);
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
        var made = new Tensor[decay.Logs is null ? 3 : 4];
        ops.Call(new LinearRecurrenceBackwardOp(q, k, v, decay, groups, rows, dy[0]!), made);
        gradients.Add(q, made[0]);
        gradients.Add(k, made[1]);
        gradients.Add(v, made[2]);
        if (decay.Logs is { } logs)
            gradients.Add(logs, made[3]);
    }

    internal static void Check(
        (Tensor Q, Tensor K, Tensor V) x, LinearDecay decay, int groups, RecurrenceRows rows, int layer)
    {
        int heads = decay.Heads;
        ShapeMismatchException.Require(heads > 0, Name, "the decay", $"{heads} heads", $"{1} or more");
        OpShapes.RequireSame(x.Q, x.K, Name, "k");
        ShapeMismatchException.Require(groups > 0 && heads % groups == 0, Name, "the groups", $"{groups}",
            $"a divisor of the {heads} heads of the decay");
        ShapeMismatchException.Require(
            x.Q.Columns % groups == 0, Name, "q", $"{x.Q}", $"a multiple of {groups} groups in columns");
        ShapeMismatchException.Require(x.V.Columns % heads == 0, Name, "v", $"{x.V}", $"a multiple of {heads} heads in columns");
        ShapeMismatchException.Require(x.V.Rows == x.Q.Rows, Name, "v", $"{x.V}", $"{x.Q.Rows} rows");
        if (decay.Logs is { } logs)
            OpShapes.Require(logs, x.V.Rows, heads, Name, "the logarithms of the decay");
        RecurrenceChecks.Check(Name, rows, x.V.Rows);
        RecurrenceChecks.CheckState(Name, rows, layer, checked(x.Q.Columns / groups * x.V.Columns));
    }

    /// <summary>Factors of each row; null if they are constants.</summary>
    internal static Tensor? Factors<T>(WorkerTeam team, LinearDecay decay)
        where T : struct, ILanes<T>
    {
        if (decay.Logs is not { } logs)
            return null;
        Tensor factors = Tensor.Create(logs.Rows, logs.Columns);
        ElementKernel<T, Exponential<T>>.Run(team, default, factors, logs);
        return factors;
    }

    internal static HeadRows Factors(LinearDecay decay, Tensor? ofRows) => ofRows is not null
        ? new HeadRows(ofRows, width: 1, share: 1)
        : new HeadRows((float*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(decay.Factors!, 0), 0, 1, 1);

    /// <summary>The factor of a row, as the oracle has it.</summary>
    internal static double Factor(LinearDecay decay, int row, int head) =>
        decay.Logs is { } logs ? Math.Exp(logs.Row(row)[head]) : decay.Factors![head];

    private HeadRows OfGroups(Tensor x) => new(x, x.Columns / groups, decay.Heads / groups);

    private HeadRows OfHeads(Tensor x) => new(x, x.Columns / decay.Heads, 1);

    private float[] Source(RecurrenceSegment segment)
    {
        float[] state = new float[q.Columns / groups * v.Columns];
        if (segment.Source >= 0)
            new ReadOnlySpan<float>(rows.Storage!.At(segment.Source, layer), state.Length).CopyTo(state);
        return state;
    }

    /// <summary>One row of all heads, as the formula says.</summary>
    private void Step(int row, float[] state, Span<float> o)
    {
        (int keys, int values) = (q.Columns / groups, v.Columns / decay.Heads);
        for (int head = 0; head < decay.Heads; head++)
        {
            int group = head / (decay.Heads / groups);
            double a = Factor(decay, row, head);
            for (int j = 0; j < values; j++)
            {
                double sum = 0;
                for (int i = 0; i < keys; i++)
                {
                    ref float s = ref state[(head * keys + i) * values + j];
                    s = (float)(a * s + (double)k.Row(row)[group * keys + i] * v.Row(row)[head * values + j]);
                    sum += (double)q.Row(row)[group * keys + i] * s;
                }

                o[head * values + j] = (float)sum;
            }
        }
    }

    private readonly struct Exponential<T> : IElementFunction<T>
        where T : struct, ILanes<T>
    {
        public T Value(T a, T b, T c) => LaneMath<T>.Exp(a);
    }
}

public static partial class OpsExtensions
{
    /// <summary>
    /// The linear recurrence of retention and of Mamba-2 over ragged segments: <c>S = a S + k vᵀ</c>, <c>o = q S</c>; q, k
    /// <c>[N, G·K]</c>, v <c>[N, H·D] → [N, H·D]</c>. Segments with a source go on from its state, and states
    /// <c>[H, K, D]</c> are kept in the slots that are asked for, under <paramref name="layer"/>.
    /// </summary>
    /// <param name="ops">The ops.</param>
    /// <param name="q">Queries.</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    /// <param name="decay">The factors a; says how many heads there are.</param>
    /// <param name="groups">G: heads h with the same h / (H / G) share queries and keys.</param>
    /// <param name="rows">The segments.</param>
    /// <param name="layer">Which layer's part of a slot.</param>
    public static Tensor LinearRecurrence(
        this IOps ops, Tensor q, Tensor k, Tensor v, LinearDecay decay, int groups, RecurrenceRows rows, int layer) =>
        ops.Run(new LinearRecurrenceOp(q, k, v, decay, groups, rows, layer));
}

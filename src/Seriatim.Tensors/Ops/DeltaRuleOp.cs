namespace Seriatim.Tensors;

/// <summary>The operands of a gated delta rule.</summary>
/// <param name="Q">Queries, <c>[N, G·K]</c>.</param>
/// <param name="K">Keys, likewise.</param>
/// <param name="V">Values, <c>[N, H·D]</c>.</param>
/// <param name="Logs">Logarithms of the factors a, <c>[N, H]</c>.</param>
/// <param name="Betas">How much of what is lacking is written, <c>[N, H]</c>.</param>
/// <param name="Groups">G: heads h with the same h / (H / G) share queries and keys.</param>
internal readonly record struct DeltaOperands(Tensor Q, Tensor K, Tensor V, Tensor Logs, Tensor Betas, int Groups)
{
    public int Heads => Logs.Columns;

    public int Share => Heads / Groups;

    public int Keys => Q.Columns / Groups;

    public int Values => V.Columns / Heads;

    public int StateWidth => checked(Keys * V.Columns);

    public void Check(string name, RecurrenceRows rows, int layer)
    {
        OpShapes.RequireSame(Q, K, name, "k");
        OpShapes.RequireSame(Logs, Betas, name, "the betas");
        ShapeMismatchException.Require(Groups > 0 && Heads > 0 && Heads % Groups == 0, name, "the groups", $"{Groups}",
            $"a divisor of the {Heads} heads of the decay");
        ShapeMismatchException.Require(
            Q.Columns % Groups == 0, name, "q", $"{Q}", $"a multiple of {Groups} groups in columns");
        ShapeMismatchException.Require(V.Columns % Heads == 0, name, "v", $"{V}", $"a multiple of {Heads} heads in columns");
        ShapeMismatchException.Require(V.Rows == Q.Rows && Logs.Rows == Q.Rows, name, "v and the decay",
            $"{V} and {Logs}", $"{Q.Rows} rows");
        RecurrenceChecks.Check(name, rows, V.Rows);
        RecurrenceChecks.CheckState(name, rows, layer, StateWidth);
    }

    /// <summary>One row of a head of the state in double, in place.</summary>
    public void Step(int row, int head, Span<double> state, Span<float> o)
    {
        (int at, int to, int values) = (head / Share * Keys, head * Values, Values);
        double a = Math.Exp(Logs.Row(row)[head]), beta = Betas.Row(row)[head];
        for (int j = 0; j < values; j++)
        {
            double has = 0, sum = 0;
            for (int i = 0; i < Keys; i++)
            {
                state[i * values + j] *= a;
                has += K.Row(row)[at + i] * state[i * values + j];
            }

            double u = beta * (V.Row(row)[to + j] - has);
            for (int i = 0; i < Keys; i++)
            {
                state[i * values + j] += K.Row(row)[at + i] * u;
                sum += Q.Row(row)[at + i] * state[i * values + j];
            }

            o[to + j] = (float)sum;
        }
    }
}

/// <summary>
/// The gated delta rule (Yang et al., 2025: Gated Delta Networks, equation 10): the state of each head, a matrix, fades by a
/// factor, and what it then lacks of the value under the key is written by the share β: <c>S_t = a_t S_(t-1)</c>,
/// <c>u_t = β_t (v_t - k_t S_t)</c>, <c>S_t += k_t u_tᵀ</c>, <c>o_t = q_t S_t</c>. Heads may share queries and keys.
/// </summary>
/// <remarks>
/// Shapes: q, k <c>[N, G·K]</c>, v, o <c>[N, H·D]</c>, log a and β <c>[N, H]</c>; head h reads group h / (H / G). A state is
/// <c>[H, K, D]</c>. Saved for backward: all operands, no state; a segment that begins in a slot, and a tree, have no gradient.
/// Rows are taken in sequence, each with the same operations wherever the sequence was cut.
/// </remarks>
internal readonly unsafe struct DeltaRuleOp(DeltaOperands x, RecurrenceRows rows, int layer) : IOp<DeltaRuleOp>
{
    public static string Name => "DeltaRule";

    public OpPart Part => OpPart.Attention;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.V.Rows, x.V.Columns);

    public void Check() => x.Check(Name, rows, layer);

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        using Tensor factors = LinearRecurrenceOp.Factors<T>(team, LinearDecay.OfRows(x.Logs))!;
        DeltaRuleWork<T>.Run(team, x, factors, results[0], rows, layer);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        foreach (RecurrenceSegment segment in rows.Segments)
        {
            float[][] states = new float[segment.Rows][];
            for (int row = 0; row < segment.Rows; row++)
            {
                int parent = segment.Parents is { } parents ? parents[row] : row - 1;
                states[row] = Next(parent >= 0 ? states[parent] : Source(segment), segment.FirstRow + row,
                    results[0].Row(segment.FirstRow + row));
            }

            foreach (KeptState kept in segment.Kept)
                states[kept.Row].CopyTo(new Span<float>(rows.Storage!.At(kept.Slot, layer), x.StateWidth));
        }
    }

    public DeltaRuleOp Recorded() => rows.Storage is null ? this : throw RecurrenceChecks.NoGradient();

    public void Show(OpView to) => to.Operand("q", x.Q).Operand("k", x.K).Operand("v", x.V).Operand("log a", x.Logs)
        .Operand("beta", x.Betas).Has(StateView.Of(rows, layer));

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
        saved.Add(x.Q);
        saved.Add(x.K);
        saved.Add(x.V);
        saved.Add(x.Logs);
        saved.Add(x.Betas);
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
        var made = new Tensor[5];
        ops.Call(new DeltaRuleBackwardOp(x, rows, dy[0]!), made);
        gradients.Add(x.Q, made[0]);
        gradients.Add(x.K, made[1]);
        gradients.Add(x.V, made[2]);
        gradients.Add(x.Logs, made[3]);
        gradients.Add(x.Betas, made[4]);
    }

    private float[] Source(RecurrenceSegment segment)
    {
        float[] state = new float[x.StateWidth];
        if (segment.Source >= 0)
            new ReadOnlySpan<float>(rows.Storage!.At(segment.Source, layer), state.Length).CopyTo(state);
        return state;
    }

    private float[] Next(float[] before, int row, Span<float> o)
    {
        float[] after = new float[before.Length];
        int size = x.Keys * x.Values;
        double[] state = new double[size];
        for (int head = 0; head < x.Heads; head++)
        {
            for (int i = 0; i < size; i++)
                state[i] = before[head * size + i];
            x.Step(row, head, state, o);
            for (int i = 0; i < size; i++)
                after[head * size + i] = (float)state[i];
        }

        return after;
    }
}

/// <summary>A piece is a block of values of a head of a segment.</summary>
internal readonly unsafe struct DeltaRuleWork<T>(
    DeltaOperands x, Tensor factors, Tensor o, RecurrenceRows rows, int layer, WorkerTeam team) : IWork
    where T : struct, ILanes<T>
{
    private const int Block = DeltaRule.Block;

    private readonly HeadRows _q = new(x.Q, x.Keys, x.Share);
    private readonly HeadRows _k = new(x.K, x.Keys, x.Share);
    private readonly HeadRows _v = new(x.V, x.Values, 1);
    private readonly HeadRows _o = new(o, x.Values, 1);
    private readonly HeadRows _a = new(factors, 1, 1);
    private readonly HeadRows _b = new(x.Betas, 1, 1);
    private readonly int _keys = x.Keys;
    private readonly int _values = x.Values;
    private readonly int _heads = x.Heads;
    private readonly int _blocks = RowKernel.Pieces(x.Values, Block);

    /// <summary>Does all pieces.</summary>
    public static void Run(
        WorkerTeam team, DeltaOperands x, Tensor factors, Tensor o, RecurrenceRows rows, int layer)
    {
        var work = new DeltaRuleWork<T>(x, factors, o, rows, layer, team);
        team.Run(rows.Segments.Count * work._heads * work._blocks, ref work, 4L * x.V.Length * x.Keys);
    }

    public void Do(int piece, int worker)
    {
        (int headPiece, int block) = Math.DivRem(piece, _blocks);
        (int number, int head) = Math.DivRem(headPiece, _heads);
        RecurrenceSegment segment = rows.Segments[number];
        int first = block * Block, count = Math.Min(Block, _values - first);
        DeltaRule.Rows all = RowsOf(segment.FirstRow, segment.Rows, head, first);
        Scratch scratch = team.ScratchOf(worker);
        if (segment.Parents is { } parents)
            Tree(segment, parents, all, (head, first, count), scratch);
        else
            Chain(segment, all, (head, first, count), scratch);
    }

    private DeltaRule.Rows RowsOf(int row, int count, int head, int value) => new()
    {
        Q = _q.At(row, head),
        K = _k.At(row, head),
        V = _v.At(row, head) + value,
        O = _o.At(row, head) + value,
        A = _a.At(row, head),
        B = _b.At(row, head),
        QStep = _q.Step,
        KStep = _k.Step,
        VStep = _v.Step,
        OStep = _o.Step,
        AStep = _a.Step,
        BStep = _b.Step,
        Count = count,
    };

    /// <summary>Rows one after another, from one state that is kept to the next.</summary>
    private void Chain(
        RecurrenceSegment segment, DeltaRule.Rows all, (int Head, int Value, int Count) place, Scratch scratch)
    {
        float* state = scratch.Take((long)_keys * Block);
        Load(segment.Source, place, state);
        int row = 0;
        foreach (KeptState kept in segment.Kept)
        {
            DeltaRule.Forward<T>(all.From(row, kept.Row + 1 - row), state, _keys, place.Count);
            row = kept.Row + 1;
            Store(state, kept.Slot, place);
        }

        if (row < segment.Rows)
            DeltaRule.Forward<T>(all.From(row, segment.Rows - row), state, _keys, place.Count);
    }

    /// <summary>Each row from the state of its parent.</summary>
    private void Tree(RecurrenceSegment segment, IReadOnlyList<int> parents, DeltaRule.Rows all,
        (int Head, int Value, int Count) place, Scratch scratch)
    {
        long size = (long)_keys * Block;
        float* states = scratch.Take((segment.Rows + 1) * size);
        Load(segment.Source, place, states);
        int keep = 0;
        for (int row = 0; row < segment.Rows; row++)
        {
            float* own = states + (row + 1) * size;
            new ReadOnlySpan<float>(states + (parents[row] + 1) * size, (int)size).CopyTo(new Span<float>(own, (int)size));
            DeltaRule.Forward<T>(all.From(row, 1), own, _keys, place.Count);
            if (keep < segment.Kept.Count && segment.Kept[keep].Row == row)
                Store(own, segment.Kept[keep++].Slot, place);
        }
    }

    /// <summary>A state in a slot lies as <c>[heads, keys, values]</c>.</summary>
    private float* Slot(int slot, (int Head, int Value, int Count) place) =>
        rows.Storage!.At(slot, layer) + (long)place.Head * _keys * _values + place.Value;

    private void Load(int slot, (int Head, int Value, int Count) place, float* state)
    {
        float* from = slot < 0 ? null : Slot(slot, place);
        for (int key = 0; key < _keys; key++)
        {
            T value = from == null ? T.Broadcast(0f) : RowKernel.Load<T>(from + (long)key * _values, place.Count);
            T.Store(value, state + key * Block);
        }
    }

    private void Store(float* state, int slot, (int Head, int Value, int Count) place)
    {
        float* to = Slot(slot, place);
        for (int key = 0; key < _keys; key++)
            RowKernel.Store(T.Load(state + key * Block), to + (long)key * _values, place.Count);
    }
}

public static partial class OpsExtensions
{
    /// <summary>
    /// The gated delta rule over ragged segments: q, k <c>[N, G·K]</c>, v <c>[N, H·D] → [N, H·D]</c>. Segments with a source go
    /// on
    /// from its state, and states <c>[H, K, D]</c> are kept in the slots that are asked for, under <paramref name="layer"/>.
    /// </summary>
    /// <param name="ops">The ops.</param>
    /// <param name="q">Queries.</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    /// <param name="logs">Logarithms of the factors of each row and head, <c>[N, H]</c>: not above 0.</param>
    /// <param name="betas">How much of what is lacking is written, <c>[N, H]</c>.</param>
    /// <param name="groups">G: heads h with the same h / (H / G) share queries and keys.</param>
    /// <param name="rows">The segments.</param>
    /// <param name="layer">Which layer's part of a slot.</param>
    public static Tensor DeltaRule(this IOps ops, Tensor q, Tensor k, Tensor v, Tensor logs, Tensor betas, int groups,
        RecurrenceRows rows, int layer) =>
        ops.Run(new DeltaRuleOp(new DeltaOperands(q, k, v, logs, betas, groups), rows, layer));
}

namespace Seriatim.Tensors;

/// <summary>
/// The gradients of q, k, v and, if rows have their own factors, of their logarithms: with
/// <c>dS_t = q_t do_tᵀ + a_(t+1) dS_(t+1)</c>, <c>dq_t = S_t do_t</c>, <c>dk_t = dS_t v_t</c>, <c>dv_t = dS_tᵀ k_t</c>. Each
/// is the recurrence itself with other operands in the roles of q, k and v, forwards or backwards in time: no state is kept.
/// </summary>
/// <remarks>
/// A factor's logarithm enters through differences of running sums b alone, <c>o_t = Σ_s exp(b_t - b_s) (q_t · k_s) v_s</c>: so
/// <c>db_t = q_t · dq_t - k_t · dk_t</c>, and the gradient of a row's own is the sum of db from there to the end (in double).
/// Queries and keys of a group get the sum over its heads, in order.
/// </remarks>
internal readonly unsafe struct LinearRecurrenceBackwardOp(
    Tensor q, Tensor k, Tensor v, LinearDecay decay, int groups, RecurrenceRows rows, Tensor dy) : IOpCall
{
    public static string Name => "LinearRecurrenceBackward";

    public OpPart Part => OpPart.Attention;

    public int Results => decay.Logs is null ? 3 : 4;

    private int Heads => decay.Heads;

    private int Share => decay.Heads / groups;

    private int Keys => q.Columns / groups;

    private int Values => v.Columns / decay.Heads;

    public (int Rows, int Columns) Shape(int result) =>
        result switch { < 2 => (q.Rows, q.Columns), 2 => (v.Rows, v.Columns), _ => (v.Rows, Heads) };

    public void Check()
    {
        LinearRecurrenceOp.Check((q, k, v), decay, groups, rows, 0);
        OpShapes.RequireSame(v, dy, "LinearRecurrence backward", "dy");
        if (rows.Storage is not null || rows.Segments.Any(s => s.Parents is not null))
            throw RecurrenceChecks.NoGradient();
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        using Tensor? factors = LinearRecurrenceOp.Factors<T>(team, decay);
        using Tensor? following = Following(factors);
        using Tensor? ofHeads = Share == 1 ? null : Tensor.Create(2 * q.Rows, Heads * Keys);
        HeadRows dq = OfHeads(ofHeads ?? results[0]);
        HeadRows dk = ofHeads is null
            ? OfHeads(results[1])
            : new HeadRows(ofHeads.Floats + (long)q.Rows * ofHeads.Columns, ofHeads.Columns, Keys, 1);
        HeadRows queries = OfGroups(q), keys = OfGroups(k), values = OfHeads(v), dO = OfHeads(dy);
        var roles = new LinearRoles
        {
            Heads = Heads,
            Q = dO,
            K = values,
            V = keys,
            O = dq,
            A = LinearRecurrenceOp.Factors(decay, factors),
        };
        LinearRecurrenceWork<T>.Run(team, roles, rows, 0, v.Rows);
        roles.Backwards = true;
        roles.A = LinearRecurrenceOp.Factors(decay, following);
        (roles.Q, roles.K, roles.V, roles.O) = (values, dO, queries, dk);
        LinearRecurrenceWork<T>.Run(team, roles, rows, 0, v.Rows);
        (roles.Q, roles.K, roles.V, roles.O) = (keys, queries, dO, OfHeads(results[2]));
        LinearRecurrenceWork<T>.Run(team, roles, rows, 0, v.Rows);
        GC.KeepAlive(decay.Factors);
        if (Results == 4)
            DecayWork<T>.Run(team, (queries, dq), (keys, dk), results[3], rows);
        if (ofHeads is null)
            return;
        GroupWork<T>.Run(team, dq, results[0], Keys, Share);
        GroupWork<T>.Run(team, dk, results[1], Keys, Share);
    }

    /// <summary>The states are kept, and each gradient is what the chain rule says.</summary>
    public void Reference(ReadOnlySpan<Tensor> results)
    {
        foreach (Tensor result in results)
            result.Span.Clear();
        foreach (RecurrenceSegment segment in rows.Segments)
        {
            for (int head = 0; head < Heads; head++)
                Reference(results, segment, head);
        }
    }

    private void Reference(ReadOnlySpan<Tensor> results, RecurrenceSegment segment, int head)
    {
        (int keys, int values) = (Keys, Values);
        (int at, int to) = (head / Share * keys, head * values);
        double[][,] states = new double[segment.Rows + 1][,];
        states[0] = new double[keys, values];
        for (int row = 0; row < segment.Rows; row++)
        {
            int n = segment.FirstRow + row;
            double[,] state = states[row + 1] = new double[keys, values];
            double a = LinearRecurrenceOp.Factor(decay, n, head);
            for (int i = 0; i < keys; i++)
            {
                for (int j = 0; j < values; j++)
                    state[i, j] = a * states[row][i, j] + (double)k.Row(n)[at + i] * v.Row(n)[to + j];
            }
        }

        double[,] d = new double[keys, values];
        for (int row = segment.Rows - 1; row >= 0; row--)
        {
            int n = segment.FirstRow + row;
            double a = LinearRecurrenceOp.Factor(decay, n, head), da = 0;
            double[] dv = new double[values];
            for (int i = 0; i < keys; i++)
            {
                double dq = 0, dk = 0;
                for (int j = 0; j < values; j++)
                {
                    double dO = dy.Row(n)[to + j];
                    d[i, j] += q.Row(n)[at + i] * dO;
                    dq += states[row + 1][i, j] * dO;
                    dk += d[i, j] * v.Row(n)[to + j];
                    dv[j] += d[i, j] * k.Row(n)[at + i];
                    da += d[i, j] * states[row][i, j];
                    d[i, j] *= a;
                }

                results[0].Row(n)[at + i] += (float)dq;
                results[1].Row(n)[at + i] += (float)dk;
            }

            for (int j = 0; j < values; j++)
                results[2].Row(n)[to + j] = (float)dv[j];
            if (results.Length == 4)
                results[3].Row(n)[head] = (float)(a * da);
        }
    }

    /// <summary>
    /// The factors of the next row: what a gradient fades by on its way back. The last row of a segment has none.
    /// </summary>
    private Tensor? Following(Tensor? factors)
    {
        if (factors is null)
            return null;
        Tensor following = Tensor.Zeros(factors.Rows, factors.Columns);
        foreach (RecurrenceSegment segment in rows.Segments)
        {
            for (int row = segment.FirstRow; row < segment.FirstRow + segment.Rows - 1; row++)
                factors.Row(row + 1).CopyTo(following.Row(row));
        }

        return following;
    }

    private HeadRows OfGroups(Tensor x) => new(x, Keys, Share);

    private HeadRows OfHeads(Tensor x) => new(x, x.Columns / Heads, 1);

    /// <summary>A head of a segment, from its last row to its first.</summary>
    private readonly struct DecayWork<T>(
        (HeadRows X, HeadRows D) queries, (HeadRows X, HeadRows D) keys, Tensor result, RecurrenceRows rows) : IWork
        where T : struct, ILanes<T>
    {
        private readonly float* _result = result.Floats;
        private readonly int _heads = result.Columns;

        public static void Run(
            WorkerTeam team, (HeadRows X, HeadRows D) queries, (HeadRows X, HeadRows D) keys, Tensor result, RecurrenceRows rows)
        {
            var work = new DecayWork<T>(queries, keys, result, rows);
            team.Run(rows.Segments.Count * work._heads, ref work, 2 * result.Length * queries.X.Width);
        }

        public void Do(int piece, int worker)
        {
            (int number, int head) = Math.DivRem(piece, _heads);
            RecurrenceSegment segment = rows.Segments[number];
            double sum = 0;
            for (int row = segment.FirstRow + segment.Rows - 1; row > segment.FirstRow; row--)
            {
                sum += Dot(queries.X.At(row, head), queries.D.At(row, head), queries.X.Width)
                    - Dot(keys.X.At(row, head), keys.D.At(row, head), keys.X.Width);
                _result[(long)row * _heads + head] = (float)sum;
            }

            // What fades before the first row is nothing.
            _result[(long)segment.FirstRow * _heads + head] = 0;
        }

        private static double Dot(float* x, float* y, int count)
        {
            T sum = T.Broadcast(0f);
            for (int i = 0; i < count; i += 16)
                sum = T.MultiplyAdd(RowKernel.Load<T>(x + i, count - i), RowKernel.Load<T>(y + i, count - i), sum);
            return T.Sum(sum);
        }
    }

    /// <summary>Sums over the heads of each group, in order.</summary>
    internal readonly struct GroupWork<T>(HeadRows ofHeads, Tensor ofGroups, int width, int share) : IWork
        where T : struct, ILanes<T>
    {
        private readonly float* _to = ofGroups.Floats;
        private readonly int _columns = ofGroups.Columns;

        public static void Run(WorkerTeam team, HeadRows ofHeads, Tensor ofGroups, int width, int share)
        {
            var work = new GroupWork<T>(ofHeads, ofGroups, width, share);
            team.Run(ofGroups.Rows, ref work, ofGroups.Length * share);
        }

        public void Do(int piece, int worker)
        {
            for (int start = 0; start < _columns; start += width)
            {
                float* from = ofHeads.At(piece, start / width * share);
                float* to = _to + (long)piece * _columns + start;
                for (int i = 0; i < width; i += 16)
                {
                    int left = width - i;
                    T sum = RowKernel.Load<T>(from + i, left);
                    for (int head = 1; head < share; head++)
                        sum += RowKernel.Load<T>(from + head * width + i, left);
                    RowKernel.Store(sum, to + i, left);
                }
            }
        }
    }
}

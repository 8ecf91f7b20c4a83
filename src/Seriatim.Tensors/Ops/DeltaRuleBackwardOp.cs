namespace Seriatim.Tensors;

/// <summary>
/// The gradients of q, k, v, log a and β: as <see cref="DeltaRule.Backward"/> has them, backward in time. States are computed
/// again
/// from checkpoints, so that a row costs no memory of its own.
/// </summary>
/// <remarks>Queries and keys of a group get the sum over its heads, in order; sums over blocks of values likewise.</remarks>
internal readonly unsafe struct DeltaRuleBackwardOp(DeltaOperands x, RecurrenceRows rows, Tensor dy) : IOpCall
{
    public static string Name => "DeltaRuleBackward";

    public OpPart Part => OpPart.Attention;

    public int Results => 5;

    public (int Rows, int Columns) Shape(int result) => result switch
    {
        < 2 => (x.Q.Rows, x.Q.Columns),
        2 => (x.V.Rows, x.V.Columns),
        _ => (x.V.Rows, x.Heads),
    };

    public void Check()
    {
        x.Check("DeltaRule backward", rows, 0);
        OpShapes.RequireSame(x.V, dy, "DeltaRule backward", "dy");
        if (rows.Storage is not null || rows.Segments.Any(segment => segment.Parents is not null))
            throw RecurrenceChecks.NoGradient();
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        using Tensor factors = LinearRecurrenceOp.Factors<T>(team, LinearDecay.OfRows(x.Logs))!;
        using Tensor dq = Tensor.Zeros(x.Q.Rows, x.Heads * x.Keys);
        using Tensor dk = Tensor.Zeros(x.Q.Rows, x.Heads * x.Keys);
        results[3].Span.Clear();
        results[4].Span.Clear();
        var work = new Work<T>(x, (factors, dy), rows, team)
        {
            DQ = new HeadRows(dq, x.Keys, 1),
            DK = new HeadRows(dk, x.Keys, 1),
            DV = new HeadRows(results[2], x.Values, 1),
            DLogs = new HeadRows(results[3], 1, 1),
            DBetas = new HeadRows(results[4], 1, 1),
        };
        team.Run(rows.Segments.Count * x.Heads, ref work, 12L * x.V.Length * x.Keys);
        LinearRecurrenceBackwardOp.GroupWork<T>.Run(team, work.DQ, results[0], x.Keys, x.Share);
        LinearRecurrenceBackwardOp.GroupWork<T>.Run(team, work.DK, results[1], x.Keys, x.Share);
    }

    /// <summary>The states are kept, and each gradient is what the chain rule says.</summary>
    public void Reference(ReadOnlySpan<Tensor> results)
    {
        foreach (Tensor result in results)
            result.Span.Clear();
        foreach (RecurrenceSegment segment in rows.Segments)
        {
            for (int head = 0; head < x.Heads; head++)
                Reference(results, segment, head);
        }
    }

    private void Reference(ReadOnlySpan<Tensor> results, RecurrenceSegment segment, int head)
    {
        int size = x.Keys * x.Values;
        double[][] states = new double[segment.Rows + 1][];
        states[0] = new double[size];
        float[] ignored = new float[x.V.Columns];
        for (int row = 0; row < segment.Rows; row++)
        {
            states[row + 1] = (double[])states[row].Clone();
            x.Step(segment.FirstRow + row, head, states[row + 1], ignored);
        }

        double[] d = new double[size];
        for (int row = segment.Rows - 1; row >= 0; row--)
            Reference(results, segment.FirstRow + row, head, (states[row], states[row + 1]), d);
    }

    private void Reference(
        ReadOnlySpan<Tensor> results, int n, int head, (double[] Before, double[] After) state, double[] d)
    {
        (int keys, int values, int at, int to) = (x.Keys, x.Values, head / x.Share * x.Keys, head * x.Values);
        double a = Math.Exp(x.Logs.Row(n)[head]), beta = x.Betas.Row(n)[head], dBeta = 0, dLog = 0;
        ReadOnlySpan<float> q = x.Q.Row(n).Slice(at, keys), k = x.K.Row(n).Slice(at, keys), v = x.V.Row(n).Slice(to, values);
        ReadOnlySpan<float> dO = dy.Row(n).Slice(to, values);
        double[] dq = new double[keys], dk = new double[keys];
        for (int j = 0; j < values; j++)
        {
            double has = 0, du = 0;
            for (int i = 0; i < keys; i++)
            {
                has += k[i] * a * state.Before[i * values + j];
                d[i * values + j] += (double)q[i] * dO[j];
                dq[i] += state.After[i * values + j] * dO[j];
                du += d[i * values + j] * k[i];
            }

            double u = beta * (v[j] - has), dv = beta * du;
            dBeta += du * (v[j] - has);
            results[2].Row(n)[to + j] = (float)dv;
            for (int i = 0; i < keys; i++)
            {
                double faded = a * state.Before[i * values + j];
                dk[i] += d[i * values + j] * u - faded * dv;
                d[i * values + j] -= k[i] * dv;
                dLog += d[i * values + j] * faded;
                d[i * values + j] *= a;
            }
        }

        for (int i = 0; i < keys; i++)
        {
            results[0].Row(n)[at + i] += (float)dq[i];
            results[1].Row(n)[at + i] += (float)dk[i];
        }

        results[3].Row(n)[head] = (float)dLog;
        results[4].Row(n)[head] = (float)dBeta;
    }

    /// <summary>A head of a segment: block after block of its values, from the last row to the first.</summary>
    private struct Work<T>(DeltaOperands x, (Tensor Factors, Tensor DO) rest, RecurrenceRows rows, WorkerTeam team) : IWork
        where T : struct, ILanes<T>
    {
        private const int Block = DeltaRule.Block;

        /// <summary>Rows between two states that are kept.</summary>
        private const int Run = 32;

        private readonly HeadRows _q = new(x.Q, x.Keys, x.Share);
        private readonly HeadRows _k = new(x.K, x.Keys, x.Share);
        private readonly HeadRows _v = new(x.V, x.Values, 1);
        private readonly HeadRows _dO = new(rest.DO, x.Values, 1);
        private readonly HeadRows _a = new(rest.Factors, 1, 1);
        private readonly HeadRows _b = new(x.Betas, 1, 1);
        private readonly int _keys = x.Keys;
        private readonly int _values = x.Values;
        private readonly int _heads = x.Heads;
        public HeadRows DQ, DK, DV, DLogs, DBetas;

        public readonly void Do(int piece, int worker)
        {
            (int number, int head) = Math.DivRem(piece, _heads);
            RecurrenceSegment segment = rows.Segments[number];
            Scratch scratch = team.ScratchOf(worker);
            int size = _keys * Block, runs = (segment.Rows + Run - 1) / Run;
            var memory = new Memory
            {
                Starts = scratch.Take((long)runs * size),
                States = scratch.Take((long)Run * size),
                D = scratch.Take(size),
                Faded = scratch.Take(size),
            };
            for (int value = 0; value < _values; value += Block)
            {
                Starts(segment, head, value, memory.Starts, memory.Faded);
                new Span<float>(memory.D, size).Clear();
                for (int run = runs - 1; run >= 0; run--)
                    Back(segment, (head, value), run, memory);
            }
        }

        /// <summary>Scratch of a piece: states before runs, before the rows of one, and that of gradients.</summary>
        private struct Memory
        {
            public float* Starts, States, D, Faded;
        }

        /// <summary>The state before each run of rows.</summary>
        private readonly void Starts(RecurrenceSegment segment, int head, int value, float* starts, float* state)
        {
            int size = _keys * Block;
            new Span<float>(state, size).Clear();
            for (int row = 0; row < segment.Rows; row += Run)
            {
                new ReadOnlySpan<float>(state, size).CopyTo(new Span<float>(starts + (long)(row / Run) * size, size));
                DeltaRule.Forward<T>(RowsOf(segment.FirstRow + row, Math.Min(Run, segment.Rows - row), head, value), state,
                    _keys, Math.Min(Block, _values - value));
            }
        }

        private readonly void Back(RecurrenceSegment segment, (int Head, int Value) place, int run, Memory memory)
        {
            int size = _keys * Block, count = Math.Min(Block, _values - place.Value);
            int first = run * Run, end = Math.Min(first + Run, segment.Rows);
            new ReadOnlySpan<float>(memory.Starts + (long)run * size, size).CopyTo(new Span<float>(memory.States, size));
            for (int row = first; row + 1 < end; row++)
            {
                float* own = memory.States + (row - first) * size;
                new ReadOnlySpan<float>(own, size).CopyTo(new Span<float>(own + size, size));
                DeltaRule.Forward<T>(RowsOf(segment.FirstRow + row, 1, place.Head, place.Value), own + size, _keys, count);
            }

            for (int row = end - 1; row >= first; row--)
            {
                int n = segment.FirstRow + row;
                DeltaRule.Backward<T>(new DeltaRule.Gradient
                {
                    Row = RowsOf(n, 1, place.Head, place.Value),
                    Before = memory.States + (row - first) * size,
                    State = memory.D,
                    DO = _dO.At(n, place.Head) + place.Value,
                    DQ = DQ.At(n, place.Head),
                    DK = DK.At(n, place.Head),
                    DV = DV.At(n, place.Head) + place.Value,
                    DB = DBetas.At(n, place.Head),
                    DLog = DLogs.At(n, place.Head),
                }, memory.Faded, _keys, count);
            }
        }

        private readonly DeltaRule.Rows RowsOf(int row, int count, int head, int value) => new()
        {
            Q = _q.At(row, head),
            K = _k.At(row, head),
            V = _v.At(row, head) + value,
            A = _a.At(row, head),
            B = _b.At(row, head),
            QStep = _q.Step,
            KStep = _k.Step,
            VStep = _v.Step,
            AStep = _a.Step,
            BStep = _b.Step,
            Count = count,
        };
    }
}

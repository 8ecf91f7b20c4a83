namespace Seriatim.Tensors;

/// <summary>
/// Returns dx, d(dt), dB and dC of a selective scan; adds to the gradients of A_log and D. Backward through time, with
/// <c>g_t = C_t dy_t + exp(dt_(t+1) A) g_(t+1)</c> and <c>e_t = g_t exp(dt_t A) h_(t-1)</c>:
/// <c>dx_t = dt_t Σ_n g_t B_t + D dy_t</c>, <c>d(dt)_t = x_t Σ_n g_t B_t + Σ_n e_t A</c>, <c>dB_t = Σ_c g_t dt_t x_t</c>,
/// <c>dC_t = Σ_c dy_t h_t</c>, <c>dA_log += A Σ_t e_t dt_t</c>, <c>dD += Σ_t dy_t x_t</c>.
/// </summary>
/// <remarks>
/// States are computed again: once to leave a checkpoint every <see cref="Interval"/> rows, and from there for one such run of
/// rows at a time, so that memory grows with the checkpoints. A piece is a block of channels over all segments; dB and dC of each
/// block are folded in one tree and added up block by block, so that no sum depends on the threads.
/// </remarks>
internal readonly unsafe struct SelectiveScanBackwardOp(ScanOperands operands, RecurrenceRows rows, Tensor dy) : IOpCall
{
    /// <summary>Rows from a checkpoint to the next.</summary>
    private const int Interval = 32;

    public static string Name => "SelectiveScanBackward";

    public OpPart Part => OpPart.Attention;

    public int Results => 4;

    public (int Rows, int Columns) Shape(int result) => (operands.X.Rows, result < 2 ? operands.Channels : operands.States);

    public void Check()
    {
        operands.Check("SelectiveScan backward", rows, 0);
        OpShapes.RequireSame(operands.X, dy, "SelectiveScan backward", "dy");
        if (rows.Storage is not null || rows.Segments.Any(s => s.Parents is not null))
            throw RecurrenceChecks.NoGradient();
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        int blocks = RowKernel.Pieces(operands.Channels, SelectiveScan.BackwardBlock);
        using Tensor db = Tensor.Create(blocks, checked((int)operands.B.Length));
        using Tensor dc = Tensor.Create(blocks, checked((int)operands.B.Length));
        var work = new BackwardWork<T>(operands, (dy, results[0], results[1]), (db, dc), rows, team);
        team.Run(blocks, ref work, operands.X.Length * operands.States * 32);
        var fold = new FoldWork<T>(db, dc, results[2], results[3]);
        team.Run(2 * FoldWork<T>.Pieces(operands.B.Length), ref fold, db.Length);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        (Tensor x, Tensor dt, Tensor b, Tensor c, Parameter logRates, Parameter skip) = operands;
        int states = operands.States;
        double[] db = new double[b.Length], dc = new double[c.Length];
        float[] log = new float[states];
        for (int channel = 0; channel < x.Columns; channel++)
        {
            logRates.ReadRow(channel, log);
            double[] dlog = new double[states];
            double dskip = 0;
            foreach (RecurrenceSegment segment in rows.Segments)
            {
                double[][] h = StatesOf(segment, channel, log);
                double[] carry = new double[states];
                for (int row = segment.Rows - 1; row >= 0; row--)
                {
                    int at = segment.FirstRow + row;
                    double step = dt.Row(at)[channel], input = x.Row(at)[channel], d = dy.Row(at)[channel];
                    double ofScaled = 0, ofStep = 0;
                    for (int n = 0; n < states; n++)
                    {
                        double rate = -Math.Exp(log[n]), decay = Math.Exp(step * rate);
                        double g = carry[n] + c.Row(at)[n] * d;
                        dc[at * states + n] += d * h[row + 1][n];
                        db[at * states + n] += g * step * input;
                        ofScaled += g * b.Row(at)[n];
                        carry[n] = g * decay;
                        double power = carry[n] * h[row][n];
                        ofStep += power * rate;
                        dlog[n] += power * step * rate;
                    }

                    results[0].Row(at)[channel] = (float)(ofScaled * step + skip.Data.Span[channel] * d);
                    results[1].Row(at)[channel] = (float)(ofScaled * input + ofStep);
                    dskip += d * input;
                }
            }

            DenseWeight.AddGradientRow(logRates, channel, dlog);
            if (skip.Trainable)
                skip.GradientOrZeros().Span[channel] += (float)dskip;
        }

        for (int i = 0; i < db.Length; i++)
            (results[2].Span[i], results[3].Span[i]) = ((float)db[i], (float)dc[i]);
    }

    /// <summary>The states of one channel: before the first row, and after each.</summary>
    private double[][] StatesOf(RecurrenceSegment segment, int channel, float[] log)
    {
        var h = new double[segment.Rows + 1][];
        h[0] = new double[log.Length];
        for (int row = 0; row < segment.Rows; row++)
        {
            int at = segment.FirstRow + row;
            double step = operands.Dt.Row(at)[channel], input = operands.X.Row(at)[channel];
            h[row + 1] = new double[log.Length];
            for (int n = 0; n < log.Length; n++)
                h[row + 1][n] = Math.Exp(-step * Math.Exp(log[n])) * h[row][n] + step * input * operands.B.Row(at)[n];
        }

        return h;
    }

    private readonly struct BackwardWork<T>(
        ScanOperands operands, (Tensor Dy, Tensor Dx, Tensor Ddt) of, (Tensor B, Tensor C) parts, RecurrenceRows rows,
        WorkerTeam team) : IWork
        where T : struct, ILanes<T>
    {
        private readonly float* _logRates = operands.LogRates.Data.Floats;
        private readonly float* _ofRates = operands.LogRates.Trainable ? operands.LogRates.GradientOrZeros().Floats : null;
        private readonly float* _ofSkip = operands.Skip.Trainable ? operands.Skip.GradientOrZeros().Floats : null;
        private readonly int _channels = operands.Channels;
        private readonly int _states = operands.States;

        public void Do(int piece, int worker)
        {
            int channel = piece * SelectiveScan.BackwardBlock;
            int count = Math.Min(SelectiveScan.BackwardBlock, _channels - channel);
            int width = SelectiveScan.StateWidth(count, _states);
            int longest = rows.Segments.Max(segment => segment.Rows);
            Scratch scratch = team.ScratchOf(worker);
            var sums = new ScanSums
            {
                Carry = Zeros(scratch, width),
                B = Zeros(scratch, 16 * _states),
                C = Zeros(scratch, 16 * _states),
                Rates = Zeros(scratch, width),
                Skip = Zeros(scratch, SelectiveScan.BackwardBlock),
            };
            var place = new ScanBlock { Channel = channel, Count = count, Width = width };
            place.Rates = scratch.Take(width);
            place.Decays = scratch.Take((long)Interval * width);
            place.States = scratch.Take((Interval + 1L) * width);
            place.Checkpoints = scratch.Take((long)RowKernel.Pieces(longest, Interval) * width);
            SelectiveScan.Rates<T>(_logRates + (long)channel * _states, place.Rates, _states, count);
            foreach (RecurrenceSegment segment in rows.Segments)
            {
                new Span<float>(sums.Carry, width).Clear();
                WriteCheckpoints(segment, place);
                for (int first = (segment.Rows - 1) / Interval * Interval; first >= 0; first -= Interval)
                {
                    int end = Math.Min(segment.Rows, first + Interval);
                    Copy(place.Checkpoints + (long)(first / Interval) * width, place.States, width);
                    for (int row = first; row < end; row++)
                        Advance(segment.FirstRow + row, place, row - first, row - first + 1);
                    for (int row = end - 1; row >= first; row--)
                        Row(segment.FirstRow + row, place, row - first, sums);
                }
            }

            if (_ofRates != null)
                SelectiveScan.AddRates<T>(place.Rates, sums.Rates, _ofRates + (long)channel * _states, _states, count);
            for (int i = 0; i < count && _ofSkip != null; i++)
                _ofSkip[channel + i] += sums.Skip[i];
        }

        /// <summary>The state before every so many rows of a segment.</summary>
        private void WriteCheckpoints(RecurrenceSegment segment, in ScanBlock place)
        {
            new Span<float>(place.States, place.Width).Clear();
            int last = (segment.Rows - 1) / Interval * Interval;
            for (int row = 0; row <= last; row++)
            {
                if (row % Interval == 0)
                    Copy(place.States, place.Checkpoints + (long)(row / Interval) * place.Width, place.Width);
                if (row < last)
                    Advance(segment.FirstRow + row, place, 0, 0);
            }
        }

        /// <summary>One row on, from one of the block's states to another.</summary>
        private void Advance(int row, in ScanBlock place, int from, int to)
        {
            long at = (long)row * _channels + place.Channel;
            SelectiveScan.Advance<T>(operands.X.Floats + at, operands.Dt.Floats + at, operands.B.Floats + (long)row * _states,
                place.Rates, place.States + (long)from * place.Width, place.States + (long)to * place.Width,
                place.Decays + (long)from * place.Width, _states, place.Count);
        }

        private void Row(int row, in ScanBlock place, int state, in ScanSums sums)
        {
            long at = (long)row * _channels + place.Channel, inner = (long)row * _states;
            int block = place.Channel / SelectiveScan.BackwardBlock;
            var scan = new ScanRow
            {
                X = operands.X.Floats + at,
                Dt = operands.Dt.Floats + at,
                B = operands.B.Floats + inner,
                C = operands.C.Floats + inner,
                Skip = operands.Skip.Data.Floats + place.Channel,
                Rates = place.Rates,
                Before = place.States + (long)state * place.Width,
                After = place.States + (state + 1L) * place.Width,
                Decays = place.Decays + (long)state * place.Width,
                Dy = of.Dy.Floats + at,
                Dx = of.Dx.Floats + at,
                Ddt = of.Ddt.Floats + at,
            };
            SelectiveScan.Backward<T>(scan, sums, _states, place.Count);
            SelectiveScan.Fold<T>(sums.B, parts.B.Floats + block * (long)parts.B.Columns + inner, _states);
            SelectiveScan.Fold<T>(sums.C, parts.C.Floats + block * (long)parts.C.Columns + inner, _states);
        }

        private static float* Zeros(Scratch scratch, int count)
        {
            float* zeros = scratch.Take(count);
            new Span<float>(zeros, count).Clear();
            return zeros;
        }

        private static void Copy(float* from, float* to, int count) =>
            new ReadOnlySpan<float>(from, count).CopyTo(new Span<float>(to, count));
    }

    /// <summary>Adds the blocks up, in order.</summary>
    private readonly struct FoldWork<T>(Tensor b, Tensor c, Tensor db, Tensor dc) : IWork
        where T : struct, ILanes<T>
    {
        private readonly int _pieces = Pieces(db.Length);

        public static int Pieces(long length) => (int)((length + RowKernel.PieceElements - 1) / RowKernel.PieceElements);

        public void Do(int piece, int worker)
        {
            (Tensor parts, Tensor sums) = piece < _pieces ? (b, db) : (c, dc);
            long first = piece % _pieces * (long)RowKernel.PieceElements;
            long end = Math.Min(sums.Length, first + RowKernel.PieceElements);
            for (long i = first; i < end; i += 16)
            {
                int left = (int)Math.Min(16, end - i);
                T sum = T.Broadcast(0f);
                for (int block = 0; block < parts.Rows; block++)
                    sum += RowKernel.Load<T>(parts.Floats + block * (long)parts.Columns + i, left);
                RowKernel.Store(sum, sums.Floats + i, left);
            }
        }
    }
}

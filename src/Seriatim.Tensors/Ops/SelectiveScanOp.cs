namespace Seriatim.Tensors;

/// <summary>The operands of a selective scan: x, dt [N, C], B, C [N, S], A_log [C, S] in panels, D [1, C].</summary>
internal readonly record struct ScanOperands(Tensor X, Tensor Dt, Tensor B, Tensor C, Parameter LogRates, Parameter Skip)
{
    public int Channels => X.Columns;

    public int States => B.Columns;

    public void Check(string name, RecurrenceRows rows, int layer)
    {
        OpShapes.RequireSame(X, Dt, name, "dt");
        OpShapes.Require(B, X.Rows, States, name, "B");
        OpShapes.RequireSame(B, C, name, "C");
        ShapeMismatchException.Require(LogRates.Rows == Channels && LogRates.Columns == States, name, "A_log", $"{LogRates}",
            $"[{Channels}, {States}]");
        ShapeMismatchException.Require(Skip.Rows == 1 && Skip.Columns == Channels, name, "D", $"{Skip}", $"[1, {Channels}]");
        if (LogRates.Layout != ParameterLayout.Panels || LogRates.Data.Type != DataType.F32 || Skip.Data.Type != DataType.F32)
        {
            throw new ArgumentException(
                $"{name}: {LogRates} is {LogRates.Data.Type}, {LogRates.Layout}, {Skip} is {Skip.Data.Type}; F32 in panels and " +
                "F32 are needed.");
        }

        RecurrenceChecks.Check(name, rows, X.Rows);
        RecurrenceChecks.CheckState(name, rows, layer, SelectiveScan.StateWidth(Channels, States));
    }
}

/// <summary>
/// The selective scan (Gu and Dao, 2023: Mamba, algorithm 2): <c>h_t[c,n] = exp(dt_t[c] A[c,n]) h_(t-1)[c,n] + dt_t[c] x_t[c]
/// B_t[n]</c>, <c>y_t[c] = D[c] x_t[c] + Σ_n C_t[n] h_t[c,n]</c> with <c>A = -exp(A_log)</c>; rows and states in sequence.
/// </summary>
/// <remarks>
/// Shapes: x, dt (not negative), y <c>[N, C]</c>, B, C <c>[N, S]</c>, A_log <c>[C, S]</c> in panels, D <c>[1, C]</c>. The state
/// is <c>[C / 16][S][16]</c>, C rounded up. Saved for backward: x, dt, B and C. A row's bits depend on its state and its operands
/// alone, so neither how a sequence was cut nor who came along shows.
/// </remarks>
internal readonly unsafe struct SelectiveScanOp(ScanOperands operands, RecurrenceRows rows, int layer) : IOp<SelectiveScanOp>
{
    /// <summary>Segments that share the rates of a block of channels, which are as much work as a row.</summary>
    private const int SegmentsPerPiece = 8;

    /// <summary>Rows whose operands are fetched together: they lie far apart, and so their misses overlap.</summary>
    private const int TileRows = 16;

    public static string Name => "SelectiveScan";

    public OpPart Part => OpPart.Attention;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (operands.X.Rows, operands.X.Columns);

    public void Check() => operands.Check(Name, rows, layer);

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        int blocks = RowKernel.Pieces(operands.Channels, SelectiveScan.Block);
        var work = new ForwardWork<T>(operands, results[0], rows, layer, (team, blocks));
        team.Run(RowKernel.Pieces(rows.Segments.Count, SegmentsPerPiece) * blocks, ref work,
            operands.X.Length * operands.States * 8);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        (Tensor x, Tensor dt, Tensor b, Tensor c, Parameter logRates, Parameter skip) = operands;
        int states = operands.States;
        float[] rates = new float[states];
        foreach (RecurrenceSegment segment in rows.Segments)
        {
            for (int channel = 0; channel < x.Columns; channel++)
            {
                logRates.ReadRow(channel, rates);
                float[][] h = new float[segment.Rows][];
                for (int row = 0; row < segment.Rows; row++)
                {
                    int at = segment.FirstRow + row;
                    int parent = segment.Parents is { } parents ? parents[row] : row - 1;
                    double step = dt.Row(at)[channel], input = x.Row(at)[channel];
                    double sum = skip.Data.Span[channel] * input;
                    h[row] = new float[states];
                    for (int n = 0; n < states; n++)
                    {
                        double before = parent >= 0 ? h[parent][n]
                            : segment.Source < 0 ? 0 : rows.Storage!.At(segment.Source, layer)[StateIndex(channel, n, states)];
                        h[row][n] = (float)(Math.Exp(-step * Math.Exp(rates[n])) * before + step * input * b.Row(at)[n]);
                        sum += c.Row(at)[n] * (double)h[row][n];
                    }

                    results[0].Row(at)[channel] = (float)sum;
                }

                foreach (KeptState kept in segment.Kept)
                {
                    for (int n = 0; n < states; n++)
                        rows.Storage!.At(kept.Slot, layer)[StateIndex(channel, n, states)] = h[kept.Row][n];
                }
            }
        }

        ClearFillers();
    }

    public SelectiveScanOp Recorded() => rows.Storage is null ? this : throw RecurrenceChecks.NoGradient();

    public void Show(OpView to) => to.Operand("x", operands.X).Operand("dt", operands.Dt).Operand("b", operands.B)
        .Operand("c", operands.C).Weight(operands.LogRates).Trains(operands.Skip).Has(StateView.Of(rows, layer));

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
        saved.Add(operands.X);
        saved.Add(operands.Dt);
        saved.Add(operands.B);
        saved.Add(operands.C);
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
        var made = new Tensor[4];
        ops.Call(new SelectiveScanBackwardOp(operands, rows, dy[0]!), made);
        gradients.Add(operands.X, made[0]);
        gradients.Add(operands.Dt, made[1]);
        gradients.Add(operands.B, made[2]);
        gradients.Add(operands.C, made[3]);
    }

    /// <summary>Where a state lies in a slot.</summary>
    private static long StateIndex(int channel, int n, int states) => ((long)(channel / 16) * states + n) * 16 + channel % 16;

    /// <summary>Channels that fill the last vector are zeros, as the kernel leaves them.</summary>
    private void ClearFillers()
    {
        foreach (KeptState kept in rows.Segments.SelectMany(segment => segment.Kept))
        {
            for (int channel = operands.Channels; channel % 16 != 0; channel++)
            {
                for (int n = 0; n < operands.States; n++)
                    rows.Storage!.At(kept.Slot, layer)[StateIndex(channel, n, operands.States)] = 0;
            }
        }
    }

    private readonly struct ForwardWork<T>(
        ScanOperands operands, Tensor y, RecurrenceRows rows, int layer, (WorkerTeam Team, int Blocks) work) : IWork
        where T : struct, ILanes<T>
    {
        private readonly float* _x = operands.X.Floats;
        private readonly float* _dt = operands.Dt.Floats;
        private readonly float* _b = operands.B.Floats;
        private readonly float* _c = operands.C.Floats;
        private readonly float* _logRates = operands.LogRates.Data.Floats;
        private readonly float* _skip = operands.Skip.Data.Floats;
        private readonly float* _y = y.Floats;
        private readonly int _channels = operands.Channels;
        private readonly int _states = operands.States;

        public void Do(int piece, int worker)
        {
            (int group, int block) = int.DivRem(piece, work.Blocks);
            int channel = block * SelectiveScan.Block;
            int count = Math.Min(SelectiveScan.Block, _channels - channel);
            int width = SelectiveScan.StateWidth(count, _states);
            Scratch scratch = work.Team.ScratchOf(worker);
            var place = new ScanBlock { Channel = channel, Count = count, Width = width };
            place.Rates = scratch.Take(width);
            place.States = scratch.Take(width);
            float* zeros = scratch.Take(width), tile = scratch.Take(3 * TileRows * SelectiveScan.Block);
            SelectiveScan.Rates<T>(_logRates + (long)channel * _states, place.Rates, _states, count);
            new Span<float>(zeros, width).Clear();
            int end = Math.Min(rows.Segments.Count, (group + 1) * SegmentsPerPiece);
            for (int i = group * SegmentsPerPiece; i < end; i++)
            {
                RecurrenceSegment segment = rows.Segments[i];
                float* source = segment.Source < 0 ? zeros : StateAt(segment.Source, channel);
                if (segment.Parents is null)
                    Chain(segment, place, source, tile);
                else
                    Tree(segment, place, source, scratch);
            }
        }

        /// <summary>A row writes its state where it is to be kept, and the next one reads it there: nothing is copied.</summary>
        private void Chain(RecurrenceSegment segment, in ScanBlock place, float* before, float* tile)
        {
            const int Stride = SelectiveScan.Block;
            float* x = tile, dt = tile + TileRows * Stride, y = dt + TileRows * Stride;
            int keep = 0;
            for (int first = 0; first < segment.Rows; first += TileRows)
            {
                int count = Math.Min(TileRows, segment.Rows - first);
                long at = (long)(segment.FirstRow + first) * _channels + place.Channel;
                Copy(_x + at, _channels, x, Stride, count, place.Count);
                Copy(_dt + at, _channels, dt, Stride, count, place.Count);
                for (int row = 0; row < count; row++)
                {
                    bool isKept = keep < segment.Kept.Count && segment.Kept[keep].Row == first + row;
                    float* after = isKept ? StateAt(segment.Kept[keep++].Slot, place.Channel) : place.States;
                    long inner = (long)(segment.FirstRow + first + row) * _states;
                    SelectiveScan.Forward<T>(x + row * Stride, dt + row * Stride, _b + inner, _c + inner, place.Rates,
                        _skip + place.Channel, before, after, y + row * Stride, _states, place.Count);
                    before = after;
                }

                Copy(y, Stride, _y + at, _channels, count, place.Count);
            }
        }

        private static void Copy(float* from, int fromStride, float* to, int toStride, int rows, int count)
        {
            for (int row = 0; row < rows; row++, from += fromStride, to += toStride)
                new ReadOnlySpan<float>(from, count).CopyTo(new Span<float>(to, count));
        }

        private void Tree(RecurrenceSegment segment, in ScanBlock place, float* source, Scratch scratch)
        {
            float* own = scratch.Take((long)segment.Rows * place.Width);
            float** states = (float**)scratch.Take((long)segment.Rows * (sizeof(float*) / sizeof(float)));
            int keep = 0;
            for (int row = 0; row < segment.Rows; row++)
            {
                bool isKept = keep < segment.Kept.Count && segment.Kept[keep].Row == row;
                states[row] = isKept ? StateAt(segment.Kept[keep++].Slot, place.Channel) : own + (long)row * place.Width;
                int parent = segment.Parents![row];
                Row(segment.FirstRow + row, place, parent < 0 ? source : states[parent], states[row]);
            }
        }

        private void Row(int row, in ScanBlock place, float* before, float* after)
        {
            long at = (long)row * _channels + place.Channel, inner = (long)row * _states;
            SelectiveScan.Forward<T>(_x + at, _dt + at, _b + inner, _c + inner, place.Rates, _skip + place.Channel, before, after,
                _y + at, _states, place.Count);
        }

        private float* StateAt(int slot, int channel) => rows.Storage!.At(slot, layer) + (long)channel * _states;
    }
}

public static partial class OpsExtensions
{
    /// <summary>
    /// The selective scan of Mamba over ragged segments: <c>[N, C] → [N, C]</c>. Segments with a source go on from its state, and
    /// states (<see cref="SelectiveScanState"/>) are kept in the slots that are asked for, under <paramref name="layer"/>.
    /// </summary>
    /// <param name="ops">The ops.</param>
    /// <param name="x">The inputs.</param>
    /// <param name="dt">The steps, <c>[N, C]</c>, not negative.</param>
    /// <param name="b">How inputs enter the states, <c>[N, S]</c>.</param>
    /// <param name="c">How states leave, <c>[N, S]</c>.</param>
    /// <param name="logRates">A_log, <c>[C, S]</c> in panels: states decay with <c>-exp(A_log)</c>.</param>
    /// <param name="skip">D, <c>[1, C]</c>.</param>
    /// <param name="rows">The segments.</param>
    /// <param name="layer">Which layer's part of a slot.</param>
    public static Tensor SelectiveScan(
        this IOps ops, Tensor x, Tensor dt, Tensor b, Tensor c, Parameter logRates, Parameter skip, RecurrenceRows rows,
        int layer) => ops.Run(new SelectiveScanOp(new ScanOperands(x, dt, b, c, logRates, skip), rows, layer));

    /// <summary>Features of the state of a selective scan: whole vectors of 16 channels.</summary>
    /// <param name="channels">Channels, C.</param>
    /// <param name="states">States of a channel, S.</param>
    public static int SelectiveScanState(int channels, int states) => Tensors.SelectiveScan.StateWidth(channels, states);
}

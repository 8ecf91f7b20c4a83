namespace Seriatim.Tensors.Tests;

/// <summary>
/// A linear recurrence goes on from a stored state with the bits of never having stopped, agrees with the three forms of
/// retention, and refuses what would corrupt memory.
/// </summary>
public sealed unsafe class LinearRecurrenceTests
{
    private const int Heads = 4;
    private const int Groups = 2;
    private const int Keys = 11;
    private const int Values = 37;
    private const int State = Heads * Keys * Values;

    public static TheoryData<string> Implementations => ["reference", "512", "256", "128"];

    [Theory]
    [MemberData(nameof(Implementations))]
    public void CutsAndTreesGiveTheBitsOfTheWhole(string name)
    {
        using IDifferentiableOps ops = Make(name);
        using Operands all = new(9);
        using Tensor whole = all.Run(ops, RecurrenceCases.Whole([9]), 0);
        using StateStorage storage = RecurrenceCases.Storage(State);
        using Tensor first = all.Run(ops, new([new(0, 4, -1, [new(1, 2), new(3, 3)])], storage), 1, 0, 1, 2, 3);
        OpTableTests.SameBits(whole.Row(3), first.Row(3), "row 3");

        // Rows 4, 5, 6 as a path of a tree, with others between them.
        using Tensor tree = all.Run(
            ops, new([new(0, 5, 3, [new(2, 4), new(4, 5)], [-1, -1, 0, 1, 2])], storage), 1, 4, 8, 5, 7, 6);
        OpTableTests.SameBits(whole.Row(5), tree.Row(2), "row 5");
        OpTableTests.SameBits(whole.Row(6), tree.Row(4), "row 6");
        using Tensor last = all.Run(ops, new([new(0, 2, 5, [new(1, 6)])], storage), 1, 7, 8);
        OpTableTests.SameBits(whole.Row(7), last.Row(0), "row 7");
        OpTableTests.SameBits(whole.Row(8), last.Row(1), "row 8");
        Assert.Equal(0.25f, storage.At(0, 1)[4]); // the other slots are as they were

        // From another slot, all at once: the state after the last row.
        using Tensor once = all.Run(ops, new([new(0, 9, -1, [new(8, 7)])], storage), 1, [.. Enumerable.Range(0, 9)]);
        OpTableTests.SameBits(
            new Span<float>(storage.At(7, 1), State), new Span<float>(storage.At(6, 1), State), "the last state");
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void LongSequencesAreCutAnywhere(string name)
    {
        // Longer than a tile stays in registers, and cut elsewhere than there.
        using IDifferentiableOps ops = Make(name);
        using Operands all = new(150);
        using Tensor whole = all.Run(ops, RecurrenceCases.Whole([150]), 0);
        using StateStorage storage = RecurrenceCases.Storage(State);
        using Tensor first = all.Run(
            ops, new([new(0, 71, -1, [new(30, 2), new(70, 3)])], storage), 1, [.. Enumerable.Range(0, 71)]);
        using Tensor second = all.Run(ops, new([new(0, 79, 3, [])], storage), 1, [.. Enumerable.Range(71, 79)]);
        OpTableTests.SameBits(whole.Row(70), first.Row(70), "row 70");
        OpTableTests.SameBits(whole.Row(149), second.Row(78), "row 149");
    }

    /// <summary>Sun et al., 2023, equations 5, 6 and 7, in plain loops.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(20)]
    [InlineData(64)]
    public void TheThreeFormsOfRetentionAreOne(int chunk)
    {
        const int Rows = 47;
        using var ops = CpuOps.Create(2, LaneWidth.Bits512);
        using Operands x = new(Rows);
        using Tensor o = ops.LinearRecurrence(
            x.Q, x.K, x.V, LinearDecay.Constant(LinearRecurrenceCases.Factors(Heads)), Groups, RecurrenceCases.Whole([Rows]), 0);
        for (int head = 0; head < Heads; head++)
        {
            var one = new RetentionForms(
                Part(x.Q, head / (Heads / Groups), Keys), Part(x.K, head / (Heads / Groups), Keys), Part(x.V, head, Values),
                LinearRecurrenceCases.Factors(Heads)[head]);
            double[][] parallel = one.Parallel(), recurrent = one.Recurrent(), chunkwise = one.Chunkwise(chunk);
            for (int row = 0; row < Rows; row++)
            {
                for (int j = 0; j < Values; j++)
                {
                    Assert.Equal(parallel[row][j], recurrent[row][j], 1e-10);
                    Assert.Equal(parallel[row][j], chunkwise[row][j], 1e-10);
                    Assert.Equal(parallel[row][j], o.Row(row)[head * Values + j], 1e-4);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void WhatIsNotFiniteStaysInItsSequenceAndItsFeature(string name)
    {
        using IDifferentiableOps ops = Make(name);
        using Operands x = new(6);
        x.V.Row(4)[3] = float.PositiveInfinity;
        using Tensor y = x.Run(ops, RecurrenceCases.Whole([3, 3]), 0);
        for (int row = 0; row < 6; row++)
        {
            for (int i = 0; i < Heads * Values; i++)
                Assert.Equal(row < 4 || i != 3, float.IsFinite(y.Row(row)[i]));
        }
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void WrongOperandsAreRefused(string name)
    {
        using IDifferentiableOps ops = Make(name);
        using Operands x = new(4);
        using Tensor narrow = Tensor.Zeros(4, 5), few = Tensor.Zeros(3, Heads);
        using StateStorage storage = RecurrenceCases.Storage(State);
        RecurrenceRows rows = new([new(0, 4, 0, [])], storage);
        LinearDecay decay = LinearDecay.OfRows(x.Logs);
        Assert.Throws<ShapeMismatchException>(() => ops.LinearRecurrence(x.Q, narrow, x.V, decay, Groups, rows, 1));
        Assert.Throws<ShapeMismatchException>(() => ops.LinearRecurrence(x.Q, x.K, narrow, decay, Groups, rows, 1));
        Assert.Throws<ShapeMismatchException>(() => ops.LinearRecurrence(narrow, narrow, x.V, decay, Groups, rows, 1));
        Assert.Throws<ShapeMismatchException>(() => ops.LinearRecurrence(x.Q, x.K, x.V, decay, 3, rows, 1));
        Assert.Throws<ShapeMismatchException>(() => ops.LinearRecurrence(x.Q, x.K, x.V, decay, 0, rows, 1));
        Assert.Throws<ShapeMismatchException>(() => ops.LinearRecurrence(x.Q, x.K, x.V, decay, 1, rows, 1)); // another state
        Assert.Throws<ShapeMismatchException>(
            () => ops.LinearRecurrence(x.Q, x.K, x.V, LinearDecay.OfRows(few), Groups, rows, 1));
        Assert.Throws<ShapeMismatchException>(() => ops.LinearRecurrence(x.Q, x.K, x.V, default, Groups, rows, 1));
        Assert.Throws<ShapeMismatchException>(() => ops.LinearRecurrence(x.Q, x.K, x.V, decay, Groups, rows, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => ops.LinearRecurrence(x.Q, x.K, x.V, decay, Groups, rows, 2));
        using var tape = new Tape(ops);
        Assert.Throws<InvalidOperationException>(() => tape.LinearRecurrence(x.Q, x.K, x.V, decay, Groups, rows, 1));
    }

    private static double[][] Part(Tensor x, int head, int width) =>
        [.. Enumerable.Range(0, x.Rows).Select(row =>
            x.Row(row).Slice(head * width, width).ToArray().Select(value => (double)value).ToArray())];

    private static IDifferentiableOps Make(string name) => name switch
    {
        "reference" => new ReferenceOps(),
        "512" => CpuOps.Create(2, LaneWidth.Bits512),
        "256" => CpuOps.Create(2, LaneWidth.Bits256),
        _ => CpuOps.Create(2, LaneWidth.Bits128),
    };

    /// <summary>Operands of so many rows.</summary>
    private sealed class Operands(int rows) : IDisposable
    {
        public Tensor Q { get; } = Numbers(rows, Groups * Keys, 1, -1.5f, 1.5f);

        public Tensor K { get; } = Numbers(rows, Groups * Keys, 2, -1.5f, 1.5f);

        public Tensor V { get; } = Numbers(rows, Heads * Values, 3, -1.5f, 1.5f);

        public Tensor Logs { get; } = Numbers(rows, Heads, 4, -2, 0);

        /// <summary>The recurrence of some of the rows; of all if none are named.</summary>
        public Tensor Run(IOps ops, RecurrenceRows segments, int layer, params int[] own)
        {
            if (own.Length == 0)
                return ops.LinearRecurrence(Q, K, V, LinearDecay.OfRows(Logs), Groups, segments, layer);
            using Tensor q = Rows(Q, own), k = Rows(K, own), v = Rows(V, own), logs = Rows(Logs, own);
            return ops.LinearRecurrence(q, k, v, LinearDecay.OfRows(logs), Groups, segments, layer);
        }

        public void Dispose()
        {
            Q.Dispose();
            K.Dispose();
            V.Dispose();
            Logs.Dispose();
        }

        private static Tensor Numbers(int rows, int columns, int seed, float low, float high)
        {
            var random = new Random(seed);
            return Tensor.From(
                [.. Enumerable.Range(0, rows * columns).Select(_ => low + (high - low) * random.NextSingle())], rows, columns);
        }

        private static Tensor Rows(Tensor x, int[] rows) =>
            Tensor.From([.. rows.SelectMany(row => x.Row(row).ToArray())], rows.Length, x.Columns);
    }
}

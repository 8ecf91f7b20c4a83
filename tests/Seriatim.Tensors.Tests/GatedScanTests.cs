namespace Seriatim.Tensors.Tests;

/// <summary>
/// LSTM and GRU go on from a stored state with the bits of never having stopped, have the bits of torch's formulas written out,
/// and refuse what would corrupt memory.
/// </summary>
public sealed unsafe class GatedScanTests
{
    private const int Width = 21;

    public static TheoryData<GatedCell, string> Implementations
    {
        get
        {
            var data = new TheoryData<GatedCell, string>();
            foreach (GatedCell cell in Enum.GetValues<GatedCell>())
            {
                foreach (string name in (string[])["reference", "512", "256", "128"])
                    data.Add(cell, name);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void CutsAndTreesGiveTheBitsOfTheWhole(GatedCell cell, string name)
    {
        using LinearWeight weight = Recurrent(cell);
        int state = GatedScanCases.Parts(cell) * Width;
        RecurrenceCuts.Check(name, state, [GatedScanCases.Gates(cell) * Width],
            (ops, x, rows, layer) => ops.GatedScan(cell, x[0], weight, null, rows, layer));
    }

    /// <summary>A first state that is given and one that lies in a slot are the same.</summary>
    [Theory]
    [MemberData(nameof(Implementations))]
    public void FirstStatesAreStates(GatedCell cell, string name)
    {
        using IDifferentiableOps ops = RecurrenceCuts.Make(name);
        using LinearWeight weight = Recurrent(cell);
        int state = GatedScanCases.Parts(cell) * Width;
        using StateStorage storage = RecurrenceCases.Storage(state);
        using Tensor x = RecurrenceCuts.Numbers(7, GatedScanCases.Gates(cell) * Width, 1);
        using Tensor initial = Tensor.From(new ReadOnlySpan<float>(storage.At(1, 1), state).ToArray(), 1, state);
        using Tensor stored = ops.GatedScan(cell, x, weight, null, new([new(0, 4, 1, []), new(4, 3, 0, [])], storage), 1);
        using Tensor given = ops.GatedScan(cell, x, weight, initial, new([new(0, 4, -1, []), new(4, 3, 0, [])], storage), 1);
        OpTableTests.SameBits(stored.Span, given.Span, "from a first state");
    }

    /// <summary>
    /// Many sequences of one row, as decoding has them, give the bits of each alone: they share one product.
    /// </summary>
    [Theory]
    [MemberData(nameof(Implementations))]
    public void SequencesThatStepTogetherHaveTheBitsTheyHaveAlone(GatedCell cell, string name)
    {
        using IDifferentiableOps ops = RecurrenceCuts.Make(name);
        using LinearWeight weight = Recurrent(cell);
        using StateStorage storage = RecurrenceCases.Storage(GatedScanCases.Parts(cell) * Width);
        using Tensor x = RecurrenceCuts.Numbers(19, GatedScanCases.Gates(cell) * Width, 1);
        using Tensor together = ops.GatedScan(cell, x, weight, null,
            new([.. Enumerable.Range(0, 19).Select(i => new RecurrenceSegment(i, 1, i % 3 - 1, []))], storage), 1);
        for (int i = 0; i < 19; i++)
        {
            using Tensor own = RecurrenceCuts.Rows(x, i);
            using Tensor alone = ops.GatedScan(cell, own, weight, null, new([new(0, 1, i % 3 - 1, [])], storage), 1);
            OpTableTests.SameBits(alone.Row(0), together.Row(i), $"row {i}");
        }
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void WhatIsNotFiniteStaysInItsSequence(GatedCell cell, string name)
    {
        using IDifferentiableOps ops = RecurrenceCuts.Make(name);
        using LinearWeight weight = Recurrent(cell);
        using Tensor x = RecurrenceCuts.Numbers(6, GatedScanCases.Gates(cell) * Width, 1);
        x.Row(1)[3] = float.NaN;
        using Tensor y = ops.GatedScan(cell, x, weight, null, RecurrenceCases.Whole([3, 3]), 0);
        for (int row = 0; row < 6; row++)
            Assert.Equal(row is not (1 or 2), y.Row(row).ToArray().All(float.IsFinite));
    }

    /// <summary>A gradient is the slope, also with respect to the first states (central differences on the oracle).</summary>
    [Theory]
    [InlineData(GatedCell.Lstm)]
    [InlineData(GatedCell.Gru)]
    public void GradientsOfFirstStatesAreSlopes(GatedCell cell)
    {
        using var ops = new ReferenceOps();
        using LinearWeight weight = Recurrent(cell);
        using Tensor x = RecurrenceCuts.Numbers(7, GatedScanCases.Gates(cell) * Width, 1);
        using Tensor initial = RecurrenceCuts.Numbers(2, GatedScanCases.Parts(cell) * Width, 2);
        RecurrenceRows rows = RecurrenceCases.Whole([4, 3]);
        using IDifferentiableOps fast = CpuOps.Create(2);
        using var tape = new Tape(fast);
        tape.Watch(x);
        tape.Watch(initial);
        using (Tensor y = tape.GatedScan(cell, x, weight, initial, rows, 0))
            tape.Backward(y, 1);
        float[] gradient = tape.GradientOf(initial)!.ToArray();
        for (int i = 0; i < gradient.Length; i += 5)
        {
            float before = initial.Span[i];
            double Sum(float value)
            {
                initial.Span[i] = value;
                using Tensor y = ops.GatedScan(cell, x, weight, initial, rows, 0);
                return y.ToArray().Sum(v => (double)v);
            }

            double slope = (Sum(before + 0.01f) - Sum(before - 0.01f)) / 0.02;
            initial.Span[i] = before;
            Assert.True(Math.Abs(slope - gradient[i]) < 2e-3, $"element {i}: {gradient[i]}, the slope is {slope}");
        }
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void WrongOperandsAreRefused(GatedCell cell, string name)
    {
        using IDifferentiableOps ops = RecurrenceCuts.Make(name);
        using LinearWeight weight = Recurrent(cell), other = RecurrenceOf(4 * Width + 1, Width);
        int gates = GatedScanCases.Gates(cell), parts = GatedScanCases.Parts(cell);
        using StateStorage storage = RecurrenceCases.Storage(parts * Width);
        using Tensor x = RecurrenceCuts.Numbers(4, gates * Width, 1), narrow = RecurrenceCuts.Numbers(4, 5, 1);
        using Tensor two = RecurrenceCuts.Numbers(2, parts * Width, 1);
        RecurrenceSegment stored = new(0, 4, 0, []), begun = new(0, 4, -1, []);
        void Refuses<T>(Tensor operand, LinearWeight w, Tensor? initial, int layer, params RecurrenceSegment[] segments)
            where T : Exception =>
            Assert.ThrowsAny<T>(() => ops.GatedScan(cell, operand, w, initial, new(segments, storage), layer));
        Refuses<ShapeMismatchException>(narrow, weight, null, 1, stored);
        Refuses<ShapeMismatchException>(x, other, null, 1, stored);
        Refuses<ShapeMismatchException>(x, weight, two, 1, begun);
        Refuses<ShapeMismatchException>(x, weight, narrow, 1, begun);
        Refuses<ShapeMismatchException>(x, weight, two, 1, stored);
        Refuses<ShapeMismatchException>(x, weight, null, 0, stored);
        Refuses<ArgumentOutOfRangeException>(x, weight, null, 2, stored);
        Refuses<ArgumentOutOfRangeException>(x, weight, null, 1, new RecurrenceSegment(0, 4, 8, []));
        Refuses<ArgumentException>(x, weight, null, 1, new RecurrenceSegment(0, 4, 0, [new(3, 0)]));
        Refuses<ShapeMismatchException>(x, weight, null, 1, new RecurrenceSegment(0, 3, 0, []));
        using var tape = new Tape(ops);
        Assert.Throws<InvalidOperationException>(() => tape.GatedScan(cell, x, weight, null, new([stored], storage), 1));
        using (Tensor y = tape.GatedScan(cell, x, weight, null, new([new(0, 4, -1, [], [-1, 0, 0, 1])], null), 0))
            Assert.Throws<InvalidOperationException>(() => tape.Backward(y));
    }

    private static LinearWeight Recurrent(GatedCell cell) => RecurrenceOf(GatedScanCases.Gates(cell) * Width, Width);

    private static LinearWeight RecurrenceOf(int outputs, int inputs) => LinearWeight.FromPanels(
        RecurrenceCuts.Filled(new Parameter("w", outputs, inputs, ParameterLayout.Panels), 3),
        RecurrenceCuts.Filled(new Parameter("b", 1, outputs, ParameterLayout.RowMajor), 5));
}

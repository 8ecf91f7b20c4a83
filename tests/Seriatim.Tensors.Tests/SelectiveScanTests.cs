namespace Seriatim.Tensors.Tests;

/// <summary>A scan goes on from a stored state with the bits of never having stopped, and refuses what does not fit.</summary>
public sealed unsafe class SelectiveScanTests
{
    private const int Width = 37;
    private const int States = 5;

    public static TheoryData<string> Implementations => RecurrenceCuts.Implementations;

    [Theory]
    [MemberData(nameof(Implementations))]
    public void CutsAndTreesGiveTheBitsOfTheWhole(string name)
    {
        using Parameter logRates = LogRates(), skip = Skip();
        RecurrenceCuts.Check(name, OpsExtensions.SelectiveScanState(Width, States), [Width, Width, States, States],
            (ops, x, rows, layer) => ops.SelectiveScan(x[0], Steps(x[1]), x[2], x[3], logRates, skip, rows, layer));
    }

    /// <summary>More segments than a piece takes, of which some begin in slots.</summary>
    [Fact]
    public void ASegmentHasTheSameBitsAmongOthers()
    {
        using Parameter logRates = LogRates(), skip = Skip();
        using IDifferentiableOps ops = CpuOps.Create(3);
        using StateStorage storage = RecurrenceCases.Storage(OpsExtensions.SelectiveScanState(Width, States));
        const int Count = 21;
        using Tensor x = RecurrenceCuts.Numbers(2 * Count, Width, 1), dt = Steps(RecurrenceCuts.Numbers(2 * Count, Width, 2));
        using Tensor b = RecurrenceCuts.Numbers(2 * Count, States, 3), c = RecurrenceCuts.Numbers(2 * Count, States, 4);
        RecurrenceSegment[] all = [.. Enumerable.Range(0, Count).Select(i => new RecurrenceSegment(2 * i, 2, i % 3 - 1, []))];
        using Tensor together = ops.SelectiveScan(x, dt, b, c, logRates, skip, new(all, storage), 1);
        for (int i = 0; i < Count; i++)
        {
            Tensor Own(Tensor operand) => RecurrenceCuts.Rows(operand, 2 * i, 2 * i + 1);
            using Tensor alone = ops.SelectiveScan(
                Own(x), Own(dt), Own(b), Own(c), logRates, skip, new([all[i] with { FirstRow = 0 }], storage), 1);
            OpTableTests.SameBits(alone.Row(0), together.Row(2 * i), $"segment {i}");
            OpTableTests.SameBits(alone.Row(1), together.Row(2 * i + 1), $"segment {i}");
        }
    }

    /// <summary>A step of zero leaves the state as it is, bit for bit.</summary>
    [Fact]
    public void NoStepKeepsTheState()
    {
        using Parameter logRates = LogRates(), skip = Skip();
        using IDifferentiableOps ops = CpuOps.Create(1);
        int state = OpsExtensions.SelectiveScanState(Width, States);
        using StateStorage storage = RecurrenceCases.Storage(state);
        using Tensor x = RecurrenceCuts.Numbers(2, Width, 1), zero = Tensor.Zeros(2, Width);
        using Tensor b = RecurrenceCuts.Numbers(2, States, 3);
        using Tensor y = ops.SelectiveScan(x, zero, b, b, logRates, skip, new([new(0, 2, 1, [new(1, 4)])], storage), 1);
        OpTableTests.SameBits(new ReadOnlySpan<float>(storage.At(1, 1), state), new ReadOnlySpan<float>(storage.At(4, 1), state),
            "the state");
    }

    [Fact]
    public void WhatIsNotFiniteStaysInItsChannelAndItsSequence()
    {
        using Parameter logRates = LogRates(), skip = Skip();
        using IDifferentiableOps ops = CpuOps.Create(2);
        using Tensor x = RecurrenceCuts.Numbers(9, Width, 1), dt = Steps(RecurrenceCuts.Numbers(9, Width, 2));
        using Tensor b = RecurrenceCuts.Numbers(9, States, 3), c = RecurrenceCuts.Numbers(9, States, 4);
        x.Row(1)[5] = float.NaN;
        dt.Row(1)[7] = float.NaN;
        using Tensor y = ops.SelectiveScan(x, dt, b, c, logRates, skip, RecurrenceCases.Whole([4, 5]), 0);
        for (int row = 0; row < 9; row++)
        {
            for (int i = 0; i < Width; i++)
                Assert.Equal(row is < 1 or > 3 || i is not (5 or 7), float.IsFinite(y.Row(row)[i]));
        }
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void WrongOperandsAreRefused(string name)
    {
        using Parameter logRates = LogRates(), skip = Skip(), rowMajor = new("rows", Width, States),
            few = new("few", Width, States - 1, ParameterLayout.Panels);
        using IDifferentiableOps ops = RecurrenceCuts.Make(name);
        using Tensor x = RecurrenceCuts.Numbers(4, Width, 1), b = RecurrenceCuts.Numbers(4, States, 3);
        using Tensor narrow = Tensor.Zeros(4, 2);
        using StateStorage storage = RecurrenceCases.Storage(Width * States);
        RecurrenceRows rows = RecurrenceCases.Whole([4]);
        Assert.Throws<ShapeMismatchException>(() => ops.SelectiveScan(x, b, b, b, logRates, skip, rows, 0));
        Assert.Throws<ShapeMismatchException>(() => ops.SelectiveScan(x, x, b, narrow, logRates, skip, rows, 0));
        Assert.Throws<ShapeMismatchException>(() => ops.SelectiveScan(x, x, b, b, few, skip, rows, 0));
        Assert.Throws<ShapeMismatchException>(() => ops.SelectiveScan(x, x, b, b, logRates, logRates, rows, 0));
        Assert.Throws<ArgumentException>(() => ops.SelectiveScan(x, x, b, b, rowMajor, skip, rows, 0));
        Assert.Throws<ShapeMismatchException>(
            () => ops.SelectiveScan(x, x, b, b, logRates, skip, new([new(0, 4, 0, [])], storage), 1));
        using var tape = new Tape(ops);
        using StateStorage right = RecurrenceCases.Storage(OpsExtensions.SelectiveScanState(Width, States));
        Assert.Throws<InvalidOperationException>(
            () => tape.SelectiveScan(x, x, b, b, logRates, skip, new([new(0, 4, 0, [])], right), 1));
    }

    private static Parameter LogRates() => RecurrenceCuts.Filled(new("A_log", Width, States, ParameterLayout.Panels), 1);

    private static Parameter Skip() => RecurrenceCuts.Filled(new("D", 1, Width), 2);

    private static Tensor Steps(Tensor x) =>
        Tensor.From([.. x.ToArray().Select(value => Math.Abs(value))], x.Rows, x.Columns);
}

namespace Seriatim.Tensors.Tests;

/// <summary>
/// A convolution goes on from its last inputs with the bits of never having stopped, and refuses what does not fit.
/// </summary>
public sealed unsafe class CausalConvolutionTests
{
    private const int Width = 37;
    private const int Kernel = 4;
    private const int State = (Kernel - 1) * Width;

    public static TheoryData<string> Implementations => RecurrenceCuts.Implementations;

    [Theory]
    [MemberData(nameof(Implementations))]
    public void CutsAndTreesGiveTheBitsOfTheWhole(string name)
    {
        using Parameter weight = Filter(), bias = Bias();
        RecurrenceCuts.Check(
            name, State, [Width], (ops, x, rows, layer) => ops.CausalConvolution(x[0], weight, bias, rows, layer));
    }

    /// <summary>So many channels that a few rows are a piece of work: states are kept in the piece that has their row.</summary>
    [Theory]
    [MemberData(nameof(Implementations))]
    public void WideRowsAreCutIntoPieces(string name)
    {
        const int Wide = 3001;
        using Parameter weight = RecurrenceCuts.Filled(new("weight", Wide, Kernel, ParameterLayout.Panels), 1);
        RecurrenceCuts.Check(name, (Kernel - 1) * Wide, [Wide],
            (ops, x, rows, layer) => ops.CausalConvolution(x[0], weight, null, rows, layer));
    }

    /// <summary>Cuts shorter than the filter: what is kept after one row holds rows of before.</summary>
    [Theory]
    [MemberData(nameof(Implementations))]
    public void RowByRowGivesTheBitsOfTheWhole(string name)
    {
        using Parameter weight = Filter();
        using IDifferentiableOps ops = RecurrenceCuts.Make(name);
        using Tensor x = RecurrenceCuts.Numbers(8, Width, 3);
        using Tensor whole = ops.CausalConvolution(x, weight, null, RecurrenceCases.Whole([8]), 0);
        using StateStorage storage = RecurrenceCases.Storage(State);
        for (int row = 0; row < 8; row++)
        {
            (int source, int kept) = (row == 0 ? -1 : 2 + row % 2, 2 + (row + 1) % 2);
            using Tensor one = ops.CausalConvolution(
                RecurrenceCuts.Rows(x, row), weight, null, new([new(0, 1, source, [new(0, kept)])], storage), 1);
            OpTableTests.SameBits(whole.Row(row), one.Row(0), $"row {row}");
        }
    }

    [Fact]
    public void WhatIsNotFiniteStaysInItsChannelAndReachesAsFarAsTheFilter()
    {
        using Parameter weight = Filter();
        using IDifferentiableOps ops = CpuOps.Create(2);
        using Tensor x = RecurrenceCuts.Numbers(12, Width, 3);
        x.Row(1)[5] = float.NaN;
        using Tensor y = ops.CausalConvolution(x, weight, null, RecurrenceCases.Whole([7, 5]), 0);
        for (int row = 0; row < 12; row++)
        {
            for (int c = 0; c < Width; c++)
                Assert.Equal(c != 5 || row is < 1 or > Kernel, float.IsFinite(y.Row(row)[c]));
        }
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void WrongOperandsAreRefused(string name)
    {
        using IDifferentiableOps ops = RecurrenceCuts.Make(name);
        using Parameter weight = Filter(), narrow = new("narrow", Width - 1, Kernel, ParameterLayout.Panels),
            rowMajor = new("rows", Width, Kernel), bias = new("bias", 1, Width + 1);
        using Tensor x = RecurrenceCuts.Numbers(4, Width, 3);
        using StateStorage storage = RecurrenceCases.Storage(State), small = RecurrenceCases.Storage(State - 1);
        RecurrenceRows whole = RecurrenceCases.Whole([4]);
        Assert.Throws<ShapeMismatchException>(() => ops.CausalConvolution(x, narrow, null, whole, 0));
        Assert.Throws<ShapeMismatchException>(() => ops.CausalConvolution(x, weight, bias, whole, 0));
        Assert.Throws<ArgumentException>(() => ops.CausalConvolution(x, rowMajor, null, whole, 0));
        Assert.Throws<ShapeMismatchException>(() => ops.CausalConvolution(x, weight, null, new([new(0, 4, 0, [])], small), 1));
        Assert.Throws<ShapeMismatchException>(() => ops.CausalConvolution(x, weight, null, new([new(0, 3, 0, [])], storage), 1));
        using var tape = new Tape(ops);
        Assert.Throws<InvalidOperationException>(
            () => tape.CausalConvolution(x, weight, null, new([new(0, 4, 0, [])], storage), 1));
    }

    private static Parameter Filter() => RecurrenceCuts.Filled(new("weight", Width, Kernel, ParameterLayout.Panels), 1);

    private static Parameter Bias() => RecurrenceCuts.Filled(new("bias", 1, Width), 2);
}

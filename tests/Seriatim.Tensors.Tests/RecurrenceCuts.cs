namespace Seriatim.Tensors.Tests;

/// <summary>
/// What every recurrence must show: however a sequence is cut, and as a path of a tree, its rows have the same bits.
/// </summary>
internal static unsafe class RecurrenceCuts
{
    public delegate Tensor Recurrence(IOps ops, Tensor[] operands, RecurrenceRows rows, int layer);

    public static TheoryData<string> Implementations => ["reference", "512", "256", "128"];

    public static IDifferentiableOps Make(string name) => name switch
    {
        "reference" => new ReferenceOps(),
        "512" => CpuOps.Create(2, LaneWidth.Bits512),
        "256" => CpuOps.Create(2, LaneWidth.Bits256),
        _ => CpuOps.Create(2, LaneWidth.Bits128),
    };

    /// <summary>Nine rows whole, and cut into four, a tree with rows 4 to 6 as a path, and the last two.</summary>
    /// <param name="name">The implementation.</param>
    /// <param name="state">Features of the state.</param>
    /// <param name="widths">Columns of each operand.</param>
    /// <param name="recurrence">The op.</param>
    public static void Check(string name, int state, int[] widths, Recurrence recurrence)
    {
        using IDifferentiableOps ops = Make(name);
        Tensor[] x = [.. widths.Select((width, i) => Numbers(9, width, i + 1))];
        Tensor[] Part(params int[] rows) => [.. x.Select(operand => Rows(operand, rows))];
        using StateStorage storage = RecurrenceCases.Storage(state);
        using Tensor whole = recurrence(ops, x, RecurrenceCases.Whole([9]), 0);
        using Tensor again = recurrence(ops, x, new([new(0, 9, -1, [new(3, 7), new(8, 6)])], storage), 1);
        using Tensor first = recurrence(ops, Part(0, 1, 2, 3), new([new(0, 4, -1, [new(1, 2), new(3, 3)])], storage), 1);
        OpTableTests.SameBits(new ReadOnlySpan<float>(storage.At(7, 1), state), new ReadOnlySpan<float>(storage.At(3, 1), state),
            "the state kept after row 3");
        using Tensor tree = recurrence(
            ops, Part(4, 8, 5, 7, 6), new([new(0, 5, 3, [new(2, 4), new(4, 5)], [-1, -1, 0, 1, 2])], storage), 1);
        using Tensor last = recurrence(ops, Part(7, 8), new([new(0, 2, 5, [new(1, 2)])], storage), 1);
        (int Row, Tensor Part, int Of)[] pairs =
        [
            (0, first, 0), (1, first, 1), (2, first, 2), (3, first, 3), (4, tree, 0), (5, tree, 2), (6, tree, 4), (7, last, 0),
            (8, last, 1), (0, again, 0), (8, again, 8),
        ];
        foreach ((int row, Tensor part, int of) in pairs)
            OpTableTests.SameBits(whole.Row(row), part.Row(of), $"row {row}");
        OpTableTests.SameBits(new ReadOnlySpan<float>(storage.At(6, 1), state), new ReadOnlySpan<float>(storage.At(2, 1), state),
            "the last state");
        Assert.Equal(0.25f, storage.At(0, 1)[4]); // the other slots are as they were
    }

    public static Tensor Numbers(int rows, int width, int seed)
    {
        var random = new Random(seed);
        return Tensor.From([.. Enumerable.Range(0, rows * width).Select(_ => 3 * random.NextSingle() - 1.5f)], rows, width);
    }

    public static Parameter Filled(Parameter parameter, int seed)
    {
        for (int row = 0; row < parameter.Rows; row++)
        {
            using Tensor values = Numbers(1, parameter.Columns, seed * 100 + row);
            parameter.WriteRow(row, values.Row(0));
        }

        return parameter;
    }

    public static Tensor Rows(Tensor x, params int[] rows) =>
        Tensor.From([.. rows.SelectMany(row => x.Row(row).ToArray())], rows.Length, x.Columns);
}

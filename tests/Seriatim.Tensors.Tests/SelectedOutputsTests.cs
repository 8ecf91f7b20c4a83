namespace Seriatim.Tensors.Tests;

/// <summary>Outputs taken out of a layer have the bits they have in it, whatever it is made of and whoever comes along.</summary>
public sealed class SelectedOutputsTests
{
    private const int Outputs = 83;
    private const int Inputs = 512;

    private static readonly int[] Few = [0, 5, 15, 16, 17, 31, 32, 64, 80, 82];

    public static TheoryData<string> Kinds =>
    [
        "F32", "F16", "BF16", "groups",
        .. Enum.GetValues<BlockType>().SelectMany(type => new[] { $"{type} Packed", $"{type} Rows" }),
    ];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Selected_outputs_have_the_bits_of_the_whole(string kind)
    {
        using LinearWeight weight = Weight(kind);
        using OutputTable table = weight.NewOutputTable();
        int[] all = [.. Enumerable.Range(0, Outputs)], most = [.. all.Where(o => o % 7 != 1 || Few.Contains(o))];
        using OutputSelection whole = table.Select(all);
        using OutputSelection part = table.Select(most);
        using OutputSelection few = table.Select(Few);
        foreach (LaneWidth width in Enum.GetValues<LaneWidth>())
        {
            using IDifferentiableOps ops = CpuOps.Create(2, width);
            using Tensor x = Tensor.Create(21, Inputs);
            Fill(x.Span, 3);
            using Tensor expected = ops.Linear(x, weight);
            Compare(ops, x, expected, whole, [(1, Few), (16, all), (4, Few)]);
            Compare(ops, x, expected, part, [(2, most), (1, [82]), (18, Few)]);
            Compare(ops, x, expected, few, [(20, Few), (1, [5])]);
        }
    }

    private static void Compare(
        IDifferentiableOps ops, Tensor x, Tensor expected, OutputSelection selection, (int Rows, int[] Outputs)[] runs)
    {
        using Tensor some = ops.LinearSelected(x, selection, [.. runs.Select(run => new SelectedRows(run.Rows, run.Outputs))]);
        int[][] needed = [.. runs.SelectMany(run => Enumerable.Repeat(run.Outputs, run.Rows))];
        for (int n = 0; n < x.Rows; n++)
        {
            for (int o = 0; o < Outputs; o++)
            {
                float value = needed[n].Contains(o) ? expected.Row(n)[o] : float.NegativeInfinity;
                Assert.Equal(BitConverter.SingleToInt32Bits(value), BitConverter.SingleToInt32Bits(some.Row(n)[o]));
            }
        }
    }

    [Theory]
    [InlineData(new int[0], "no output is selected")]
    [InlineData(new[] { 3, 3 }, "output 3 is selected after 3")]
    [InlineData(new[] { 7, 2 }, "output 2 is selected after 7")]
    [InlineData(new[] { 0, 83 }, "output 83 is selected after 0; outputs must rise from 0 to 82")]
    public void Bad_selections_are_refused(int[] outputs, string message)
    {
        using LinearWeight weight = Weight("F32");
        using OutputTable table = weight.NewOutputTable();
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => table.Select(outputs)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_and_runs_must_agree_and_weights_made_of_others_say_so()
    {
        using LinearWeight weight = Weight("F32");
        using OutputTable table = weight.NewOutputTable();
        using OutputSelection few = table.Select(Few);
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Tensor x = Tensor.Create(3, Inputs);
        ShapeMismatchException refused =
            Assert.Throws<ShapeMismatchException>(() => ops.LinearSelected(x, few, [new(2, Few)]));
        Assert.Contains("2 rows", refused.Message, StringComparison.Ordinal);
        Assert.Throws<ShapeMismatchException>(() => ops.LinearSelected(x, few, []));
        refused = Assert.Throws<ShapeMismatchException>(() => ops.LinearSelected(x, few, [new(3, new[] { 5, 6 })]));
        Assert.Contains("6; one of the 10 selected of 83", refused.Message, StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => weight.ShardOfOutputs(0, 32).NewOutputTable());
    }

    private static LinearWeight Weight(string kind)
    {
        var bias = new Parameter("bias", 1, Outputs);
        Fill(bias.Data.Span, 2);
        string[] words = kind.Split(' ');
        if (words.Length == 2)
        {
            return LinearWeight.FromBlocks(QuantizedMatrix.Encode("w", Enum.Parse<BlockType>(words[0]), Outputs, Inputs,
                Enum.Parse<QuantizedPlacement>(words[1]), (row, values) => Fill(values, 100 + row)), bias);
        }

        bool groups = kind == "groups";
        DataType type = groups ? DataType.F32 : Enum.Parse<DataType>(kind);
        var matrix = new Parameter("w", Outputs, Inputs, ParameterLayout.Panels, type);
        float[] values = new float[Inputs];
        for (int row = 0; row < Outputs; row++)
        {
            Fill(values, 100 + row);
            matrix.WriteRow(row, values);
        }

        LinearWeight weight = LinearWeight.FromPanels(matrix, bias);
        return groups ? weight.WithGroups() : weight;
    }

    private static void Fill(Span<float> values, int seed)
    {
        var random = new Random(seed);
        foreach (ref float value in values)
            value = 2 * random.NextSingle() - 1;
    }
}

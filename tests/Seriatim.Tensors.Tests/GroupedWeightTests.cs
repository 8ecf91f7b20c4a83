namespace Seriatim.Tensors.Tests;

/// <summary>
/// Rows of a group have the bits they have alone; rows of none, those of the weight below; and that costs nothing.
/// </summary>
public sealed class GroupedWeightTests
{
    private const int Outputs = 70, Inputs = 64;
    private static readonly RowGroup A = new("a"), B = new("b"), C = new("c");

    [Theory]
    [InlineData(DataType.F32, false)]
    [InlineData(DataType.BF16, false)]
    [InlineData(DataType.F32, true)]
    public void RowsOfABatchEqualThemselvesAlone(DataType type, bool quantized)
    {
        using IDifferentiableOps ops = CpuOps.Create(2);
        using LinearWeight plain = Plain(type, quantized);
        using GroupedWeight weight = plain.WithGroups();
        using LinearWeight withA = Add(weight, plain, A, 3), withB = Add(weight, plain, B, 8);
        var random = new Random(3);
        RowGroup?[] kinds = [null, A, B, C];
        for (int rows = 1; rows < 40; rows += 3)
        {
            RowGroup?[] groups = [.. Enumerable.Range(0, rows).Select(_ => kinds[random.Next(kinds.Length)])];
            using Tensor x = Random(random, rows, Inputs);
            using Tensor y = ops.Linear(x, weight, RowGroups.Of(groups));
            for (int row = 0; row < rows; row++)
            {
                using Tensor one = Tensor.From(x.Row(row), 1, Inputs);
                LinearWeight own = groups[row] == A ? withA : groups[row] == B ? withB : plain;
                using Tensor alone = ops.Linear(one, own);
                Assert.True(alone.Row(0).SequenceEqual(y.Row(row)), $"row {row} of {rows}, group {groups[row]}");
                if (RowGroups.Of([groups[row]]) is not { } single)
                    continue;
                using Tensor again = ops.Linear(one, weight, single);
                Assert.True(alone.Row(0).SequenceEqual(again.Row(0)));
            }
        }

        // A third of the weights of one input may know a group that the others do not.
        using LinearWeight second = Plain(type, quantized);
        using Tensor some = Random(random, 5, Inputs);
        (Tensor first, Tensor other) = ops.LinearMany(some, weight, second.WithGroups(), RowGroups.Of([A, null, B, A, C]));
        using (first)
        using (other)
        using (Tensor expected = ops.Linear(some, second))
            Assert.True(expected.Span.SequenceEqual(other.Span));
    }

    [Fact]
    public void WithoutGroupsNothingIsMadeThatIsNotMadeForTheWeightBelow()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using LinearWeight plain = Plain(DataType.F32, false);
        using GroupedWeight weight = plain.WithGroups();
        using LinearWeight withA = Add(weight, plain, A, 3);
        using Tensor x = Random(new Random(1), 4, Inputs);
        Assert.Equal(AllocatedBy(ops, x, plain), AllocatedBy(ops, x, weight));
    }

    [Fact]
    public void WhatDoesNotFitIsRefused()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using LinearWeight plain = Plain(DataType.F32, false);
        using GroupedWeight weight = plain.WithGroups();
        using LinearWeight withA = Add(weight, plain, A, 3);
        var twice = Assert.Throws<ArgumentException>(() => Add(weight, plain, A, 3));
        Assert.Contains("the group a already", twice.Message);
        Assert.Throws<ShapeMismatchException>(() => weight.Add(B, Panels(3, Inputs + 1, 1), Panels(Outputs, 3, 2), 1));
        Assert.Throws<ShapeMismatchException>(() => weight.Add(B, Panels(3, Inputs, 1), Panels(Outputs, 4, 2), 1));
        using Tensor x = Random(new Random(1), 4, Inputs);
        var rows = Assert.Throws<ShapeMismatchException>(() => ops.Linear(x, weight, RowGroups.Of([A, A])));
        Assert.Contains("groups", rows.Message);
        Assert.Throws<NotSupportedException>(() => Sharded(ops, weight));

        RowGroups? groups = RowGroups.Of([A, null, null, null]);
        A.End();
        weight.Remove(A);
        Assert.Contains("taken away", Assert.Throws<InvalidOperationException>(() => ops.Linear(x, weight, groups)).Message);
    }

    [Fact]
    public void GroupsOfSomeRowsAreTheirs()
    {
        RowGroup a = new("a"), b = new("b");
        RowGroups all = RowGroups.Of([a, null, b, a])!;
        RowGroups some = all.Take([3, 1])!;
        Assert.Equal([a, null], [some[0], some[1]]);
        Assert.Null(all.Take([1]));
        Assert.Null(RowGroups.Of([null, null]));
        Assert.Equal(2, all.Take([0, 2, 0])!.Parts.Count);
    }

    private static void Sharded(IOps ops, GroupedWeight weight)
    {
        using Tensor x = Random(new Random(1), 1, 32);
        ops.Linear(x, weight.ShardOfInputs(0, 32), RowGroups.Of([A])).Dispose();
    }

    private static long AllocatedBy(IOps ops, Tensor x, LinearWeight weight)
    {
        for (int i = 0; i < 3; i++)
            ops.Linear(x, weight).Dispose();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
            ops.Linear(x, weight).Dispose();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static LinearWeight Add(GroupedWeight weight, LinearWeight plain, RowGroup group, int rank)
    {
        weight.Add(group, Panels(rank, Inputs, rank), Panels(Outputs, rank, rank + 1), 0.3f);
        return plain.WithLowRank(Panels(rank, Inputs, rank), Panels(Outputs, rank, rank + 1), 0.3f);
    }

    private static LinearWeight Plain(DataType type, bool quantized)
    {
        float[][] rows = [.. Enumerable.Range(0, Outputs).Select(row => Values(new Random(row), Inputs))];
        if (quantized)
        {
            return LinearWeight.FromBlocks(QuantizedMatrix.Encode("w", BlockType.Q8_0, Outputs, Inputs, QuantizedPlacement.Packed,
                (row, values) => rows[row].CopyTo(values)));
        }
        var matrix = new Parameter("w", Outputs, Inputs, ParameterLayout.Panels, type);
        for (int row = 0; row < Outputs; row++)
            matrix.WriteRow(row, rows[row]);
        return LinearWeight.FromPanels(matrix, Bias());
    }

    private static Parameter Bias()
    {
        var bias = new Parameter("bias", 1, Outputs);
        bias.WriteRow(0, Values(new Random(77), Outputs));
        return bias;
    }

    private static Parameter Panels(int rows, int columns, int seed)
    {
        var random = new Random(seed);
        var matrix = new Parameter("m", rows, columns, ParameterLayout.Panels);
        for (int row = 0; row < rows; row++)
            matrix.WriteRow(row, Values(random, columns));
        return matrix;
    }

    private static Tensor Random(Random random, int rows, int columns) =>
        Tensor.From(Values(random, rows * columns), rows, columns);

    private static float[] Values(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
}

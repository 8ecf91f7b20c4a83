namespace Seriatim.Tensors.Tests;

public sealed class ParameterTests
{
    [Theory]
    [InlineData(ParameterLayout.RowMajor, DataType.F32)]
    [InlineData(ParameterLayout.Panels, DataType.F32)]
    [InlineData(ParameterLayout.RowMajor, DataType.BF16)]
    [InlineData(ParameterLayout.Panels, DataType.F16)]
    public void Rows_written_together_read_back_one_by_one(ParameterLayout layout, DataType type)
    {
        const int Rows = 75;
        const int Columns = 13;
        using var together = new Parameter("together", Rows, Columns, layout, type);
        using var single = new Parameter("single", Rows, Columns, layout, type);
        float[] values = [.. Enumerable.Range(0, Rows * Columns).Select(i => i % 128 / 4f - 3)];
        together.WriteRows(0, values.AsSpan(0, 40 * Columns));
        together.WriteRows(40, values.AsSpan(40 * Columns));
        float[] row = new float[Columns];
        for (int r = 0; r < Rows; r++)
        {
            single.WriteRow(r, values.AsSpan(r * Columns, Columns));
            together.ReadRow(r, row);
            Assert.Equal(values[(r * Columns)..((r + 1) * Columns)], row);
        }

        for (long i = 0; type == DataType.F32 && i < single.Data.Length; i++)
            Assert.Equal(single.Data.Span[(int)i], together.Data.Span[(int)i]);
    }

    [Theory]
    [InlineData(ParameterLayout.RowMajor, DataType.F16)]
    [InlineData(ParameterLayout.Panels, DataType.BF16)]
    public void Patterns_are_stored_as_they_are(ParameterLayout layout, DataType type)
    {
        const int Rows = 70;
        const int Columns = 45;
        using var raw = new Parameter("raw", Rows, Columns, layout, type);
        using var widened = new Parameter("widened", Rows, Columns, layout, type);
        ushort[] patterns = [.. Enumerable.Range(0, Rows * Columns).Select(i => (ushort)(i * 9 % 0x7000))];
        raw.WriteRows(0, patterns.AsSpan(0, 33 * Columns));
        raw.WriteRows(33, patterns.AsSpan(33 * Columns));
        float[] row = new float[Columns];
        for (int r = 0; r < Rows; r++)
        {
            for (int c = 0; c < Columns; c++)
            {
                ushort bits = patterns[r * Columns + c];
                row[c] = type == DataType.F16 ? (float)BitConverter.UInt16BitsToHalf(bits) : SixteenBits.FromBFloat16(bits);
            }

            widened.WriteRow(r, row);
            float[] read = new float[Columns];
            raw.ReadRow(r, read);
            Assert.Equal(row, read);
            widened.ReadRow(r, read);
            Assert.Equal(row, read);
        }

        using var single = new Parameter("single", Rows, Columns, layout);
        Assert.Throws<InvalidOperationException>(() => single.WriteRows(0, patterns.AsSpan(0, Columns)));
        Assert.Throws<ShapeMismatchException>(() => raw.WriteRows(69, patterns.AsSpan(0, 2 * Columns)));
    }

    [Fact]
    public void Gradients_of_parameters_add_up()
    {
        using IDifferentiableOps ops = CpuOps.Create(2);
        LinearWeight weight = LinearWeight.FromPanels(new Parameter("w", 40, 24, ParameterLayout.Panels), new Parameter("b", 1, 40));
        using Tensor x = Tensor.From([.. Enumerable.Range(0, 5 * 24).Select(i => i % 7 - 3f)], 5, 24);
        using Tensor dy = Tensor.From([.. Enumerable.Range(0, 5 * 40).Select(i => i % 5 - 2f)], 5, 40);
        ops.LinearBackward(x, weight, dy).Dispose();
        float[] once = ((DenseWeight)weight).Matrix.Gradient!.Span.ToArray();
        float[] bias = weight.Bias!.Gradient!.Span.ToArray();
        ops.LinearBackward(x, weight, dy).Dispose();
        Assert.Equal(once.Select(g => 2 * g), ((DenseWeight)weight).Matrix.Gradient!.Span.ToArray());
        Assert.Equal(bias.Select(g => 2 * g), weight.Bias.Gradient.Span.ToArray());
        ((DenseWeight)weight).Matrix.ClearGradient();
        ((DenseWeight)weight).Matrix.Trainable = false;
        ops.LinearBackward(x, weight, dy).Dispose();
        Assert.All(((DenseWeight)weight).Matrix.Gradient!.Span.ToArray(), g => Assert.Equal(0, g));
    }

    [Fact]
    public void A_cleared_gradient_becomes_the_bits_of_a_new_one()
    {
        // More rows than a block of the sum, and neither outputs nor inputs fill the last tile.
        using IDifferentiableOps ops = CpuOps.Create(2);
        using Tensor x = Tensor.From([.. Enumerable.Range(0, 300 * 27).Select(i => MathF.Sin(i))], 300, 27);
        using Tensor dy = Tensor.From([.. Enumerable.Range(0, 300 * 45).Select(i => MathF.Cos(i))], 300, 45);
        using LinearWeight weight = LinearWeight.FromPanels(new Parameter("w", 45, 27, ParameterLayout.Panels), null);
        ops.LinearBackward(x, weight, dy).Dispose();
        float[] first = ((DenseWeight)weight).Matrix.Gradient!.Span.ToArray();
        ((DenseWeight)weight).Matrix.Gradient!.Span.Fill(float.NaN);
        ((DenseWeight)weight).Matrix.ClearGradient();
        ops.LinearBackward(x, weight, dy).Dispose();
        Assert.Equal(first, ((DenseWeight)weight).Matrix.Gradient!.Span.ToArray());
        ((DenseWeight)weight).Matrix.Gradient!.Span.Fill(float.NaN);
        ((DenseWeight)weight).Matrix.ClearGradient();
        Assert.All(((DenseWeight)weight).Matrix.GradientOrZeros().Span.ToArray(), g => Assert.Equal(0, g));
    }

    [Fact]
    public void Kept_logits_give_the_bits_of_logits_made_again()
    {
        using IDifferentiableOps ops = CpuOps.Create(2);
        using Tensor x = Tensor.From([.. Enumerable.Range(0, 40 * 8).Select(i => MathF.Sin(i))], 40, 8);
        using var matrix = new Parameter("head", 4700, 8, ParameterLayout.Panels);
        for (int o = 0; o < 4700; o++)
            matrix.WriteRow(o, [.. Enumerable.Range(0, 8).Select(k => MathF.Cos(8 * o + k))]);
        LinearWeight head = LinearWeight.FromPanels(matrix);
        int[] labels = [.. Enumerable.Range(0, 40).Select(i => i * 117)];
        using Tensor loss = ops.CrossEntropy(x, head, labels, new CrossEntropyOptions(), out CrossEntropyRecord state);
        using (state)
        {
            using Tensor one = Tensor.From([1], 1, 1);
            using Tensor kept = ops.CrossEntropyBackward(x, head, labels, new CrossEntropyOptions(), state, one);
            float[] gradient = matrix.Gradient!.Span.ToArray();
            matrix.ClearGradient();
            using Tensor again = ops.CrossEntropyBackward(x, head, labels, new CrossEntropyOptions(), state, one);
            Assert.Equal(kept.Span.ToArray(), again.Span.ToArray());
            Assert.Equal(gradient, matrix.Gradient!.Span.ToArray());
        }
    }

    [Fact]
    public void Rows_that_do_not_exist_are_refused()
    {
        using var parameter = new Parameter("blk.0.w", 4, 3);
        var failure = Assert.Throws<ShapeMismatchException>(() => parameter.WriteRows(3, new float[6]));
        Assert.Contains("blk.0.w", failure.Message);
        Assert.Contains("4 rows", failure.Message);
        Assert.Throws<ShapeMismatchException>(() => parameter.WriteRow(0, new float[4]));
        Assert.Throws<ArgumentOutOfRangeException>(() => parameter.ReadRow(4, new float[3]));
    }

    [Fact]
    public void Bfloat16_rounds_to_nearest_even()
    {
        Assert.Equal(0x3F80, SixteenBits.ToBFloat16(1f));
        Assert.Equal(0x3F80, SixteenBits.ToBFloat16(BitConverter.UInt32BitsToSingle(0x3F808000))); // half way, even below
        Assert.Equal(0x3F82, SixteenBits.ToBFloat16(BitConverter.UInt32BitsToSingle(0x3F818000))); // half way, even above
        Assert.Equal(0x7F80, SixteenBits.ToBFloat16(float.MaxValue));
        Assert.True(float.IsNaN(SixteenBits.FromBFloat16(SixteenBits.ToBFloat16(float.NaN))));
    }

    [Fact]
    public void A_tensor_used_after_its_last_reference_is_named()
    {
        Tensor tensor = Tensor.Create(2, 2);
        tensor.Retain();
        tensor.Dispose();
        tensor.Span.Clear();
        tensor.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tensor.Span.Clear());
        tensor.Dispose(); // once more: nothing
        Assert.Throws<ObjectDisposedException>(() => tensor.Retain());
    }

    [Fact]
    public void The_pool_reuses_what_comes_back()
    {
        using (Tensor.Create(123, 457))
        {
        }

        long free = TensorPool.Shared.FreeBytes;
        for (int i = 0; i < 100; i++)
        {
            using Tensor tensor = Tensor.Create(123, 457);
        }

        Assert.True(TensorPool.Shared.FreeBytes <= free + (1 << 20), "A hundred tensors of one size must not take more than one buffer.");
    }
}

using System.Runtime.InteropServices;

namespace Seriatim.Tensors.Tests;

/// <summary>
/// Calls that change their operands: against their plain reference, against the formula written here once more in F32 (to the bit where the
/// order of operations is part of the op), and with the same bits on all widths and thread counts.
/// </summary>
public sealed class OptimizerOpTests
{
    /// <summary>More than two pieces of work, and a tail of no whole vector; in panels with a filler row.</summary>
    private static readonly (int Rows, int Columns, ParameterLayout Layout)[] Shapes =
        [(211, 367, ParameterLayout.RowMajor), (65, 41, ParameterLayout.Panels), (1, 13, ParameterLayout.RowMajor), (1, 70, ParameterLayout.Panels)];

    private static readonly AdamWFactors Adam = new(0.5f, 0.99f, 0.01f, 1.7f, 0.9f, 0.1f, 0.999f, 0.001f, 1e-6f);
    private static readonly LionFactors Lion = new(0.5f, 0.01f, 0.9f, 0.99f, 0.1f);
    private static readonly AdafactorFactors Ada = new(0.02, 0.5f, 0.4f, 0.6f, 1e-30f, 0.1, 0.7, 0);

    public static TheoryData<string> Names =>
    [
        "AdamWStep", "LionStep", "AdafactorStep", "AdafactorStep, scaled", "AdafactorStep, no threshold", "MoveTowards", "Swap", "RoundMaster", "PutRows", "SumOfSquares",
        "DistillationLoss",
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void Lanes_agree_with_the_reference(string name)
    {
        using var reference = new ReferenceOps();
        foreach ((int rows, int columns, ParameterLayout layout) in Shapes)
        {
            foreach (LaneWidth width in Enum.GetValues<LaneWidth>())
            {
                using IDifferentiableOps ops = CpuOps.Create(2, width);
                using var expected = new Operands(Device.Cpu, rows, columns, layout);
                using var actual = new Operands(Device.Cpu, rows, columns, layout);
                foreach ((float[] right, float[] found) in expected.Run(name, reference).Zip(actual.Run(name, ops)))
                    OpTableTests.Near(right, found, 1e-5f, $"{name} [{rows}, {columns}] {layout} {width}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Bits_do_not_depend_on_lanes_threads_or_device(string name)
    {
        using var late = new LateDevice();
        foreach ((int rows, int columns, ParameterLayout layout) in Shapes)
        {
            List<float[]>? expected = null;
            foreach (LaneWidth width in Enum.GetValues<LaneWidth>())
            {
                foreach ((int threads, Device device) in new[] { (1, Device.Cpu), (2, Device.Cpu), (3, Device.Cpu), (2, (Device)late) })
                {
                    using IDifferentiableOps ops = device.NewOps(threads, width);
                    using var operands = new Operands(device, rows, columns, layout);
                    List<float[]> actual = operands.Run(name, ops);
                    expected ??= actual;
                    for (int i = 0; i < actual.Count; i++)
                        OpTableTests.SameBits(expected[i], actual[i], $"{name} [{rows}, {columns}] {layout}, {width}, {threads} threads, {device}: {i}");
                }
            }
        }

        late.Synchronize();
        Assert.Equal(0, late.LiveBytes);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Kernels_stay_within_their_operands(string name)
    {
        foreach (LaneWidth width in Enum.GetValues<LaneWidth>())
        {
            TensorPool.Guarded = true;
            try
            {
                using IDifferentiableOps ops = CpuOps.Create(1, width);
                using var operands = new Operands(Device.Cpu, 65, 41, ParameterLayout.Panels);
                foreach (float[] values in operands.Run(name, ops))
                    Assert.True(values.All(float.IsFinite), $"{name} holds what a kernel read outside an operand.");
            }
            finally
            {
                TensorPool.Guarded = false;
            }
        }
    }

    /// <summary>The order of the operations is part of the op: a run that goes on must not see which version of the program it is.</summary>
    [Fact]
    public void AdamW_is_its_formula_to_the_bit()
    {
        using IDifferentiableOps ops = CpuOps.Create(2);
        using var o = new Operands(Device.Cpu, 211, 367, ParameterLayout.RowMajor);
        float[] p = o.Parameter.Data.ToArray(), m = o.First.ToArray(), v = o.Second.ToArray(), gradient = o.Parameter.Gradient!.ToArray();
        for (int i = 0; i < p.Length; i++)
        {
            float g = gradient[i] * Adam.Scale;
            m[i] = m[i] * Adam.Beta1 + g * Adam.Rest1;
            v[i] = v[i] * Adam.Beta2 + g * g * Adam.Rest2;
            p[i] = p[i] * Adam.Keep - m[i] * Adam.Rate / (MathF.Sqrt(v[i]) * Adam.RootCorrection + Adam.Epsilon);
        }

        ops.AdamWStep(o.Parameter, o.First, o.Second, Adam);
        OpTableTests.SameBits(p, o.Parameter.Data.ToArray(), "values");
        OpTableTests.SameBits(m, o.First.ToArray(), "mean");
        OpTableTests.SameBits(v, o.Second.ToArray(), "square");
        OpTableTests.SameBits(gradient, o.Parameter.Gradient!.ToArray(), "gradient");
    }

    [Fact]
    public void Lion_is_its_formula_to_the_bit()
    {
        using IDifferentiableOps ops = CpuOps.Create(2);
        using var o = new Operands(Device.Cpu, 211, 367, ParameterLayout.RowMajor);
        float[] p = o.Parameter.Data.ToArray(), m = o.First.ToArray(), gradient = o.Parameter.Gradient!.ToArray();
        (gradient[5], m[5]) = (0, 0); // no direction
        o.Parameter.Device.Write(o.Parameter.Gradient!, gradient);
        o.Parameter.Device.Write(o.First, m);
        for (int i = 0; i < p.Length; i++)
        {
            float g = gradient[i] * Lion.Scale;
            float direction = m[i] * Lion.Beta1 + g * (1 - Lion.Beta1);
            float sign = direction > 0 ? 1 : direction < 0 ? -1 : 0;
            p[i] -= (sign + p[i] * Lion.Decay) * Lion.Rate;
            m[i] = m[i] * Lion.Beta2 + g * (1 - Lion.Beta2);
        }

        ops.LionStep(o.Parameter, o.First, Lion);
        OpTableTests.SameBits(p, o.Parameter.Data.ToArray(), "values");
        OpTableTests.SameBits(m, o.First.ToArray(), "mean");
    }

    /// <summary>Eight partial sums of every 32,768 elements, folded in one tree, added up in order.</summary>
    [Fact]
    public void The_sum_of_squares_has_one_order()
    {
        using IDifferentiableOps ops = CpuOps.Create(3, LaneWidth.Bits128);
        using var a = new Operands(Device.Cpu, 211, 367, ParameterLayout.RowMajor);
        using var b = new Operands(Device.Cpu, 1, 13, ParameterLayout.RowMajor);
        using var none = new Parameter("none", 2, 2);
        double expected = 0;
        foreach (Operands o in (Operands[])[a, b])
        {
            foreach (float[] piece in o.Parameter.Gradient!.ToArray().Chunk(32768))
            {
                double[] sums = new double[8];
                int whole = piece.Length / 8 * 8;
                for (int i = 0; i < whole; i++)
                    sums[i % 8] += (double)piece[i] * piece[i];
                double rest = 0;
                foreach (float value in piece.AsSpan(whole))
                    rest += (double)value * value;
                expected += sums[0] + sums[4] + (sums[1] + sums[5]) + (sums[2] + sums[6] + (sums[3] + sums[7])) + rest;
            }
        }

        Assert.Equal(expected, ops.SumOfSquares([a.Parameter, none, b.Parameter]));
        Assert.Equal(0, ops.SumOfSquares([none]));
        Assert.Equal(0, ops.SumOfSquares([]));
    }

    /// <summary>What is not finite stays with its element, and is told by the sum.</summary>
    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Values_that_are_not_finite_stay_where_they_are(float value)
    {
        foreach (LaneWidth width in Enum.GetValues<LaneWidth>())
        {
            using IDifferentiableOps ops = CpuOps.Create(2, width);
            foreach (string name in (string[])["AdamWStep", "LionStep", "MoveTowards", "Swap", "PutRows"])
            {
                using var clean = new Operands(Device.Cpu, 5, 41, ParameterLayout.RowMajor);
                using var spoilt = new Operands(Device.Cpu, 5, 41, ParameterLayout.RowMajor);
                spoilt.Parameter.Gradient!.Span[77] = value;
                spoilt.Parameter.Data.Span[77] = value;
                List<float[]> expected = clean.Run(name, ops), actual = spoilt.Run(name, ops);
                for (int i = 0; i < expected.Count; i++)
                {
                    if (expected[i].Length == actual[i].Length && actual[i].Length > 77)
                        actual[i][77] = expected[i][77];
                    OpTableTests.SameBits(expected[i], actual[i], $"{name}, {width}: {i}");
                }

                if (name == "AdamWStep")
                    Assert.False(double.IsFinite(ops.SumOfSquares([spoilt.Parameter])));
            }
        }
    }

    [Fact]
    public void What_does_not_fit_is_named()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using var parameter = new Parameter("layer.weight", 3, 5);
        using var half = new Parameter("layer.half", 3, 5, type: DataType.F16);
        using Tensor right = Tensor.Zeros(3, 5), wrong = Tensor.Zeros(5, 3), row = Tensor.Zeros(1, 5);
        Assert.Contains("[5, 3]", Assert.Throws<ShapeMismatchException>(() => ops.AdamWStep(parameter, right, wrong, Adam)).Message);
        Assert.Contains("[5, 3]", Assert.Throws<ShapeMismatchException>(() => ops.LionStep(parameter, wrong, Lion)).Message);
        Assert.Contains("layer.half", Assert.Throws<ArgumentException>(() => ops.AdamWStep(half, right, right, Adam)).Message);
        Assert.Contains("means of rows", Assert.Throws<ShapeMismatchException>(() => ops.AdafactorStep(parameter, null, row, Ada)).Message);
        Assert.Contains("from row 1", Assert.Throws<ShapeMismatchException>(() => ops.PutRows(right, right, 1)).Message);
        Assert.Throws<ShapeMismatchException>(() => ops.MoveTowards(right, wrong, 1, 1));
        Assert.Throws<ShapeMismatchException>(() => ops.Swap(right, wrong));
        Assert.Contains("label 5", Assert.Throws<ArgumentOutOfRangeException>(() => ops.DistillationLoss(right, right, new[] { 0, 1, 5 }, new(2, 1))).Message);
        Assert.Contains("range", Assert.Throws<ArgumentOutOfRangeException>(() => ops.DistillationLoss(right, right, new int[3], new(0, 1))).Message);
    }

    /// <summary>A parameter with gradient and two moments, and what else calls want, always the same numbers.</summary>
    private sealed class Operands : IDisposable
    {
        private readonly Device _device;

        public Operands(Device device, int rows, int columns, ParameterLayout layout)
        {
            _device = device;
            Parameter = device.NewParameter("p", rows, columns, layout);
            float[] row = new float[columns];
            for (int r = 0; r < rows; r++)
            {
                Fill(row, r, 1);
                Parameter.WriteRow(r, row);
                Fill(row, r + 1000, 0.3f);
                float[] gradient = [.. row];
                device.Run(() => Parameter.AddGradientRow(r, gradient));
            }

            First = Moment(7, 0.2f);
            Second = Moment(9, 0.2f);
            float[] squares = [.. Second.ToArray().Select(v => v * v + 1e-3f)];
            device.Write(Second, squares);
        }

        public Parameter Parameter { get; }

        public Tensor First { get; }

        public Tensor Second { get; }

        /// <summary>Makes the call and gives all it may have changed or made.</summary>
        public List<float[]> Run(string name, IDifferentiableOps ops)
        {
            switch (name)
            {
                case "AdamWStep":
                    ops.AdamWStep(Parameter, First, Second, Adam);
                    break;
                case "LionStep":
                    ops.LionStep(Parameter, First, Lion);
                    break;
                case "MoveTowards":
                    ops.MoveTowards(First, Parameter.Data, 0.75f, 0.25f);
                    break;
                case "Swap":
                    ops.Swap(First, Parameter.Data);
                    break;
                case "RoundMaster":
                    return Rounded(ops);
                case "PutRows":
                    using (Tensor some = Rows(3, First.Columns))
                    using (Tensor into = Rows(5, First.Columns))
                    {
                        ops.PutRows(some, into, 2);
                        return [into.ToArray()];
                    }

                case "SumOfSquares":
                    return [[(float)ops.SumOfSquares([Parameter, Parameter])]];
                case "DistillationLoss":
                    return Distil(ops);
                default:
                    Adafactor(ops, name switch
                    {
                        "AdafactorStep, scaled" => Ada with { SmallestScale = 1e-3 },
                        "AdafactorStep, no threshold" => Ada with { ClipThreshold = 0 },
                        _ => Ada,
                    });
                    return [Parameter.Data.ToArray()];
            }

            return [Parameter.Data.ToArray(), First.ToArray(), Second.ToArray(), Parameter.Gradient!.ToArray()];
        }

        public void Dispose()
        {
            Parameter.Dispose();
            First.Dispose();
            Second.Dispose();
        }

        private void Adafactor(IDifferentiableOps ops, AdafactorFactors factors)
        {
            using Tensor? rows = Parameter.Rows == 1 ? null : _device.Zeros(1, Parameter.Rows);
            using Tensor columns = _device.Zeros(1, Parameter.Columns);
            for (int step = 0; step < 3; step++)
                ops.AdafactorStep(Parameter, rows, columns, factors);
        }

        /// <summary>The stored patterns after the master has changed, each as the number it is.</summary>
        private List<float[]> Rounded(IDifferentiableOps ops)
        {
            Parameter.KeepMaster();
            ops.LionStep(Parameter, First, Lion);
            ops.RoundMaster(Parameter);
            using var stored = new MemoryStream();
            _device.Run(() => Parameter.WriteStored(stored));
            ushort[] patterns = MemoryMarshal.Cast<byte, ushort>(stored.ToArray()).ToArray();
            float[] master = Parameter.Master.ToArray();
            Assert.Equal(master.Select(SixteenBits.ToBFloat16), patterns);
            return [[.. patterns.Select(SixteenBits.FromBFloat16)], master];
        }

        private List<float[]> Distil(IDifferentiableOps ops)
        {
            using Tensor z = Rows(9, Parameter.Columns + 6), teacher = Rows(9, Parameter.Columns + 6, 50);
            int[] labels = [.. Enumerable.Range(0, 9).Select(n => n * 5 % z.Columns)];
            (Tensor gradient, Tensor loss) = ops.DistillationLoss(z, teacher, labels, new DistillationOptions(1.7f, 0.6f, 0.1f));
            using (gradient)
            using (loss)
                return [gradient.ToArray(), [(float)loss.ReadDouble()]];
        }

        private Tensor Moment(int seed, float spread)
        {
            float[] values = new float[Parameter.Data.Length];
            Fill(values, seed, spread);
            return _device.Upload(values, Parameter.Data.Rows, Parameter.Data.Columns);
        }

        private Tensor Rows(int rows, int columns, int seed = 3)
        {
            float[] values = new float[rows * columns];
            Fill(values, seed, 2);
            return _device.Upload(values, rows, columns);
        }

        private static void Fill(Span<float> values, int seed, float spread)
        {
            var random = new Random(seed);
            foreach (ref float value in values)
                value = spread * (2 * random.NextSingle() - 1);
        }
    }
}

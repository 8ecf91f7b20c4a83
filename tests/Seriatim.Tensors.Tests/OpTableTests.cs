namespace Seriatim.Tensors.Tests;

/// <summary>Every case of the table in its modes: against the reference, against finite differences, within bounds, same bits everywhere.</summary>
public sealed class OpTableTests
{
    private static readonly Dictionary<string, OpCase> Table = OpCases.All().ToDictionary(c => c.Name);

    public static TheoryData<string> Names => [.. Table.Keys];

    public static TheoryData<string, LaneWidth> NamesAndWidths
    {
        get
        {
            var data = new TheoryData<string, LaneWidth>();
            foreach (string name in Table.Keys)
            {
                foreach (LaneWidth width in Enum.GetValues<LaneWidth>())
                    data.Add(name, width);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(NamesAndWidths))]
    public void Lanes_agree_with_the_reference(string name, LaneWidth width)
    {
        OpCase c = Table[name];
        using IDifferentiableOps cpu = CpuOps.Create(2, width);
        List<(string What, float[] Values)> expected = Evaluate(c, new ReferenceOps());
        List<(string What, float[] Values)> actual = Evaluate(c, cpu);
        for (int i = 0; i < expected.Count; i++)
            Near(expected[i].Values, actual[i].Values, c.Tolerance, $"{name}: {expected[i].What}");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Bits_do_not_depend_on_lanes_or_threads(string name)
    {
        OpCase c = Table[name];
        using IDifferentiableOps first = CpuOps.Create(1, LaneWidth.Bits512);
        List<(string What, float[] Values)> expected = Evaluate(c, first);
        foreach (LaneWidth width in Enum.GetValues<LaneWidth>())
        {
            foreach (int threads in new[] { 1, 2, 3 })
            {
                using IDifferentiableOps ops = CpuOps.Create(threads, width);
                List<(string What, float[] Values)> actual = Evaluate(c, ops);
                for (int i = 0; i < expected.Count; i++)
                    SameBits(expected[i].Values, actual[i].Values, $"{name}, {width}, {threads} threads: {expected[i].What}");
            }
        }
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
                OpCase c = OpCases.All().Single(c => c.Name == name);
                using IDifferentiableOps ops = CpuOps.Create(1, width);
                foreach ((string what, float[] values) in Evaluate(c, ops))
                    Assert.True(values.All(float.IsFinite), $"{name}: {what} holds what a kernel read outside an operand.");
                foreach (Tensor input in c.Inputs)
                    input.Dispose();
                foreach (Parameter parameter in c.Parameters)
                    parameter.Dispose();
            }
            finally
            {
                TensorPool.Guarded = false;
            }
        }
    }

    /// <summary>The result, then the gradients of the objective with respect to inputs and parameters.</summary>
    internal static List<(string What, float[] Values)> Evaluate(OpCase c, IDifferentiableOps ops)
    {
        var values = new List<(string, float[])>();
        if (!c.Differentiable)
        {
            using Tensor result = c.Run(ops);
            return [("result", result.ToArray())];
        }

        foreach (Parameter parameter in c.Parameters)
            parameter.ClearGradient();
        using var tape = new Tape(ops);
        foreach (Tensor input in c.Inputs)
            tape.Watch(input);
        using Tensor y = c.Run(tape);
        values.Add(("result", y.ToArray()));
        float[] seed = [.. Enumerable.Range(0, (int)y.Length).Select(GradientTests.Weight)];
        tape.Backward(y, ops.Device.Upload(seed, y.Rows, y.Columns));
        for (int i = 0; i < c.Inputs.Count; i++)
            values.Add(($"gradient of input {i}", tape.GradientOf(c.Inputs[i])?.ToArray() ?? new float[c.Inputs[i].Length]));
        ops.Device.Synchronize();
        foreach (Parameter parameter in c.Parameters)
            values.Add(($"gradient of {parameter}", parameter.GradientOrZeros().ToArray()));
        return values;
    }

    /// <summary>A device that runs later, on a thread of its own, in memory that nobody else can use, gives the same bits and frees all it took.</summary>
    [Fact]
    public void A_late_device_gives_the_same_bits()
    {
        using var device = new LateDevice();
        using IDifferentiableOps cpu = CpuOps.Create(2), late = device.NewOps(2);
        OpCase.Making = device;
        OpCase[] cases;
        try
        {
            cases = [.. OpCases.All()];
        }
        finally
        {
            OpCase.Making = null;
        }

        foreach (OpCase actual in cases)
        {
            OpCase expected = Table[actual.Name];
            List<(string What, float[] Values)> here = Evaluate(expected, cpu), there = Evaluate(actual, late);
            for (int i = 0; i < here.Count; i++)
                SameBits(here[i].Values, there[i].Values, $"{expected.Name}: {here[i].What}");
        }
    }

    /// <summary>An op that is in no case is tested by nothing above. The names are those under which time is booked.</summary>
    [Fact]
    public void Every_op_is_in_a_case()
    {
        var times = new OpTimes();
        using var ops = new ObservedOps(CpuOps.Create(1), times);
        foreach (OpCase c in OpCases.All())
            Evaluate(c, ops);
        IReadOnlyDictionary<string, double> called = times.Milliseconds(1);
        Type[] declared = [.. typeof(IOps).Assembly.GetTypes().Where(type => type.IsValueType && typeof(IOpCall).IsAssignableFrom(type))];
        Assert.True(declared.Length > 25, "The search for ops finds nothing.");
        foreach (Type op in declared)
        {
            string name = (string)op.GetProperty("Name", System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.Public)!.GetValue(null)!;
            Assert.True(called.ContainsKey(name) || OpCases.WithoutCases.Contains(name), $"{op.Name} ({name}) is called by no case of the table.");
        }
    }

    internal static void Near(float[] expected, float[] actual, float tolerance, string what)
    {
        Assert.True(expected.Length == actual.Length, $"{what}: {actual.Length} elements, the reference has {expected.Length}.");
        float scale = Math.Max(1e-3f, expected.Select(Math.Abs).DefaultIfEmpty().Max());
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * scale,
                $"{what}: element {i} is {actual[i]:R}, the reference says {expected[i]:R} (largest element {scale}).");
        }
    }

    internal static void SameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i]))
                Assert.Fail($"{what}: element {i} is {actual[i]:R} instead of {expected[i]:R}.");
        }
    }
}

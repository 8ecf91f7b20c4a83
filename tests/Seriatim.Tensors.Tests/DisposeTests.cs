namespace Seriatim.Tensors.Tests;

/// <summary>Whatever is disposed a second time, or by several threads at once, gives its memory back once and complains of nothing.</summary>
public sealed class DisposeTests
{
    private static readonly Func<IDisposable>[] Makers =
    [
        () => Tensor.Zeros(3, 5),
        () => Trained(),
        () => new KeyValuePool(1, 1, 8, 16, 2),
        () => new StateStorage([4, 20], 2),
        () => Quantised(QuantizedPlacement.Packed),
        () => Quantised(QuantizedPlacement.Rows),
        () => LinearWeight.FromPanels(new Parameter("w", 4, 3, ParameterLayout.Panels), new Parameter("b", 1, 4)),
        () => Selectable(),
        () => Selectable().Select([1, 3]),
        () => new EmbeddingWeight(new Parameter("wte", 4, 3)),
        () => new RopeRows(Tensor.Zeros(2, 4), Tensor.Zeros(2, 4), 8, RopePairing.HalfSplit),
        () => State(),
        () => new ReferenceOps().RouteExperts(Tensor.Zeros(3, 4), 2, true),
        () => new Tape(new ReferenceOps()),
        () => WithGroup(),
        () => new ReferenceOps(),
        () => CpuOps.Create(3),
        () => new ObservedOps(CpuOps.Create(2), new OpTimes()),
        () => new WorkerTeam(3),
        () => new StateStorage([4, 8], 3),
        () => new NativeBlock(100),
        () => new MachineProbe(1),
    ];

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, Makers.Length)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_second_time_nothing_happens(int index)
    {
        IDisposable made = Makers[index]();
        made.Dispose();
        made.Dispose();
        made.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Nor_from_several_threads(int index)
    {
        IDisposable made = Makers[index]();
        int rounds = made is Tape ? 0 : made is MachineProbe ? 1 : 20; // a tape belongs to one thread, a probe takes its time
        for (int round = 0; round < rounds; round++, made = Makers[index]())
        {
            IDisposable shared = made;
            using var start = new Barrier(4);
            Thread[] threads = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() =>
            {
                start.SignalAndWait();
                shared.Dispose();
            }))];
            foreach (Thread thread in threads)
                thread.Start();
            foreach (Thread thread in threads)
                thread.Join();
        }

        made.Dispose();
    }

    /// <summary>Who disposes twice takes nothing from another holder.</summary>
    [Fact]
    public void Others_keep_what_they_hold()
    {
        var parameter = new Parameter("p", 2, 3);
        using Tensor data = parameter.Data.Retain();
        ExpertRouting routing = new ReferenceOps().RouteExperts(Tensor.Zeros(3, 4), 2, true);
        using Tensor weights = routing.Weights.Retain();
        var rope = new RopeRows(Tensor.Zeros(2, 4), Tensor.Zeros(2, 4), 8, RopePairing.HalfSplit);
        using Tensor cosines = rope.Cosines.Retain();
        foreach (IDisposable owner in new IDisposable[] { parameter, routing, rope })
        {
            owner.Dispose();
            owner.Dispose();
        }

        Assert.Equal(0, data.Span[0]);
        Assert.Equal(0.5f, weights.Span[0]);
        Assert.Equal(0, cosines.Span[0]);
    }

    [Fact]
    public void Every_public_type_has_a_case()
    {
        Type[] made = [.. Makers.Select(make =>
        {
            using IDisposable one = make();
            return one.GetType();
        })];
        foreach (Type type in typeof(Tensor).Assembly.GetExportedTypes().Where(typeof(IDisposable).IsAssignableFrom))
            Assert.True(made.Any(type.IsAssignableFrom), $"{type} is disposed by no case.");
    }

    private static GroupedWeight WithGroup()
    {
        GroupedWeight weight = LinearWeight.FromPanels(new Parameter("w", 4, 3, ParameterLayout.Panels)).WithGroups();
        weight.Add(new RowGroup("g"), new Parameter("a", 2, 3, ParameterLayout.Panels), new Parameter("b", 4, 2, ParameterLayout.Panels), 1);
        return weight;
    }

    private static OutputTable Selectable() =>
        LinearWeight.FromPanels(new Parameter("w", 4, 3, ParameterLayout.Panels), new Parameter("b", 1, 4)).NewOutputTable();

    private static Parameter Trained()
    {
        var parameter = new Parameter("p", 3, 3);
        parameter.GradientOrZeros();
        return parameter;
    }

    private static QuantizedMatrix Quantised(QuantizedPlacement placement) =>
        QuantizedMatrix.Encode("q", BlockType.Q8_0, 4, 32, placement, (_, row) => row.Fill(1));

    private static CrossEntropyRecord State()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Tensor hidden = Tensor.Zeros(2, 3);
        LinearWeight head = LinearWeight.FromPanels(new Parameter("w", 4, 3, ParameterLayout.Panels));
        ops.CrossEntropy(hidden, head, new[] { 0, 1 }, new CrossEntropyOptions(), out CrossEntropyRecord state).Dispose();
        return state;
    }
}

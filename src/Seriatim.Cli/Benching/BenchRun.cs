using System.Diagnostics;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Cli;

/// <summary>One run: how long a step took, and the machine's limits just before and after it.</summary>
/// <param name="Seconds">Seconds of a step.</param>
/// <param name="Limits">The better of the two measurements.</param>
internal sealed record BenchTime(double Seconds, MachineSpeed Limits);

/// <summary>Runs a model and takes the time: reading prompts, and writing with several sequences at once.</summary>
internal sealed class BenchRun(Model model, IDifferentiableOps ops, MachineProbe probe, int repeat)
{
    private const int PageSize = 16;

    private readonly (bool OfExpert, long Values, long Bytes)[] _used = [.. Used(model)];
    private readonly FeedForwardSpec.Experts? _experts = ExpertsOf(model.Spec.Decoder!);

    /// <summary>Multiply-adds of the matrices that one token meets: of experts, those it goes to.</summary>
    public long MultiplyAdds => (long)_used.Sum(m => m.OfExpert ? m.Values * Share(1) : m.Values);

    /// <summary>
    /// Bytes of the matrices that a step reads, as they stand in a file. Of experts, the share that
    /// rows going their ways by chance would meet.
    /// </summary>
    /// <param name="rows">Rows of the step.</param>
    public long StepBytes(int rows) => (long)_used.Sum(m => m.OfExpert ? m.Bytes * Share(rows) : m.Bytes);

    private double Share(int rows) => _experts is null ? 1 : 1 - Math.Pow(1 - (double)_experts.PerToken / _experts.Count, rows);

    /// <summary>Milliseconds of each op a step, means of the last measurement; empty unless the ops are timed.</summary>
    public IReadOnlyDictionary<string, double> OpMilliseconds { get; private set; } = new Dictionary<string, double>();

    /// <summary>
    /// Reads a prompt, again and again into the same pages: what the system does when memory is touched first is not measured.
    /// </summary>
    public BenchTime[] Prompt(int tokens)
    {
        using MemoryPools pools = model.NewMemoryPools(PageSize, tokens / PageSize + 2, states: 2);
        return Runs(1, () =>
        {
            using SequenceMemory memory = pools.NewMemory(new SequenceTerms { DeclaredLength = tokens });
            long start = Stopwatch.GetTimestamp();
            Step([memory], Ids(tokens));
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        });
    }

    /// <summary>Steps in which every one of some sequences gets a token; every run begins with the same context.</summary>
    public BenchTime[] Generate(int batch, int tokens, int past)
    {
        int length = past + tokens + 1;
        using MemoryPools pools = model.NewMemoryPools(PageSize, batch * (length / PageSize + 2), states: 3 * batch);
        SequenceMemory[] memories = [.. Enumerable.Range(0, batch).Select(_ =>
            pools.NewMemory(new SequenceTerms { DeclaredLength = length }))];
        foreach (SequenceMemory memory in memories)
            Step([memory], Ids(past));
        MemoryMark[] marks = [.. memories.Select(m => m.Mark())];
        BenchTime[] times = Runs(tokens, () =>
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < tokens; i++)
                Step(memories, Ids(1));
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds / tokens;
            for (int i = 0; i < batch; i++)
                memories[i].Restore(marks[i]);
            return seconds;
        });
        foreach (SequenceMemory memory in memories)
            memory.Dispose();
        return times;
    }

    /// <summary>Runs until the JIT has settled (half a second, at least once), then as often as was asked for.</summary>
    private BenchTime[] Runs(int steps, Func<double> run)
    {
        long start = Stopwatch.GetTimestamp();
        do
            run();
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < 0.5);
        var timed = (ops as ObservedOps)?.Observer as OpTimes;
        timed?.Clear();
        var times = new BenchTime[repeat];
        for (int i = 0; i < repeat; i++)
        {
            MachineSpeed before = probe.Measure();
            double seconds = run();
            times[i] = new BenchTime(seconds, MachineSpeed.Max(before, probe.Measure()));
        }

        if (timed is not null)
        {
            var spent = timed.Milliseconds(repeat * steps).ToDictionary();
            spent["outside ops"] = times.Average(time => time.Seconds) * 1e3 - spent.Values.Sum();
            OpMilliseconds = spent;
        }

        return times;
    }

    private void Step(SequenceMemory[] memories, int[] tokens)
    {
        var builder = new RaggedBatchBuilder();
        foreach (SequenceMemory memory in memories)
            builder.Add(tokens, memory);
        RaggedBatch batch = builder.Build();
        using Tensor hidden = model.Forward(ops, batch);
        using Tensor logits = model.Project(ops, hidden, batch.OutputRows);
        batch.Commit();
    }

    /// <summary>The experts of the layers that have any; null: none has.</summary>
    private static FeedForwardSpec.Experts? ExpertsOf(StackSpec stack)
    {
        FeedForwardSpec.Experts[] kinds =
            [.. stack.Layers.Select(layer => layer.FeedForward).OfType<FeedForwardSpec.Experts>().Distinct()];
        return kinds.Length < 2 ? kinds.FirstOrDefault()
            : throw new NotSupportedException(
                $"Layers have {kinds[0]} and {kinds[1]}; what a step reads is known for experts of one kind only.");
    }

    private int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(i => (i * 31 + 7) % model.Spec.Last.Vocabulary)];

    /// <summary>Matrices of linear layers: those in panels.</summary>
    private static IEnumerable<(bool OfExpert, long Values, long Bytes)> Used(Model model)
    {
        foreach (ModelParameter p in model.Parameters.Where(p => p.Parameter.Layout == ParameterLayout.Panels))
        {
            yield return (IsExpert(p.Path), (long)p.Parameter.Rows * p.Parameter.Columns,
                (long)p.Parameter.Rows * p.Parameter.Columns * p.Parameter.Data.Type.Size());
        }
        foreach ((QuantizedMatrix m, string path) in model.Matrices.Zip(model.MatrixPaths)
            .Where(m => m.First.Placement == QuantizedPlacement.Packed))
        {
            yield return (IsExpert(path), (long)m.Rows * m.Columns, m.Type.Bytes((long)m.Rows * m.Columns));
        }
    }

    private static bool IsExpert(string path) => path.Contains(".experts.", StringComparison.Ordinal);
}

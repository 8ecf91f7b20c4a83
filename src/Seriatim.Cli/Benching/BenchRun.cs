using System.Diagnostics;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Cli;

/// <summary>Runs a model and takes the time: reading prompts, and writing with several sequences at once.</summary>
internal sealed class BenchRun(Model model, IOps ops, int repeat)
{
    private const int PageSize = 16;

    /// <summary>Multiply-adds of the matrices that one token meets.</summary>
    public long MultiplyAdds { get; } = Used(model).Sum(m => m.Values);

    /// <summary>Bytes of the matrices that a step reads, as they stand in a file.</summary>
    public long StepBytes { get; } = Used(model).Sum(m => m.Bytes);

    /// <summary>Seconds to read a prompt, each run with a memory of its own.</summary>
    public double[] Prompt(int tokens) => [.. Enumerable.Range(0, repeat + 1).Select(_ =>
    {
        using PagePool pool = model.NewPagePool(PageSize, tokens / PageSize + 2);
        using var memory = new PagedMemory(pool, new SequenceTerms { DeclaredLength = tokens });
        long start = Stopwatch.GetTimestamp();
        Step([memory], Ids(tokens));
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }).Skip(1).Order()]; // the first run warms up

    /// <summary>Seconds of a step in which every one of some sequences gets a token; every run begins with the same context.</summary>
    public double[] Generate(int batch, int tokens, int past)
    {
        int length = past + tokens + 1;
        using PagePool pool = model.NewPagePool(PageSize, batch * (length / PageSize + 2));
        PagedMemory[] memories = [.. Enumerable.Range(0, batch).Select(_ => new PagedMemory(pool, new SequenceTerms { DeclaredLength = length }))];
        foreach (PagedMemory memory in memories)
            Step([memory], Ids(past));
        MemoryMark[] marks = [.. memories.Select(m => m.Mark())];
        var seconds = new List<double>();
        for (int run = 0; run <= repeat; run++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < tokens; i++)
                Step(memories, Ids(1));
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds / tokens);
            for (int i = 0; i < batch; i++)
                memories[i].Restore(marks[i]);
        }

        foreach (PagedMemory memory in memories)
            memory.Dispose();
        return [.. seconds.Skip(1).Order()];
    }

    private void Step(PagedMemory[] memories, int[] tokens)
    {
        var builder = new RaggedBatchBuilder();
        foreach (PagedMemory memory in memories)
            builder.Add(tokens, memory);
        RaggedBatch batch = builder.Build();
        using Tensor hidden = model.Forward(ops, batch);
        using Tensor logits = model.Project(ops, hidden, batch.OutputRows);
        batch.Commit();
    }

    private int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(i => (i * 31 + 7) % model.Spec.Last.Vocabulary)];

    /// <summary>Matrices of linear layers: those in panels. Of experts only the share that a token goes to.</summary>
    private static IEnumerable<(long Values, long Bytes)> Used(Model model)
    {
        foreach (ModelParameter p in model.Parameters.Where(p => p.Parameter.Layout == ParameterLayout.Panels))
            yield return ((long)p.Parameter.Rows * p.Parameter.Columns, (long)p.Parameter.Rows * p.Parameter.Columns * p.Parameter.Data.Type.Size());
        foreach (QuantizedMatrix m in model.Matrices.Where(m => m.Placement == QuantizedPlacement.Packed))
            yield return ((long)m.Rows * m.Columns, m.Type.Bytes((long)m.Rows * m.Columns));
    }
}

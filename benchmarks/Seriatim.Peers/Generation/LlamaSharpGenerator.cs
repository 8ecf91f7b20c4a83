using System.Diagnostics;
using System.Numerics.Tensors;
using LLama;
using LLama.Common;
using LLama.Native;

namespace Seriatim.Peers;

/// <summary>llama.cpp in this process, by way of the bindings of LLamaSharp and the library that its package brings.</summary>
internal sealed class LlamaSharpGenerator : IContender
{
    private readonly LLamaWeights _weights;
    private readonly LLamaContext _context;

    public LlamaSharpGenerator(string file, int threads)
    {
        NativeLogConfig.llama_log_set((_, _) => { });
        int most = GenerationPlan.Sequences.Max();
        var parameters = new ModelParams(file)
        {
            ContextSize = (uint)(most * GenerationPlan.Context),
            SeqMax = (uint)most,
            Threads = threads,
            BatchThreads = threads,
            BatchSize = 512,
            UBatchSize = 512,
            GpuLayerCount = 0,
        };
        _weights = LLamaWeights.LoadFromFile(parameters);
        _context = _weights.CreateContext(parameters);
    }

    public string Version { get; } = Build.OfPackage("LLamaSharp");

    public double[] Run()
    {
        _context.NativeHandle.MemoryClear();
        long start = Stopwatch.GetTimestamp();
        Read([GenerationPlan.Prompt(GenerationPlan.PromptTokens, 1)]);
        double prompt = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return [prompt, .. GenerationPlan.Sequences.Select(Together)];
    }

    public void Dispose()
    {
        _context.Dispose();
        _weights.Dispose();
    }

    private double Together(int count)
    {
        _context.NativeHandle.MemoryClear();
        int[] next = Read([.. Enumerable.Range(0, count).Select(seed => GenerationPlan.Prompt(GenerationPlan.PastTokens, seed))]);
        var batch = new LLamaBatch();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < GenerationPlan.NewTokens; i++)
        {
            batch.Clear();
            for (int sequence = 0; sequence < count; sequence++)
                batch.Add(next[sequence], GenerationPlan.PastTokens + i, (LLamaSeqId)sequence, logits: true);
            Decode(batch);
            for (int sequence = 0; sequence < count; sequence++)
                next[sequence] = Best(sequence);
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Reads prompts and chooses a token after each.</summary>
    private int[] Read(int[][] prompts)
    {
        int[] next = new int[prompts.Length];
        for (int sequence = 0; sequence < prompts.Length; sequence++)
        {
            var batch = new LLamaBatch();
            for (int i = 0; i < prompts[sequence].Length; i++)
                batch.Add(prompts[sequence][i], i, (LLamaSeqId)sequence, logits: i == prompts[sequence].Length - 1);
            Decode(batch);
            next[sequence] = Best(batch.TokenCount - 1);
        }

        return next;
    }

    private int Best(int row) => TensorPrimitives.IndexOfMax(_context.NativeHandle.GetLogitsIth(row));

    private void Decode(LLamaBatch batch)
    {
        if (_context.NativeHandle.Decode(batch) is not DecodeResult.Ok and var failure)
            throw new InvalidOperationException($"llama.cpp: {failure}.");
    }
}

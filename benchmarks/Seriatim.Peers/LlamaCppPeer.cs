using System.Diagnostics;
using LLama;
using LLama.Common;
using LLama.Native;

namespace Seriatim.Peers;

/// <summary>llama.cpp in this process, by way of the bindings of LLamaSharp.</summary>
internal sealed class LlamaCppPeer : IPeer
{
    private readonly LLamaWeights _weights;
    private readonly LLamaContext _context;

    public LlamaCppPeer(string file, int threads)
    {
        NativeLogConfig.llama_log_set((_, _) => { });
        var parameters = new ModelParams(file) { ContextSize = 1024, Threads = threads, BatchThreads = threads, BatchSize = 512, UBatchSize = 512, GpuLayerCount = 0 };
        _weights = LLamaWeights.LoadFromFile(parameters);
        _context = _weights.CreateContext(parameters);
    }

    public string Name => "llama.cpp";

    public (double Prompt, double Token) Run(int[] prompt, int newTokens)
    {
        _context.NativeHandle.MemoryClear();
        var batch = new LLamaBatch();
        for (int i = 0; i < prompt.Length; i++)
            batch.Add(prompt[i], i, LLamaSeqId.Zero, logits: i == prompt.Length - 1);
        long start = Stopwatch.GetTimestamp();
        int next = Choose(batch);
        long first = Stopwatch.GetTimestamp();
        for (int i = 1; i < newTokens; i++)
        {
            batch.Clear();
            batch.Add(next, prompt.Length + i - 1, LLamaSeqId.Zero, logits: true);
            next = Choose(batch);
        }

        return (Stopwatch.GetElapsedTime(start, first).TotalSeconds, Stopwatch.GetElapsedTime(first).TotalSeconds / (newTokens - 1));
    }

    public void Dispose()
    {
        _context.Dispose();
        _weights.Dispose();
    }

    private int Choose(LLamaBatch batch)
    {
        if (_context.NativeHandle.Decode(batch) is not DecodeResult.Ok and var failure)
            throw new InvalidOperationException($"llama.cpp: {failure}.");
        ReadOnlySpan<float> logits = _context.NativeHandle.GetLogitsIth(batch.TokenCount - 1);
        return System.Numerics.Tensors.TensorPrimitives.IndexOfMax(logits);
    }
}

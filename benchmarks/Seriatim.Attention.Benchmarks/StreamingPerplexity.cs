using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Tokenizers;

namespace Seriatim.Attention.Benchmarks;

/// <summary>
/// Perplexity of one long text under the ways of Xiao et al. (2023, StreamingLLM, table 1): dense attention up to the context the
/// model was trained for, a window alone, a window with sinks, and a window that is computed anew for every token.
/// </summary>
internal static class StreamingPerplexity
{
    private const int Chunk = 128;
    private const int Sinks = 4;

    public static void Run(IDifferentiableOps ops, string folder, string textFile, int tokens)
    {
        using Model model = Model.Load(folder);
        Tokenizer tokenizer = Tokenizer.Load(folder);
        string text = File.ReadAllText(textFile).Replace("<|endoftext|>", "\n");
        int[] ids = [.. tokenizer.Encode(text.Substring(0, Math.Min(text.Length, 8 * tokens))).Take(tokens)];
        int context = model.TrainedContext;
        Console.WriteLine($"perplexity of a token; {folder}, {ids.Length:N0} tokens of {Path.GetFileName(textFile)} as one text, "
            + $"context {context}");
        Console.WriteLine($"{"",-44} {"all",10} {"last 1,000",11} {"keys",6}");
        Print("dense, text in pieces of the context", Dense(ops, model, ids, context), context);
        Print($"window of {context}, no sinks", Streamed(ops, model, ids, new AttentionWindow(context, 0)), context);
        Print($"window of {context - Sinks} and {Sinks} sinks",
            Streamed(ops, model, ids, new AttentionWindow(context - Sinks, Sinks)), context);
        Print($"window of {context - 1} and 1 sink", Streamed(ops, model, ids, new AttentionWindow(context - 1, 1)), context);
        Print("window computed anew for every token", Recomputed(ops, model, ids, context), context);
    }

    private static void Print(string name, List<double> losses, int keys) => Console.WriteLine(
        $"{name,-44} {Math.Exp(losses.Average()),10:F2} {Math.Exp(losses.TakeLast(1000).Average()),11:F2} {keys,6:N0}");

    private static List<double> Dense(IDifferentiableOps ops, Model model, int[] ids, int context)
    {
        var losses = new List<double>();
        foreach (int[] piece in ids.Chunk(context))
        {
            if (piece.Length > 1)
                Add(ops, model, new RaggedBatchBuilder().Add(piece, outputs: Outputs.All).Build(), piece.AsSpan(1), losses);
        }

        return losses;
    }

    private static List<double> Streamed(IDifferentiableOps ops, Model model, int[] ids, AttentionWindow window)
    {
        var losses = new List<double>();
        using MemoryPools pools = model.NewMemoryPools(16, 2 * (int)window.Positions / 16 + Chunk, 1);
        using SequenceMemory memory = model.NewMemory(pools, new SequenceTerms { Window = window });
        for (int first = 0; first + 1 < ids.Length; first += Chunk)
        {
            int count = Math.Min(Chunk, ids.Length - 1 - first);
            RaggedBatch batch = new RaggedBatchBuilder().Add(ids.AsSpan(first, count), memory, outputs: Outputs.All).Build();
            Add(ops, model, batch, ids.AsSpan(first + 1, count), losses);
            batch.Commit();
        }

        return losses;
    }

    /// <summary>Each token after the last so many, from position 0 on: what a window could know at best.</summary>
    private static List<double> Recomputed(IDifferentiableOps ops, Model model, int[] ids, int context)
    {
        var losses = new List<double>();
        for (int first = 1; first < ids.Length; first += 16)
        {
            int count = Math.Min(16, ids.Length - first);
            var builder = new RaggedBatchBuilder();
            for (int at = first; at < first + count; at++)
            {
                int start = Math.Max(0, at - context);
                builder.Add(ids.AsSpan(start, at - start), outputs: Outputs.Last);
            }

            Add(ops, model, builder.Build(), ids.AsSpan(first, count), losses);
        }

        return losses;
    }

    /// <summary>The loss of each label by the row of its number; further rows have none.</summary>
    private static void Add(IDifferentiableOps ops, Model model, RaggedBatch batch, ReadOnlySpan<int> labels, List<double> losses)
    {
        using Tensor hidden = model.Forward(ops, batch);
        using Tensor logits = model.Project(ops, hidden, batch.OutputRows);
        HostRows rows = logits.Read();
        for (int i = 0; i < labels.Length; i++)
        {
            ReadOnlySpan<float> row = rows.Row(i);
            double max = float.NegativeInfinity, sum = 0;
            foreach (float logit in row)
                max = Math.Max(max, logit);
            foreach (float logit in row)
                sum += Math.Exp(logit - max);
            losses.Add(max + Math.Log(sum) - row[labels[i]]);
        }
    }
}

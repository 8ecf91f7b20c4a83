using System.Text.Json;

namespace Seriatim.Conformance.Tests;

/// <summary>Greedy continuation in its plainest form, with and without a memory.</summary>
internal static class Greedy
{
    public static int[] Ids(JsonElement list) => [.. list.EnumerateArray().Select(id => id.GetInt32())];

    /// <summary>All prompts in one batch, through pages, one row a step.</summary>
    /// <param name="penalty">Repetition penalty; 1 for none.</param>
    /// <param name="banned">An id that is never generated; -1 for none.</param>
    public static int[][] Cached(
        Model model, IOps ops, int[][] prompts, int count, float penalty = 1, int pageSize = 4, int banned = -1,
            int[][]? sources = null, KeyValueType type = KeyValueType.F32)
    {
        int pages = prompts.Sum(p => (p.Length + count) / pageSize + 2);
        using MemoryPools pools = model.NewMemoryPools(pageSize, pages, states: 2 * prompts.Length, type,
            crossPages: sources?.Sum(s => s.Length / pageSize + 2));
        SequenceMemory[] memories = [.. prompts.Select(p =>
            model.NewMemory(pools, new SequenceTerms { DeclaredLength = p.Length + count }))];
        List<int>[] texts = [.. prompts.Select(p => p.ToList())];
        int[][] next = prompts;
        RaggedBatch? source = sources is null ? null : Runs.EncoderBatch(sources, null);
        Tensor? encoded = source is null ? null : model.Encode(ops, source);
        for (int step = 0; step < count; step++)
        {
            var builder = new RaggedBatchBuilder();
            for (int i = 0; i < prompts.Length; i++)
            {
                EncoderRows? rows = step == 0 && source is not null
                    ? new EncoderRows(source.Segments[i].FirstRow, source.Segments[i].Rows) : null;
                builder.Add(next[i], memories[i], encoder: rows);
            }

            RaggedBatch batch = builder.Build();
            using Tensor hidden = model.Forward(ops, batch, step == 0 ? encoded : null);
            using Tensor logits = model.Project(ops, hidden, batch.OutputRows);
            batch.Commit();
            HostRows scores = logits.Read();
            next = [.. texts.Select((text, i) => new[] { Best(scores.Row(i), text, penalty, banned) })];
            for (int i = 0; i < texts.Length; i++)
                texts[i].Add(next[i][0]);
        }

        encoded?.Dispose();
        foreach (SequenceMemory memory in memories)
            memory.Dispose();
        return [.. texts.Select((text, i) => text.Skip(prompts[i].Length).ToArray())];
    }

    /// <summary>Everything computed anew in each step, the declared length being the current one.</summary>
    public static int[] Recomputed(Model model, IOps ops, int[] prompt, int count)
    {
        List<int> text = [.. prompt];
        for (int step = 0; step < count; step++)
        {
            RaggedBatch batch = new RaggedBatchBuilder().Add(text.ToArray()).Build();
            using Tensor hidden = model.Forward(ops, batch);
            using Tensor logits = model.Project(ops, hidden, batch.OutputRows);
            text.Add(Best(logits.Read().Row(0), text, 1, -1));
        }

        return [.. text.Skip(prompt.Length)];
    }

    private static int Best(ReadOnlySpan<float> logits, List<int> text, float penalty, int banned)
    {
        float[] scores = logits.ToArray();
        foreach (int id in text.Distinct())
            scores[id] = scores[id] > 0 ? scores[id] / penalty : scores[id] * penalty;
        if (banned >= 0)
            scores[banned] = float.NegativeInfinity;
        return Array.IndexOf(scores, scores.Max());
    }
}

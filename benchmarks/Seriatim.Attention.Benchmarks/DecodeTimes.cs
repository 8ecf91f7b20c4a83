using Seriatim.Benchmarks;
using Seriatim.Lab;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Attention.Benchmarks;

/// <summary>Time of one token after so many.</summary>
/// <param name="Past">Tokens before.</param>
/// <param name="Seconds">Median of single steps.</param>
/// <param name="Bytes">What the sequence holds in memory then.</param>
internal sealed record DecodePoint(int Past, double Seconds, long Bytes);

/// <summary>The time of a token as the past grows, for families that go on from what they remember.</summary>
internal static class DecodeTimes
{
    private const int Chunk = 512;
    private const int Steps = 200;

    public static IReadOnlyList<(Family Family, DecodePoint[] Points)> Measure(IDifferentiableOps ops,
        IReadOnlyList<Family> families, IReadOnlyList<int> pasts)
    {
        var all = new List<(Family, DecodePoint[])>();
        foreach (Family family in families.Where(family => family.IsCausal))
        {
            int[] own = [.. pasts.Where(past => !family.ReadsWhole || past <= 8192)];
            if (own.Length == 0)
                continue;
            using Model model = family.Make(own[^1] + Steps * own.Length);
            using MemoryPools pools = model.NewMemoryPools(16, (own[^1] + Steps * own.Length) / 16 + 2, 4);
            using SequenceMemory memory = model.NewMemory(pools);
            var points = new List<DecodePoint>();
            var random = new Random(1);
            foreach (int past in own)
            {
                while (memory.Length < past)
                    Step(ops, model, memory, random, Math.Min(Chunk, past - memory.Length));
                int steps = family.ReadsWhole ? 5 : Steps;
                double[] times = [.. Enumerable.Range(0, steps).Select(_ =>
                    Timing.Seconds(() => Step(ops, model, memory, random, 1)))];
                points.Add(new DecodePoint(past, Timing.Median(times), memory.Stores.Sum(store => store.Bytes)));
            }

            all.Add((family, [.. points]));
        }

        return all;
    }

    /// <summary>Some tokens more.</summary>
    internal static void Step(IDifferentiableOps ops, Model model, SequenceMemory memory, Random random, int count)
    {
        int[] tokens = [.. Enumerable.Range(0, count).Select(_ => 3 + random.Next(Family.Vocabulary - 3))];
        RaggedBatch batch = new RaggedBatchBuilder().Add(tokens, memory).Build();
        using Tensor hidden = model.Forward(ops, batch);
        using Tensor logits = model.Project(ops, hidden, batch.OutputRows);
        Timing.Keep(logits.Read().Row(0)[0]);
        batch.Commit();
    }
}

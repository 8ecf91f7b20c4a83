using System.Diagnostics;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Tokenizers;

namespace Seriatim.Generation.Benchmarks;

/// <summary>Where the time of translating some lines goes: the engine's own split of it, and the passes op by op.</summary>
internal static class TranslationCost
{
    private const int Lines = 200, Rounds = 7;

    public static async Task RunAsync(string folder, string file, int threads, WeightStorage storage)
    {
        string[] all = [.. File.ReadLines(file).Select(line => line.Split('\t')[0])];
        using Model model = Model.Load(folder, new ModelLoadOptions { Storage = storage });
        Tokenizer tokenizer = Tokenizer.Load(folder);
        long begin = Stopwatch.GetTimestamp();
        int[][] sources = [.. Enumerable.Range(0, Lines)
            .Select(i => tokenizer.Encode("translate Chinese to English: " + all[i * (all.Length / Lines)]))];
        Console.WriteLine($"{Lines} lines, {sources.Sum(source => source.Length)} tokens, {threads} threads, {storage}; "
            + $"tokenizing {Stopwatch.GetElapsedTime(begin).TotalMilliseconds:F0} ms the first time");
        foreach (int beams in (int[])[4, 1])
        {
            foreach (int sequences in (int[])[256])
                await MeasureAsync(model, sources, threads, beams, sequences);
        }
    }

    private static async Task MeasureAsync(Model model, int[][] sources, int threads, int beams, int sequences)
    {
        var plain = new List<double>();
        var processor = new List<double>();
        var splits = new List<(double Total, EngineStatistics Statistics, IReadOnlyDictionary<string, double> Ops, int Tokens)>();
        for (int round = -2; round < Rounds; round++)
        {
            var times = new OpTimes();
            using (IDifferentiableOps ops = CpuOps.Create(threads))
            {
                TimeSpan before = Environment.CpuUsage.TotalTime;
                plain.Add((await OnceAsync(model, ops, sources, (beams, sequences, threads))).Total);
                processor.Add((Environment.CpuUsage.TotalTime - before).TotalMilliseconds);
            }

            using (IDifferentiableOps ops = new ObservedOps(CpuOps.Create(threads), times))
            {
                (double total, EngineStatistics statistics, int tokens) = await OnceAsync(model, ops, sources,
                    (beams, sequences, threads));
                splits.Add((total, statistics, times.Milliseconds(1), tokens));
            }
        }

        double[] sorted = [.. plain.Skip(2).Order()], used = [.. processor.Skip(2).Order()];
        (double observed, EngineStatistics last, IReadOnlyDictionary<string, double> each, int made) = splits.Skip(2)
            .OrderBy(split => split.Total).ElementAt(Rounds / 2);
        Console.WriteLine($"{beams} beams, up to {sequences} sequences: {sorted[Rounds / 2]:F0} ms ({sorted[0]:F0} to "
            + $"{sorted[^1]:F0}), processor {used[Rounds / 2]:F0} ms (least {used[0]:F0}), {last.Steps} steps, {made} tokens");
        Console.WriteLine($"  timed ({observed:F0} ms): planning {last.Times.Scheduling.TotalMilliseconds:F1}, passes "
            + $"{last.Times.Passes.TotalMilliseconds:F1}, taking rows {last.Times.Sampling.TotalMilliseconds:F1}");
        Console.WriteLine($"  {string.Join(", ", each.Select(op => $"{op.Key} {op.Value:F1}"))}");
    }

    private static async Task<(double Total, EngineStatistics Statistics, int Tokens)> OnceAsync(
        Model model, IDifferentiableOps ops, int[][] sources, (int Beams, int Sequences, int Threads) how)
    {
        using var engine = new GenerationEngine(new LoadedModel(model, ops),
            new EngineOptions
            {
                MaxSequences = how.Sequences,
                EndIds = [1],
                SuppressedIds = [0],
                StepTime = Timeout.InfiniteTimeSpan,
            });
        long start = Stopwatch.GetTimestamp();
        GenerationResult[] results = await Task.WhenAll(sources.Select(source => engine.CompleteAsync(new GenerationRequest
        {
            Prompt = new[] { 0 },
            EncoderInput = source,
            MaxNewTokens = Math.Min(2 * source.Length + 50, model.Spec.Context - 1),
            Beam = how.Beams == 1 ? null : new BeamOptions { Beams = how.Beams },
            Sampling = SamplingOptions.Greedy,
        })));
        double total = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        return (total, await engine.GetStatisticsAsync(), results.Sum(result => result.Choices[0].TokenIds.Count));
    }
}

using Seriatim.Benchmarks;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Attention.Benchmarks;

/// <summary>Very many tokens from one request through the engine: memory and time of a token must stay what they were.</summary>
internal static class LongRun
{
    private const int Window = 1000;

    public static async Task RunAllAsync(IDifferentiableOps ops, IReadOnlyList<Family> families, int tokens)
    {
        Console.WriteLine(
            $"{"",-28} {"tokens",9} {"us, 2nd 1000",12} {"us, last 1000",12} {"ratio",7} {"KiB early",12} {"KiB at most",12}");
        foreach (Family family in
            families.Where(family => family is { IsCausal: true, ReadsWhole: false } && family.Name != "window"))
        {
            // Attention to everything takes a window of its sequence, and the first tokens as sinks.
            AttentionWindow? window = family.Name == "full" ? new AttentionWindow(252, 4) : null;
            using Model model = family.Make(window is null ? tokens + 16 : 256);
            await RunAsync(ops, window is null ? family.Name : "window of 252 and 4 sinks", model, window, tokens);
        }
    }

    /// <summary>Generates, and prints the medians of the first and last thousand tokens, and what was held in memory.</summary>
    private static async Task RunAsync(IDifferentiableOps ops, string name, Model model, AttentionWindow? window, int tokens)
    {
        using var engine = new GenerationEngine(new LoadedModel(model, ops),
            new EngineOptions { Pages = 256, States = 8, MaxSequences = 2 });
        var request = new GenerationRequest
        {
            Prompt = new[] { 3, 4, 5 },
            MaxNewTokens = tokens,
            Window = window,
            Seed = 7,
            Sampling = new SamplingOptions { Temperature = 1 },
            EndIds = [],
        };
        var stamps = new List<long>(tokens);
        long most = 0, early = 0;
        await foreach (var _ in engine.GenerateAsync(request))
        {
            stamps.Add(System.Diagnostics.Stopwatch.GetTimestamp());
            if (stamps.Count % Window != 0)
                continue;
            EngineStatistics statistics = await engine.GetStatisticsAsync();
            long held = statistics.Memories.Sum(memory => memory.Used * memory.UnitBytes);
            early = stamps.Count == 2 * Window ? held : early;
            most = Math.Max(most, held);
        }

        double[] gaps = [
            .. stamps.Zip(stamps.Skip(1), (a, b) => System.Diagnostics.Stopwatch.GetElapsedTime(a, b).TotalMicroseconds)];
        double first = Timing.Median(gaps.Skip(Window).Take(Window)), last = Timing.Median(gaps.TakeLast(Window));
        Console.WriteLine($"{name,-28} {gaps.Length + 1,9:N0} {first,12:F1} {last,12:F1} {last / first,7:F3} "
            + $"{early / 1024.0,12:N0} {most / 1024.0,12:N0}");
    }
}

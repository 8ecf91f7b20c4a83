using System.Diagnostics;
using Seriatim.Benchmarks;
using Seriatim.Generation;
using Seriatim.Lab;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Attention.Benchmarks;

/// <summary>Very many tokens from one request through the engine: memory and time of a token must stay what they were.</summary>
internal static class LongRun
{
    private const int Window = 1000;
    private const int PageSize = 16;

    public static async Task RunAllAsync(IDifferentiableOps ops, IReadOnlyList<Family> families, int tokens)
    {
        Console.WriteLine(
            $"{"",-28} {"tokens",9} {"us, first 1000",14} {"us, last 1000",14} {"ratio",7} {"by turns",9} {"KiB early",12} "
                + $"{"KiB at most",12}");
        foreach (Family family in
            families.Where(family => family is { IsCausal: true, ReadsWhole: false } && family.Name != "window"))
        {
            // Attention to everything takes a window of its sequence, and the first tokens as sinks.
            AttentionWindow? window = family.Name == "full" ? new AttentionWindow(252, 4) : null;
            using Model model = family.Make(window is null ? 2 * tokens : 256);
            await RunAsync(ops, window is null ? family.Name : "window of 252 and 4 sinks", model, window, tokens);
        }
    }

    /// <summary>
    /// The time of a token after so many against that after a thousand, by turns of fifty: what else the machine does hits both.
    /// </summary>
    private static double ByTurns(IDifferentiableOps ops, Model model, AttentionWindow? window, int tokens)
    {
        const int Turns = 41, Steps = 50;
        var terms = new SequenceTerms { Window = window };
        using MemoryPools pools = model.NewMemoryPools(PageSize, 256, 8);
        using SequenceMemory early = model.NewMemory(pools, terms), late = model.NewMemory(pools, terms);
        var random = new Random(1);
        while (late.Length < tokens)
            DecodeTimes.Step(ops, model, late, random, Math.Min(512, tokens - late.Length));
        while (early.Length < Window)
            DecodeTimes.Step(ops, model, early, random, Math.Min(512, Window - early.Length));
        double Turn(SequenceMemory memory) => Timing.Seconds(() =>
        {
            for (int step = 0; step < Steps; step++)
                DecodeTimes.Step(ops, model, memory, random, 1);
        });
        return Timing.Median(Enumerable.Range(0, Turns).Select(_ => Turn(late) / Turn(early)));
    }

    /// <summary>Generates, and prints the medians of the first and last thousand tokens, and what was held in memory.</summary>
    private static async Task RunAsync(IDifferentiableOps ops, string name, Model model, AttentionWindow? window, int tokens)
    {
        using var engine = new GenerationEngine(new LoadedModel(model, ops),
            new EngineOptions { Pages = 256, States = 8, MaxSequences = 2, PageSize = PageSize, PrefixCache = false });
        var warming = new StepClock(engine, model);
        var clock = new StepClock(engine, model);
        var request = new GenerationRequest
        {
            Prompt = new[] { 3, 4, 5 },
            MaxNewTokens = tokens,
            Window = window,
            Seed = 7,
            Sampling = new SamplingOptions { Temperature = 1, Processors = [clock] },
            EndIds = [],
        };

        // Another request first, until the JIT has settled: its compilations in the background would be the first tokens' time.
        await engine.CompleteAsync(request with { MaxNewTokens = 20_000, Sampling = new() { Processors = [warming] } });
        await engine.CompleteAsync(request);

        double[] gaps = clock.Microseconds();
        double first = Timing.Median(gaps.Take(Window)), last = Timing.Median(gaps.TakeLast(Window));
        Console.WriteLine($"{name,-28} {gaps.Length + 1,9:N0} {first,14:F1} {last,14:F1} {last / first,7:F3} "
            + $"{ByTurns(ops, model, window, tokens),9:F3} {clock.Early / 1024.0,12:N0} {clock.Most / 1024.0,12:N0}");
    }

    /// <summary>
    /// Notes when each token is chosen, on the engine's own thread: streams are read when their reader gets round to it.
    /// </summary>
    private sealed class StepClock(GenerationEngine engine, Model model) : LogitsProcessor
    {
        private readonly List<long> _stamps = [];

        /// <summary>Bytes held after two thousand tokens.</summary>
        public long Early { get; private set; }

        /// <summary>Bytes held at most, looked at every thousand tokens.</summary>
        public long Most { get; private set; }

        public override void Apply(LogitsRow row)
        {
            _stamps.Add(Stopwatch.GetTimestamp());
            if (_stamps.Count % Window != 0)
                return;
            EngineLoad load = engine.Load;
            long held = load.PagesInUse * PageSize * model.BytesPerPosition + load.StatesInUse * model.BytesPerState;
            Early = _stamps.Count == 2 * Window ? held : Early;
            Most = Math.Max(Most, held);
        }

        public double[] Microseconds() =>
            [.. _stamps.Zip(_stamps.Skip(1), (a, b) => Stopwatch.GetElapsedTime(a, b).TotalMicroseconds)];
    }
}

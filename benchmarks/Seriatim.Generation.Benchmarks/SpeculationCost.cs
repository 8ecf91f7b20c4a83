using System.Diagnostics;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Tokenizers;

namespace Seriatim.Generation.Benchmarks;

/// <summary>
/// What speculation gains with trained models: prompt lookup and a draft model against plain decoding, rounds interleaved.
/// </summary>
internal static class SpeculationCost
{
    private const int NewTokens = 96;
    private const int Rounds = 3;

    private static readonly string[] Prompts =
    [
        "Once upon a time there was a king who had three sons.", "The old woman went into the forest and said,",
        "\"Where have you been?\" asked the wolf. \"I have", "One day a little girl found a golden key, and",
    ];

    public static async Task RunAsync(string folder, string draftFolder, int threads)
    {
        using Model model = Model.Load(folder);
        using Model draft = Model.Load(draftFolder);
        Tokenizer tokenizer = Tokenizer.Load(folder);
        using IDifferentiableOps ops = CpuOps.Create(threads);
        Console.WriteLine($"{folder}: {model.ParameterCount / 1e6:F1}M parameters; draft {draftFolder}: "
            + $"{draft.ParameterCount / 1e6:F1}M; {threads} threads");
        var options = new EngineOptions { Pages = 1024, DraftModel = new LoadedModel(draft, ops) };
        using var engine = new GenerationEngine(new LoadedModel(model, ops), options);
        Console.WriteLine("sequences | choice          | drafts       | tokens/s | gain | accepted / drafted | passes a token");
        foreach (int sequences in (int[])[1, 4])
        {
            foreach ((string name, SamplingOptions sampling) in new[]
            {
                ("greedy", SamplingOptions.Greedy), ("temperature 0.8", new SamplingOptions { Temperature = 0.8f })
            })
            {
                await CompareAsync(engine, tokenizer, sequences, name, sampling);
            }
        }
    }

    private static async Task CompareAsync(GenerationEngine engine, Tokenizer tokenizer, int sequences, string name,
        SamplingOptions sampling)
    {
        (string Name, SpeculationOptions? Options)[] kinds =
        [
            ("none", null), ("prompt lookup", new() { Kind = SpeculationKind.PromptLookup }),
            ("draft model", new() { Kind = SpeculationKind.DraftModel }),
            ("draft, always", new() { Kind = SpeculationKind.DraftModel, MaxTokens = 4, Always = true }),
        ];
        var runs = kinds.Select(_ => new Run()).ToArray();
        for (int round = -1; round < Rounds; round++)
        {
            for (int kind = 0; kind < kinds.Length; kind++)
            {
                Run run = await MeasureAsync(engine, tokenizer, sequences, sampling, kinds[kind].Options);
                if (round >= 0)
                    runs[kind] = runs[kind].Plus(run);
                if (run.Text != (kind == 0 ? run.Text : runs[0].Text ?? run.Text))
                    throw new InvalidOperationException($"{kinds[kind].Name} gave another text than plain decoding.");
            }
        }

        for (int kind = 0; kind < kinds.Length; kind++)
        {
            Run run = runs[kind];
            Console.WriteLine($"{sequences,9} | {name,-15} | {kinds[kind].Name,-12} | {run.Tokens / run.Seconds,8:F1} | "
                + $"{runs[0].Seconds / run.Seconds * run.Tokens / runs[0].Tokens,4:F2} | {run.Accepted,8} / {run.Drafted,-7} | "
                + $"{(double)run.Passes / run.Tokens,14:F3}");
        }
    }

    private static async Task<Run> MeasureAsync(
        GenerationEngine engine, Tokenizer tokenizer, int sequences, SamplingOptions sampling, SpeculationOptions? speculation)
    {
        long before = (await engine.GetStatisticsAsync()).Steps;
        var watch = Stopwatch.StartNew();
        GenerationResult[] results = await Task.WhenAll(Enumerable.Range(0, sequences)
            .Select(i => engine.CompleteAsync(new GenerationRequest
            {
                Prompt = tokenizer.Encode(Prompts[i % Prompts.Length]),
                MaxNewTokens = NewTokens,
                IgnoreEndIds = engine.Options.EndIds.Count > 0,
                Sampling = sampling,
                Seed = (ulong)i,
                Speculation = speculation,
                Tokenizer = tokenizer,
                UsePrefixCache = false,
            })));
        double seconds = watch.Elapsed.TotalSeconds;
        long passes = (await engine.GetStatisticsAsync()).Steps - before;
        return new Run(seconds, results.Sum(r => r.Usage.NewTokens), results.Sum(r => r.Usage.DraftTokens),
            results.Sum(r => r.Usage.AcceptedTokens), passes, string.Concat(results.Select(r => r.Choices[0].Text)));
    }

    private readonly record struct Run(double Seconds, int Tokens, long Drafted, long Accepted, long Passes, string? Text)
    {
        public Run Plus(Run other) => new(
            Seconds + other.Seconds, Tokens + other.Tokens, Drafted + other.Drafted, Accepted + other.Accepted,
            Passes + other.Passes, other.Text);
    }
}

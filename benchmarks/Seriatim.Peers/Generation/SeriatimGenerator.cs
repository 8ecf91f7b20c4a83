using System.Diagnostics;
using Seriatim.Generation;

namespace Seriatim.Peers;

/// <summary>This project's engine, by way of what its users call.</summary>
internal sealed class SeriatimGenerator(string file, int threads) : IContender
{
    private readonly LanguageModel _model = LanguageModel.OpenAsync(file, new LanguageModelOptions
    {
        Threads = threads,
        Engine = new EngineOptions { PrefixCache = false },
    }).GetAwaiter().GetResult();

    public string Version => Build.Seriatim;

    public double[] Run() =>
    [
        First(GenerationPlan.PromptTokens).GetAwaiter().GetResult(),
        .. GenerationPlan.Sequences.Select(count => Together(count).GetAwaiter().GetResult()),
    ];

    public void Dispose() => _model.Dispose();

    private static GenerationRequest Request(int tokens, int seed, int newTokens) => new()
    {
        Prompt = GenerationPlan.Prompt(tokens, seed),
        MaxNewTokens = newTokens,
        IgnoreEndIds = true,
        Sampling = SamplingOptions.Greedy,
    };

    /// <summary>Seconds until the first new token.</summary>
    private async Task<double> First(int tokens)
    {
        long start = Stopwatch.GetTimestamp();
        await foreach (GenerationUpdate _ in _model.GenerateAsync(Request(tokens, seed: 1, newTokens: 1)))
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        throw new InvalidOperationException("There was no token.");
    }

    /// <summary>Seconds for the new tokens of all sequences, from the time in which all of them write.</summary>
    private async Task<double> Together(int count)
    {
        // Who begins first ends first: two more tokens a sequence than are needed, and what is not done by all is not counted.
        List<long>[] times = await Task.WhenAll(Enumerable.Range(0, count).Select(seed => Task.Run(() => Times(seed))));
        long begin = times.Max(own => own[0]), end = times.Min(own => own[^1]);
        int tokens = times.Sum(own => own.Count(time => time > begin && time <= end));
        return tokens > count ? Stopwatch.GetElapsedTime(begin, end).TotalSeconds / tokens * count * GenerationPlan.NewTokens
            : throw new InvalidOperationException($"{count} sequences did not write together.");
    }

    private async Task<List<long>> Times(int seed)
    {
        var times = new List<long>();
        await foreach (GenerationUpdate update in
            _model.GenerateAsync(Request(GenerationPlan.PastTokens, seed, GenerationPlan.NewTokens + 2)))
        {
            if (update.TokenId is not null)
                times.Add(Stopwatch.GetTimestamp());
        }

        return times;
    }
}

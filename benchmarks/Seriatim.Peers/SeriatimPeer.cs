using System.Diagnostics;
using Seriatim.Generation;

namespace Seriatim.Peers;

internal sealed class SeriatimPeer : IPeer
{
    private readonly LanguageModel _model;

    public SeriatimPeer(string file, int threads) =>
        _model = LanguageModel.OpenAsync(file, new LanguageModelOptions { Threads = threads, Engine = new EngineOptions { PrefixCache = false } }).GetAwaiter().GetResult();

    public string Name => "Seriatim";

    public (double Prompt, double Token) Run(int[] prompt, int newTokens) => RunAsync(prompt, newTokens).GetAwaiter().GetResult();

    private async Task<(double Prompt, double Token)> RunAsync(int[] prompt, int newTokens)
    {
        long start = Stopwatch.GetTimestamp(), first = 0;
        var request = new GenerationRequest { Prompt = prompt, MaxNewTokens = newTokens, IgnoreEndIds = true, Sampling = SamplingOptions.Greedy };
        await foreach (GenerationUpdate update in _model.GenerateAsync(request))
            first = first == 0 ? Stopwatch.GetTimestamp() : first;
        return (Stopwatch.GetElapsedTime(start, first).TotalSeconds, Stopwatch.GetElapsedTime(first).TotalSeconds / (newTokens - 1));
    }

    public void Dispose() => _model.Dispose();
}

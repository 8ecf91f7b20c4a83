using System.Diagnostics;
using Seriatim.Models;

namespace Seriatim.Peers;

/// <summary>This project's translator, by way of what its users call.</summary>
internal sealed class SeriatimTranslator(string[] lines, int beams, bool bytes, int threads) : IContender
{
    private readonly Translator _translator = Translator.OpenAsync(TranslationPlan.ModelFolder, new LanguageModelOptions
    {
        Threads = threads,
        Storage = bytes ? WeightStorage.Q8 : WeightStorage.F32,
    }).GetAwaiter().GetResult();

    public string Version => Build.Seriatim;

    public double[] Run() => [RunAsync().GetAwaiter().GetResult()];

    public void Dispose() => _translator.Dispose();

    private async Task<double> RunAsync()
    {
        long start = Stopwatch.GetTimestamp();
        int done = 0;
        await foreach (Translation translation in _translator.TranslateManyAsync(lines, new TranslationOptions { Beams = beams }))
            done += translation.Text.Length > 0 ? 1 : 0;
        return done == lines.Length ? Stopwatch.GetElapsedTime(start).TotalSeconds
            : throw new InvalidOperationException($"{lines.Length - done} of {lines.Length} lines have no translation.");
    }
}

using System.Diagnostics;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>Translates what the pairs do not have yet, many texts at once, and writes each in its place.</summary>
internal sealed class DistillRun(Translator translator, TranslationOptions options, DistillCorpus corpus, DistillOutput pairs)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly int _before = pairs.Done;
    private int _cut, _empty;

    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        if (_before > 0)
            Terminal.Note($"{_before:N0} of {corpus.Texts.Count:N0} pairs are there; going on.");
        Task all = TranslateAsync(cancellation);
        await LiveProgress.ShowAsync(all, Describe);
        try
        {
            await all;
        }
        catch (OperationCanceledException)
        {
            Terminal.Note($"Stopped after {pairs.Done:N0} of {corpus.Texts.Count:N0} pairs; go on with --resume.");
            return ExitCodes.Interrupted;
        }

        Terminal.Note($"{Describe()}.");
        if (_cut > 0)
        {
            Terminal.Note($"{_cut:N0} translations were cut off at the most new tokens (-n); train with \"long_sequences\": "
                + "\"skip\".");
        }
        if (_empty > 0)
            Terminal.Note($"{_empty:N0} translations are empty: those lines are no pairs.");
        return ExitCodes.Success;
    }

    private async Task TranslateAsync(CancellationToken cancellation)
    {
        try
        {
            await foreach (Translation made in translator.TranslateManyAsync(corpus.Texts.Skip(_before), options, cancellation))
            {
                _cut += made.Finish == FinishReason.Length ? 1 : 0;
                _empty += made.Text.Length == 0 ? 1 : 0;
                await pairs.WriteAsync(made.Source, made.Text.ReplaceLineEndings(" "));
            }
        }
        catch (TextTooLongException failure)
        {
            throw new UserErrorException($"{corpus.Name}, text {_before + failure.Number} has {failure.Tokens} tokens; "
                + $"{failure.Limit} is the most that is read. Take it out; the {pairs.Done:N0} pairs before it are written.");
        }
    }

    private string Describe()
    {
        int made = pairs.Done - _before;
        double seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        return FormattableString.Invariant($"{pairs.Done:N0} of {corpus.Texts.Count:N0} pairs, {made / seconds:F1} a second");
    }
}

using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>Translates lines together and prints them in their order, each as soon as it and those before it are ready.</summary>
internal sealed class TranslationRun(Translator translator, TranslationOptions options, TextLines lines,
    LineOutput output, bool json)
{
    private readonly List<int> _cut = [];
    private int _begun;
    private volatile int _printed;

    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        int code = await new LineBatch(lines, output, json).RunAsync(TranslateAsync, Print, cancellation);
        if (_cut.Count > 0)
        {
            string place = lines.Place(_cut[0]);
            string more = _cut.Count > 1 ? $" and {_cut.Count - 1} more" : "";
            Terminal.Note(
                $"{(place.Length == 0 ? "It was" : $"{place}{more}:")} cut off at the most new tokens; give more with -n.");
        }

        return code;
    }

    private async Task<Translation> TranslateAsync(string text, CancellationToken cancellation)
    {
        int index = _begun++;
        if (!output.IsTerminal || json || !translator.FillsIn)
            return await translator.TranslateManyAsync([text], options, cancellation).FirstAsync(cancellation);

        // Of the text that is printed next: others are on their way behind it.
        var steps = new Steps(step =>
        {
            if (index == _printed && step.Masked.Count > 0)
                Terminal.Live($"{step.Pass}/{step.Passes}  {step.Text}");
        });
        return await translator.TranslateManyAsync([text], options with { Steps = steps }, cancellation).FirstAsync(cancellation);
    }

    private string Print(int index, string source, Translation translation)
    {
        _printed = index + 1;
        Terminal.ClearLive();
        if (translation.Finish == FinishReason.Length)
            _cut.Add(index + 1);

        // A line for a line, whatever the model writes.
        string text = translation.Text.ReplaceLineEndings(" ");
        if (!json)
            return output.IsTerminal ? string.Join('\n', WordFold.Lines(text, Terminal.Output.Profile.Width - 1)) : text;
        return JsonSerializer.Serialize(
            new TranslationLine(index, translation.Source, text, translation.Direction?.From, translation.Direction?.To,
                translation.Score, JsonNamingPolicy.SnakeCaseLower.ConvertName($"{translation.Finish}"), translation.Tokens),
            CliJson.Lines.TranslationLine);
    }

    /// <summary>At once, where a <see cref="Progress{T}"/> would go by way of another thread.</summary>
    private sealed class Steps(Action<RefinementStep> tell) : IProgress<RefinementStep>
    {
        public void Report(RefinementStep value) => tell(value);
    }
}

/// <summary>What <c>translate --json</c> prints for each line.</summary>
/// <param name="Index">Number of the line, from 0.</param>
/// <param name="Source">The text.</param>
/// <param name="Translation">Its translation.</param>
/// <param name="From">Language of the text; missing if the model names none.</param>
/// <param name="To">Language of the translation; missing if the model names none.</param>
/// <param name="Score">With beams: sum of log-probabilities / length^penalty.</param>
/// <param name="FinishReason">end_of_sequence, or length: it was cut off.</param>
/// <param name="NewTokens">Tokens of the translation.</param>
internal sealed record TranslationLine(
    int Index, string Source, string Translation, string? From, string? To, double? Score, string FinishReason, int NewTokens);

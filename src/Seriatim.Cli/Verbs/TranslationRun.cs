using System.Diagnostics;
using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>Translates lines together and prints them in their order, each as soon as it and those before it are ready.</summary>
internal sealed class TranslationRun(Translator translator, TranslationOptions options, TextLines lines, LineOutput output, bool json)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly List<int> _cut = [];
    private int _done, _tokens;

    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        Task work = PrintAsync(cancellation);

        // Lines that a terminal shows are their own progress, and a second moving line would tear them.
        if (!output.IsTerminal)
            await LiveProgress.ShowAsync(work, Describe);
        try
        {
            await work;
        }
        catch (TextTooLongException failure)
        {
            throw new UserErrorException($"{lines.Place(failure.Number)}: it has {failure.Tokens} tokens; {failure.Limit} is the most that is read. Cut it into sentences.");
        }
        catch (ModelTaskException failure)
        {
            throw new UserErrorException($"{lines.Place(_done + 1)}: {failure.Message} (--to, --from)");
        }

        if (_cut.Count > 0)
            Terminal.Note($"{lines.Place(_cut[0])}{(_cut.Count > 1 ? $" and {_cut.Count - 1} more" : "")}: cut off at the most new tokens; give more with -n.");
        return ExitCodes.Success;
    }

    private async Task PrintAsync(CancellationToken cancellation)
    {
        await foreach (Translation translation in translator.TranslateManyAsync(lines.ReadAsync(cancellation), options, cancellation))
        {
            int index = _done++;
            _tokens += translation.Tokens;
            if (translation.Finish == FinishReason.Length)
                _cut.Add(_done);

            // A line for a line, whatever the model writes.
            string text = translation.Text.ReplaceLineEndings(" ");
            await output.WriteAsync(!json ? text : JsonSerializer.Serialize(
                new TranslationLine(index, translation.Source, text, translation.Direction?.From, translation.Direction?.To, translation.Score,
                    JsonNamingPolicy.SnakeCaseLower.ConvertName($"{translation.Finish}"), translation.Tokens), CliJson.Lines.TranslationLine));
        }
    }

    private string Describe()
    {
        double seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        return FormattableString.Invariant($"{_done} lines, {_done / seconds:F1} lines/s, {_tokens / seconds:F0} tokens/s");
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

using System.CommandLine;
using System.Text.Json;

namespace Seriatim.Cli;

/// <summary><c>seriatim score</c>: how probable texts are.</summary>
internal static class ScoreCommand
{
    public static Command Build()
    {
        Option<string> model = SharedOptions.Model();
        Option<int> threads = SharedOptions.Threads();
        Option<int?> context = SharedOptions.Context();
        Option<bool> json = SharedOptions.Json("one JSON object a text, with the log-probability of each token");
        Option<string?> given =
            Flag.Maybe<string>("Encoder-decoders: the text that the others were made of.", "text", "--source");
        var source = new TextSource("Texts to score");
        var command = new Command("score", "Print perplexity, log-probability and tokens of texts.")
        {
            model, threads, context, json, given
        };
        source.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            TextLines lines = source.Open(result);
            bool asJson = result.GetValue(json);
            string folder = await ModelFolder.ResolveAsync(result.GetRequiredValue(model), cancellation);
            using LanguageModel opened = await LanguageModel.OpenAsync(folder, SharedOptions.Read(result, threads, context),
                cancellation);
            using var output = LineOutput.Open(null, null);
            return await new LineBatch(lines, output, asJson).RunAsync(
                (text, stop) => opened.ScoreAsync(text, result.GetValue(given), stop),
                (index, text, score) => asJson ? Json(opened, index, text, score)
                    : FormattableString.Invariant($"{score.Perplexity:F4}\t{score.Logprob:F4}\t{score.Logprobs.Count}\t{text}"),
                cancellation);
        });
        return command;
    }

    private static string Json(LanguageModel model, int index, string text, TextScore score) => JsonSerializer.Serialize(
        new ScoreLine(index, text, score.Perplexity, score.Logprob, score.Logprobs.Count, score.TokenIds,
            LogprobLine.Of(model.Tokenizer, score.Logprobs)!),
        CliJson.Lines.ScoreLine);
}

/// <summary>What <c>score --json</c> prints for each text.</summary>
/// <param name="Index">Number of the text, from 0.</param>
/// <param name="Text">The text.</param>
/// <param name="Perplexity">exp(-mean log-probability); missing for a text of one token.</param>
/// <param name="Logprob">Log-probability of all scored tokens together.</param>
/// <param name="Scored">How many tokens that are: all but the first.</param>
/// <param name="TokenIds">All tokens.</param>
/// <param name="Logprobs">One for each scored token.</param>
internal sealed record ScoreLine(
    int Index, string Text, double? Perplexity, double Logprob, int Scored, IReadOnlyList<int> TokenIds, LogprobLine[] Logprobs);

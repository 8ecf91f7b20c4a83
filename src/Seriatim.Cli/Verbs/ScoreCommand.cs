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
        Option<string?> given = Flag.Maybe<string>("Encoder-decoders: the text that the others were made of.", "text", "--source");
        var source = new TextSource("Texts to score");
        var command = new Command("score", "Print perplexity, log-probability and tokens of texts.") { model, threads, context, json, given };
        source.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            IReadOnlyList<string> texts = await source.ReadAsync(result, cancellation);
            string folder = await ModelFolder.ResolveAsync(result.GetRequiredValue(model), cancellation);
            using LanguageModel opened = await LanguageModel.OpenAsync(folder, SharedOptions.Read(result, threads, context), cancellation);
            for (int i = 0; i < texts.Count; i++)
            {
                TextScore score = await opened.ScoreAsync(texts[i], result.GetValue(given), cancellation);
                if (result.GetValue(json))
                {
                    var line = new ScoreLine(
                        i, texts[i], score.Perplexity, score.Logprob, score.Logprobs.Count, score.TokenIds, LogprobLine.Of(opened.Tokenizer, score.Logprobs)!);
                    Console.Out.WriteLine(JsonSerializer.Serialize(line, CliJson.Lines.ScoreLine));
                }
                else
                {
                    Console.Out.WriteLine(FormattableString.Invariant($"{score.Perplexity:F4}\t{score.Logprob:F4}\t{score.Logprobs.Count}\t{texts[i]}"));
                }
            }

            return ExitCodes.Success;
        });
        return command;
    }
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

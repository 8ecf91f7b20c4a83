using System.CommandLine;
using System.Text.Json;

namespace Seriatim.Cli;

/// <summary><c>seriatim answer</c>: where texts answer a question.</summary>
internal static class AnswerCommand
{
    public static Command Build()
    {
        Option<string> model = SharedOptions.Model();
        Option<int> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json("one JSON object a text, with the answers");
        var question = new Option<string>("--question", "-q")
        {
            Description = "The question.",
            HelpName = "text",
            Required = true,
        };
        Option<int> top = Flag.Of("Answers to print, most probable first.", "k", 1, "--top-k");
        Option<int> longest = Flag.Of("Tokens of an answer at most.", "n", 30, "--longest");
        Option<bool> none = Flag.Switch("No answer may be the best one, for models that were trained with it.", "--allow-none");
        var source = new TextSource("Texts to ask");
        var command = new Command("answer", "Find the answer to a question in texts (models of answers).")
        {
            model, threads, json, question, top, longest, none,
        };
        source.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            TextLines lines = source.Open(result);
            bool asJson = result.GetValue(json);
            var options = new AnswerOptions
            {
                Count = AtLeastOne("--top-k", result.GetValue(top)),
                LongestAnswer = AtLeastOne("--longest", result.GetValue(longest)),
                AllowsNone = result.GetValue(none),
            };
            string asked = result.GetRequiredValue(question);
            string folder = await ModelFolder.ResolveAsync(result.GetRequiredValue(model), cancellation);
            using TextEncoder encoder = await TextEncoder.OpenAsync(folder, SharedOptions.Read(result, threads), cancellation);
            using var output = LineOutput.Open(null, null);
            return await new LineBatch(lines, output, asJson).RunAsync(
                (text, stop) => encoder.AnswerAsync(asked, text, options, stop),
                (index, text, answers) => asJson
                    ? JsonSerializer.Serialize(new AnswerLine(index, asked, text, answers), CliJson.Lines.AnswerLine)
                    : Block(answers), cancellation);
        });
        return command;
    }

    private static int AtLeastOne(string flag, int value) =>
        value >= 1 ? value : throw new UsageException($"{flag} is {value}; it must be at least 1.");

    /// <summary>A line an answer: probability, text; nothing behind the tab says that there is none.</summary>
    private static string Block(IEnumerable<TextAnswer> answers) => string.Concat(answers.Select(one =>
        FormattableString.Invariant($"{one.Probability:F4}\t{one.Text.ReplaceLineEndings(" ")}\n")));
}

/// <summary>What <c>answer --json</c> prints for each text.</summary>
/// <param name="Index">Number of the text, from 0.</param>
/// <param name="Question">The question.</param>
/// <param name="Text">The text.</param>
/// <param name="Answers">The answers, most probable first.</param>
internal sealed record AnswerLine(int Index, string Question, string Text, IReadOnlyList<TextAnswer> Answers);

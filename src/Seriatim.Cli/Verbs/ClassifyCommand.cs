using System.CommandLine;
using System.Text.Json;

namespace Seriatim.Cli;

/// <summary><c>seriatim classify</c>: how probable each class of a text is.</summary>
internal static class ClassifyCommand
{
    public static Command Build()
    {
        Option<string> model = SharedOptions.Model();
        Option<int> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json("one JSON object a text, with all classes");
        Option<string?> second =
            Flag.Maybe<string>("A second text that belongs to each, for classifiers of pairs.", "text", "--text-pair");
        Option<int?> top = Flag.Maybe<int?>("Classes to print, most probable first (default: all).", "k", "--top-k");
        var source = new TextSource("Texts to classify");
        var command = new Command("classify", "Classify texts (BERT-like classifiers).") { model, threads, json, second, top };
        source.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            TextLines lines = source.Open(result);
            bool asJson = result.GetValue(json);
            result.Require(!asJson, "text output (the objects of --json hold all classes)", top);
            int most = result.GetValue(top) ?? int.MaxValue;
            if (most < 1)
                throw new UsageException($"--top-k is {most}; it must be at least 1.");
            string folder = await ModelFolder.ResolveAsync(result.GetRequiredValue(model), cancellation);
            using TextEncoder encoder = await TextEncoder.OpenAsync(folder, SharedOptions.Read(result, threads), cancellation);
            using var output = LineOutput.Open(null, null);
            return await new LineBatch(lines, output, asJson).RunAsync(
                (text, stop) => encoder.ClassifyAsync(text, result.GetValue(second), stop),
                (index, text, classes) => asJson
                    ? JsonSerializer.Serialize(new ClassLine(index, text, classes), CliJson.Lines.ClassLine)
                    : Block(classes.OrderByDescending(c => c.Probability).Take(most)), cancellation);
        });
        return command;
    }

    /// <summary>A block of lines a text: probability, label.</summary>
    private static string Block(IEnumerable<ClassProbability> classes) =>
        string.Concat(classes.Select(one => FormattableString.Invariant($"{one.Probability:F4}\t{one.Label}\n")));
}

/// <summary>What <c>classify --json</c> prints for each text.</summary>
/// <param name="Index">Number of the text, from 0.</param>
/// <param name="Text">The text.</param>
/// <param name="Classes">All classes, in the order of the model.</param>
internal sealed record ClassLine(int Index, string Text, IReadOnlyList<ClassProbability> Classes);

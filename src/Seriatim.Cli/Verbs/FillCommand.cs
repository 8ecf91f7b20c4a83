using System.CommandLine;
using System.Text.Json;

namespace Seriatim.Cli;

/// <summary><c>seriatim fill</c>: the words that may stand at a mask.</summary>
internal static class FillCommand
{
    public static Command Build()
    {
        var model = new DefaultModel("fill");
        Option<int> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json("one JSON object a text");
        Option<int> top = Flag.Of("Words for each mask.", "k", 5, "--top-k");
        var source = new TextSource("Texts with the model's mask token in them, e.g. [MASK]");
        var command = new Command("fill", "Fill the masks of texts (BERT-like models).") { model.Option, threads, json, top };
        source.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            TextLines lines = source.Open(result);
            bool asJson = result.GetValue(json);
            int count = result.GetValue(top);
            if (count < 1)
                throw new UsageException($"--top-k is {count}; it must be at least 1.");
            string folder = await model.ResolveAsync(result, cancellation);
            using TextEncoder encoder = await TextEncoder.OpenAsync(folder, SharedOptions.Read(result, threads), cancellation);
            using var output = LineOutput.Open(null, null);
            return await new LineBatch(lines, output, asJson).RunAsync(
                (text, stop) => encoder.FillAsync(text, count, stop),
                (index, text, masks) => asJson
                    ? JsonSerializer.Serialize(new FillLine(index, text, masks), CliJson.Lines.FillLine)
                    : Blocks(masks), cancellation);
        });
        return command;
    }

    /// <summary>A block of lines a mask: probability, text; an empty line between.</summary>
    private static string Blocks(IReadOnlyList<IReadOnlyList<FilledMask>> masks) => string.Join('\n', masks.Select(mask =>
        string.Concat(mask.Select(filled => FormattableString.Invariant($"{filled.Probability:F4}\t{filled.Text}\n")))));
}

/// <summary>What <c>fill --json</c> prints for each text.</summary>
/// <param name="Index">Number of the text, from 0.</param>
/// <param name="Text">The text.</param>
/// <param name="Masks">For each mask the best tokens, best first.</param>
internal sealed record FillLine(int Index, string Text, IReadOnlyList<IReadOnlyList<FilledMask>> Masks);

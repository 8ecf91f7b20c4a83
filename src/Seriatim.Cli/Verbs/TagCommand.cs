using System.CommandLine;
using System.Text.Json;

namespace Seriatim.Cli;

/// <summary><c>seriatim tag</c>: what each token of a text is, or which names it holds.</summary>
internal static class TagCommand
{
    public static Command Build()
    {
        Option<string> model = SharedOptions.Model();
        Option<int> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json("one JSON object a text, with its tokens and its entities");
        Option<bool> each = Flag.Switch("Print every token instead of the runs of one kind.", "--tokens");
        var source = new TextSource("Texts to tag");
        var command = new Command("tag", "Find names and other kinds of tokens (models of tokens).")
        {
            model, threads, json, each,
        };
        source.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            TextLines lines = source.Open(result);
            bool asJson = result.GetValue(json), tokens = result.GetValue(each);
            result.Require(!asJson, "text output (the objects of --json hold both)", each);
            string folder = await ModelFolder.ResolveAsync(result.GetRequiredValue(model), cancellation);
            using TextEncoder encoder = await TextEncoder.OpenAsync(folder, SharedOptions.Read(result, threads), cancellation);
            using var output = LineOutput.Open(null, null);
            return await new LineBatch(lines, output, asJson).RunAsync(
                (text, stop) => encoder.TagAsync(text, stop),
                (index, text, tagged) => asJson
                    ? JsonSerializer.Serialize(new TagLine(index, text, tagged, TextEntity.Join(text, tagged)),
                        CliJson.Lines.TagLine)
                    : tokens ? Block(tagged) : Block(TextEntity.Join(text, tagged)), cancellation);
        });
        return command;
    }

    /// <summary>A line an entity: probability, kind, text.</summary>
    private static string Block(IEnumerable<TextEntity> entities) => string.Concat(entities.Select(one =>
        FormattableString.Invariant($"{one.Probability:F4}\t{one.Kind}\t{one.Text.ReplaceLineEndings(" ")}\n")));

    /// <summary>A line a token: probability, class, text.</summary>
    private static string Block(IEnumerable<TaggedToken> tokens) => string.Concat(tokens.Select(one =>
        FormattableString.Invariant($"{one.Probability:F4}\t{one.Label}\t{one.Text.ReplaceLineEndings(" ")}\n")));
}

/// <summary>What <c>tag --json</c> prints for each text.</summary>
/// <param name="Index">Number of the text, from 0.</param>
/// <param name="Text">The text.</param>
/// <param name="Tokens">Every token.</param>
/// <param name="Entities">Runs of one kind.</param>
internal sealed record TagLine(
    int Index, string Text, IReadOnlyList<TaggedToken> Tokens, IReadOnlyList<TextEntity> Entities);

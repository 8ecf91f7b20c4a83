using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary><c>seriatim embed</c>: texts to vectors.</summary>
internal static class EmbedCommand
{
    private enum Pooling
    {
        Auto,
        Mean,
        Cls,
        Last,
    }

    public static Command Build()
    {
        Option<string> model = SharedOptions.Model();
        Option<int> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json("one JSON object a text");
        Option<Pooling> pooling = Flag.Of(
            "How the rows of a text become one: mean, cls (the first), last. Auto: as the model's files say, else mean, of "
                + "decoders last.",
            "Mean|Cls|Last", Pooling.Auto, "--pooling");
        Option<bool> raw = Flag.Switch(
            "Leave the vectors as long as they are; else each is scaled to length 1, unless the model's files say otherwise.",
            "--no-normalize");
        Option<bool> truncate =
            Flag.Switch("Cut texts that are longer than the model's context, instead of refusing them.", "--truncate");
        var source = new TextSource("Texts to embed");
        var command = new Command("embed", "Turn texts into vectors, one line each.")
        {
            model, threads, json, pooling, raw, truncate
        };
        source.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            TextLines lines = source.Open(result);
            bool asJson = result.GetValue(json);
            string folder = await ModelFolder.ResolveAsync(result.GetRequiredValue(model), cancellation);
            using TextEncoder encoder = await TextEncoder.OpenAsync(folder, SharedOptions.Read(result, threads), cancellation);
            var options = new EmbeddingOptions
            {
                Pooling = Kind(result.GetValue(pooling)),
                Normalize = result.GetValue(raw) ? false : null,
                Truncate = result.GetValue(truncate),
            };
            var cuts = new CutTexts();
            encoder.TextsTruncated += (_, cut) => cuts.Add(cut);
            using var output = LineOutput.Open(null, null);
            var batch = new LineBatch(lines, output, asJson);
            int code = await batch.RunAsync(
                async (text, stop) => (await encoder.EmbedAsync([text], options, stop))[0],
                (index, text, vector) => asJson
                    ? JsonSerializer.Serialize(new EmbeddingLine(index, text, vector), CliJson.Lines.EmbeddingLine)
                    : string.Join(' ', vector.Select(value => value.ToString("R", CultureInfo.InvariantCulture))), cancellation);
            cuts.Say(batch.Done);
            return code;
        });
        return command;
    }

    /// <summary>Null: as the model has it.</summary>
    private static PoolingKind? Kind(Pooling pooling) => pooling switch
    {
        Pooling.Mean => PoolingKind.Mean,
        Pooling.Cls => PoolingKind.First,
        Pooling.Last => PoolingKind.Last,
        _ => null,
    };
}

/// <summary>Texts that were cut, said once for all.</summary>
internal sealed class CutTexts
{
    private readonly Lock _lock = new();
    private TextsTruncatedEventArgs? _longest;
    private int _count;

    public void Add(TextsTruncatedEventArgs cut)
    {
        lock (_lock)
        {
            _count += cut.Cut;
            _longest = _longest is null || cut.Tokens > _longest.Tokens ? cut : _longest;
        }
    }

    /// <param name="all">How many texts there were.</param>
    public void Say(int all)
    {
        if (_longest is { } longest)
        {
            Terminal.Note($"Warning: {_count} of {all} texts were cut to {longest.Limit} tokens ({longest.Reason}); the longest "
                + $"has {longest.Tokens}.");
        }
    }
}

/// <summary>What <c>embed --json</c> prints for each text.</summary>
/// <param name="Index">Number of the text, from 0.</param>
/// <param name="Text">The text.</param>
/// <param name="Embedding">Its vector.</param>
internal sealed record EmbeddingLine(int Index, string Text, float[] Embedding);

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
            "How the rows of a text become one: mean, cls (the first), last. Auto: as the model's files say, else mean, of decoders last.",
            "Mean|Cls|Last", Pooling.Auto, "--pooling");
        Option<bool> raw = Flag.Switch(
            "Leave the vectors as long as they are; else each is scaled to length 1, unless the model's files say otherwise.", "--no-normalize");
        Option<bool> truncate = Flag.Switch("Cut texts that are longer than the model's context, instead of refusing them.", "--truncate");
        var source = new TextSource("Texts to embed");
        var command = new Command("embed", "Turn texts into vectors, one line each.") { model, threads, json, pooling, raw, truncate };
        source.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            IReadOnlyList<string> texts = await source.ReadAsync(result, cancellation);
            string folder = await ModelFolder.ResolveAsync(result.GetRequiredValue(model), cancellation);
            using TextEncoder encoder = await TextEncoder.OpenAsync(folder, SharedOptions.Read(result, threads), cancellation);
            encoder.TextsTruncated += (_, cut) => Terminal.Note($"Warning: {cut}");
            var options = new EmbeddingOptions
            {
                Pooling = Kind(result.GetValue(pooling)),
                Normalize = result.GetValue(raw) ? false : null,
                Truncate = result.GetValue(truncate),
            };
            Task<IReadOnlyList<float[]>> work = encoder.EmbedAsync(texts, options, cancellation);
            await LiveProgress.ShowAsync(work, () => $"{texts.Count} texts");
            IReadOnlyList<float[]> vectors = await work;
            for (int i = 0; i < texts.Count; i++)
            {
                Console.Out.WriteLine(result.GetValue(json)
                    ? JsonSerializer.Serialize(new EmbeddingLine(i, texts[i], vectors[i]), CliJson.Lines.EmbeddingLine)
                    : string.Join(' ', vectors[i].Select(value => value.ToString("R", CultureInfo.InvariantCulture))));
            }

            return ExitCodes.Success;
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

/// <summary>What <c>embed --json</c> prints for each text.</summary>
/// <param name="Index">Number of the text, from 0.</param>
/// <param name="Text">The text.</param>
/// <param name="Embedding">Its vector.</param>
internal sealed record EmbeddingLine(int Index, string Text, float[] Embedding);

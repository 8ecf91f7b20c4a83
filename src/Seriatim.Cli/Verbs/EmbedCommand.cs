using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Seriatim.Generation;
using Seriatim.Models;

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
        Option<Pooling> pooling = Flag.Of("How the rows of a text become one: mean, cls (the first), last. Auto: mean, of decoders last.", "Mean|Cls|Last", Pooling.Auto, "--pooling");
        Option<bool> raw = Flag.Switch("Leave the vectors as long as they are; else each is scaled to length 1.", "--no-normalize");
        var source = new TextSource("Texts to embed");
        var command = new Command("embed", "Turn texts into vectors, one line each.") { model, threads, json, pooling, raw };
        source.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            TextLines lines = source.Open(result);
            bool asJson = result.GetValue(json);
            string folder = await ModelFolder.ResolveAsync(result.GetRequiredValue(model), cancellation);
            using TextEncoder encoder = await TextEncoder.OpenAsync(folder, SharedOptions.Read(result, threads), cancellation);
            using var output = LineOutput.Open(null, null);
            return await new LineBatch(lines, output, asJson).RunAsync(
                async (text, stop) => (await encoder.EmbedAsync([text], Kind(result.GetValue(pooling), encoder.Model), !result.GetValue(raw), stop))[0],
                (index, text, vector) => asJson ? JsonSerializer.Serialize(new EmbeddingLine(index, text, vector), CliJson.Lines.EmbeddingLine)
                    : string.Join(' ', vector.Select(value => value.ToString("R", CultureInfo.InvariantCulture))), cancellation);
        });
        return command;
    }

    private static PoolingKind Kind(Pooling pooling, Model model) => pooling switch
    {
        Pooling.Mean => PoolingKind.Mean,
        Pooling.Cls => PoolingKind.First,
        Pooling.Last => PoolingKind.Last,
        _ => model.Spec.Encoder is null ? PoolingKind.Last : PoolingKind.Mean,
    };
}

/// <summary>What <c>embed --json</c> prints for each text.</summary>
/// <param name="Index">Number of the text, from 0.</param>
/// <param name="Text">The text.</param>
/// <param name="Embedding">Its vector.</param>
internal sealed record EmbeddingLine(int Index, string Text, float[] Embedding);

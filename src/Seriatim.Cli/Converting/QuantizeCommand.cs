using System.CommandLine;
using System.Text.Json;
using Seriatim.Generation;
using Seriatim.Models;
using Spectre.Console;

namespace Seriatim.Cli;

/// <summary><c>seriatim quantize</c>: any model as a GGUF file of fewer bits, with the error that costs.</summary>
internal static class QuantizeCommand
{
    public static Command Build()
    {
        Option<string> model = SharedOptions.Model();
        var target = new Option<string>("--output", "-o")
        {
            Description = "The .gguf file to write.",
            Required = true,
            HelpName = "file",
        };
        var type = new Option<string>("--type")
        {
            Description = $"One of {string.Join(", ", QuantizationMix.Names)}.",
            Required = true,
            HelpName = "type",
        };
        Option<bool> pure = Flag.Switch("Give every matrix the one type: no finer output, no mixture.", "--pure");
        Option<string?> text = Flag.Maybe<string>("A text whose perplexity is measured before and after.", "file", "--text");
        Option<int> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json("one JSON object");
        Option<bool> force = OutputPlace.Force();
        var command = new Command("quantize", "Write a model as a GGUF file with fewer bits; report the error of each tensor.")
        {
            model, target, type, pure, text, threads, json, force,
        };
        command.SetAction(async (result, cancellation) =>
        {
            string path = result.GetRequiredValue(target);
            if (!Model.IsGguf(path))
            {
                throw new UserErrorException(
                    $"-o is {path}; quantised models are written as GGUF, so its name must end in .gguf.");
            }
            QuantizationMix mix = Mix(result.GetRequiredValue(type), result.GetValue(pure));
            OutputPlace.Require(path, result.GetValue(force));
            string? sample = result.GetValue(text);
            if (sample is not null && !File.Exists(sample))
                throw new UserErrorException($"{sample}: there is no such file.");
            string source = await ModelFolder.ResolveAsync(result.GetRequiredValue(model), cancellation);
            (List<GgufTensorReport> tensors, IReadOnlyList<string> notes) = await WriteAsync(source, path, mix);
            double? before = sample is null ? null
                : await PerplexityAsync(source, sample, result.GetValue(threads), cancellation);
            double? after = sample is null ? null
                : await PerplexityAsync(path, sample, result.GetValue(threads), cancellation);
            var report = new QuantizationReport(path, mix.Name, new FileInfo(path).Length, before, after,
                [.. tensors.Select(t => new QuantizedTensorLine(t.Name, t.Shape, $"{t.Type}", t.Bytes, t.RelativeError))], notes);
            if (result.GetValue(json))
                Console.Out.WriteLine(JsonSerializer.Serialize(report, CliJson.Lines.QuantizationReport));
            else
                Print(report);
            return ExitCodes.Success;
        });
        return command;
    }

    /// <summary>The mix a user names.</summary>
    public static QuantizationMix Mix(string name, bool pure, params string[] allowed)
    {
        IEnumerable<string> names = allowed.Length == 0 ? QuantizationMix.Names : allowed;
        if (!names.Contains(name, StringComparer.OrdinalIgnoreCase))
            throw new UsageException($"--type is {name}; it must be one of {string.Join(", ", names)}.");
        return QuantizationMix.Parse(name, pure);
    }

    /// <summary>Writes the file, shows how far it is, and says what other readers of it do otherwise.</summary>
    public static async Task<(List<GgufTensorReport> Tensors, IReadOnlyList<string> Notes)> WriteAsync(string source, string path,
        QuantizationMix mix)
    {
        var done = new List<GgufTensorReport>();
        string latest = "reading";
        Task<IReadOnlyList<string>> work = Task.Run(() => ModelConverter.ToGguf(source, path, mix, report =>
        {
            done.Add(report);
            Volatile.Write(ref latest, $"{report.Name} as {report.Type}");
        }));
        await LiveProgress.ShowAsync(work, () => Volatile.Read(ref latest));
        IReadOnlyList<string> notes = await work;
        foreach (string note in notes)
            Terminal.Note(note);
        return (done, notes);
    }

    /// <summary>The perplexity that <c>eval</c> gives for the model and the text.</summary>
    private static async Task<double> PerplexityAsync(string model, string file, int threads, CancellationToken cancellation)
    {
        TextEncoder opened = await TextEncoder.OpenAsync(
            model, new LanguageModelOptions { Threads = threads, Engine = new EngineOptions { Pages = 1 } }, cancellation);
        using var evaluation = new LanguageEvaluation(opened, TextSettings.For(opened.Model), file, threads);
        if (opened.Model.Spec.Task != ModelTask.CausalLanguageModel)
        {
            throw new UserErrorException($"--text: perplexity is that of decoders; {model} is a {opened.Model.Spec.Family} model "
                + $"for {opened.Model.Spec.Task}.");
        }
        Task<EvaluationReport> work = Task.Run(() => evaluation.RunAsync(cancellation), CancellationToken.None);
        await LiveProgress.ShowAsync(work, () => $"measuring {model}: {evaluation.Progress}");
        return (double)(await work).Values.Single(value => value.Name == "perplexity").Value;
    }

    private static void Print(QuantizationReport report)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn("tensor").AddColumn("shape").AddColumn("type")
            .AddColumn(new TableColumn("size").RightAligned()).AddColumn(new TableColumn("error").RightAligned());
        foreach (QuantizedTensorLine t in report.Tensors)
        {
            table.AddRow(new Text(t.Name), new Text($"[{string.Join(", ", t.Shape)}]"), new Text(t.Type),
                new Text(Terminal.Bytes(t.Bytes)), new Text(FormattableString.Invariant($"{t.RelativeError:P3}")));
        }

        Terminal.Output.Write(table);
        Console.Out.WriteLine($"{report.File}: {Terminal.Bytes(report.Bytes)}, {report.Type}");
        if (report.PerplexityBefore is { } before && report.PerplexityAfter is { } after)
        {
            Console.Out.WriteLine(FormattableString.Invariant(
                $"perplexity {before:F4} before, {after:F4} after ({after / before - 1:+0.00%;-0.00%})"));
        }
    }
}

/// <summary>What <c>quantize --json</c> prints.</summary>
/// <param name="File">The file written.</param>
/// <param name="Type">The mix.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="PerplexityBefore">That of the source; missing without a text.</param>
/// <param name="PerplexityAfter">That of the file; missing without a text.</param>
/// <param name="Tensors">Every tensor.</param>
/// <param name="Notes">What other readers of the file do otherwise.</param>
internal sealed record QuantizationReport(
    string File, string Type, long Bytes, double? PerplexityBefore, double? PerplexityAfter, QuantizedTensorLine[] Tensors,
    IReadOnlyList<string> Notes);

/// <summary>One tensor of a report.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Type">How it is stored.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="RelativeError">Root mean square of the error over that of the values.</param>
internal sealed record QuantizedTensorLine(string Name, IReadOnlyList<long> Shape, string Type, long Bytes, double RelativeError);

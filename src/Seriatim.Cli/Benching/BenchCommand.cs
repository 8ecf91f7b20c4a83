using System.CommandLine;
using System.Text.Json;
using Seriatim.Models;
using Seriatim.Tensors;
using Spectre.Console;

namespace Seriatim.Cli;

/// <summary><c>seriatim bench</c>: tokens a second, and how much of what this machine can do that is.</summary>
internal static class BenchCommand
{
    public static Command Build()
    {
        Option<string?> model = Flag.Maybe<string>("A model folder, a .gguf file or a name.", "model", "--model", "-m");
        Option<string?> shape = Flag.Maybe<string>($"Random weights of a shape instead: {string.Join(", ", BenchShapes.Names)}.", "shape", "--shape");
        Option<string> quant = Flag.Of($"With --shape: the type of matrices, one of {string.Join(", ", QuantizationMix.Names)}.", "type", "q8_0", "--quant");
        Option<int[]> prompts = Lengths("Prompt lengths to read.", [256], "--prompt", "-p");
        Option<int> generate = Flag.Of("Tokens to write in each run.", "n", 32, "--generate", "-n");
        Option<int[]> batches = Lengths("Numbers of sequences that write together.", [1, 16], "--batch", "-b");
        Option<int> repeat = Flag.Of("Runs of each measurement; the median counts.", "n", 5, "--repeat", "-r");
        Option<int> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json("one JSON object");
        var command = new Command("bench", "Measure tokens a second against the limits of this machine.")
        {
            model, shape, quant, prompts, generate, batches, repeat, threads, json,
        };
        command.SetAction(async (result, cancellation) =>
        {
            string? name = result.GetValue(model);
            string? kind = result.GetValue(shape);
            if (name is null == kind is null)
                throw new UserErrorException("Give a model with -m, or a shape with --shape.");
            result.Require(kind is not null, "--shape", quant);
            int runs = Positive(result.GetValue(repeat), "--repeat");
            int tokens = Positive(result.GetValue(generate), "--generate");
            string path = name is null ? "" : await ModelFolder.ResolveAsync(name, cancellation);
            using Model loaded = kind is null ? Model.Load(path) : BenchShapes.Make(kind, result.GetValue(quant)!);
            if (loaded.Spec.Task != ModelTask.CausalLanguageModel)
                throw new UserErrorException($"{name ?? kind} is a {loaded.Spec.Family} model for {loaded.Spec.Task}; only language models are measured.");
            using IDifferentiableOps ops = CpuOps.Create(result.GetValue(threads));
            BenchReport report = Measure(
                name ?? $"{kind} {result.GetValue(quant)}", loaded, ops, result.GetValue(prompts)!, result.GetValue(batches)!, tokens, runs, result.GetValue(threads));
            if (result.GetValue(json))
                Console.Out.WriteLine(JsonSerializer.Serialize(report, CliJson.Lines.BenchReport));
            else
                Print(report);
            return ExitCodes.Success;
        });
        return command;
    }

    private static BenchReport Measure(
        string name, Model model, IOps ops, int[] prompts, int[] batches, int tokens, int repeat, int threads)
    {
        var run = new BenchRun(model, ops, repeat);
        var lines = new List<BenchLine>();
        MachineSpeed before = MachineSpeed.Measure(threads);
        foreach (int prompt in prompts)
            lines.Add(Line("read", Positive(prompt, "--prompt"), 1, prompt, run.Prompt(prompt)));
        foreach (int batch in batches)
            lines.Add(Line("write", 1, Positive(batch, "--batch"), batch, run.Generate(batch, tokens, past: 32)));
        MachineSpeed after = MachineSpeed.Measure(threads);
        var limits = new MachineSpeed(
            Math.Max(before.ReadBytesPerSecond, after.ReadBytesPerSecond),
            Math.Max(before.F32MultiplyAddsPerSecond, after.F32MultiplyAddsPerSecond),
            Math.Max(before.ByteMultiplyAddsPerSecond, after.ByteMultiplyAddsPerSecond));
        return new BenchReport(name, threads == 0 ? Environment.ProcessorCount : threads, run.StepBytes(1), run.MultiplyAdds,
            limits.ReadBytesPerSecond / 1e9, limits.F32MultiplyAddsPerSecond / 1e9, limits.ByteMultiplyAddsPerSecond / 1e9,
            [.. lines.Select(line => line with
            {
                OfReadBandwidth = run.StepBytes(line.Rows) / line.MedianSeconds / limits.ReadBytesPerSecond,
                OfF32Peak = run.MultiplyAdds * line.Rows / line.MedianSeconds / limits.F32MultiplyAddsPerSecond,
            })]);
    }

    private static BenchLine Line(string what, int length, int sequences, int rows, double[] seconds)
    {
        double median = seconds[seconds.Length / 2];
        return new BenchLine(what, length, sequences, rows, median, rows / median, rows / seconds[^1], rows / seconds[0], 0, 0);
    }

    private static void Print(BenchReport report)
    {
        Console.Out.WriteLine(FormattableString.Invariant(
            $"{report.Model}: {report.BytesPerStep / 1e6:F1} MB of weights a step of one row, {report.MultiplyAddsPerToken / 1e6:F1} M multiply-adds a token"));
        Console.Out.WriteLine(FormattableString.Invariant(
            $"this machine, {report.Threads} threads: read {report.ReadGigabytes:F1} GB/s, F32 {report.F32Gigas:F0} G multiply-adds/s, bytes {report.ByteGigas:F0} G multiply-adds/s"));
        Table table = new Table().Border(TableBorder.Simple).AddColumns("what", "tokens/s", "from", "to", "of read bandwidth", "of F32 peak");
        foreach (BenchLine line in report.Lines)
        {
            string what = line.What == "read" ? $"read a prompt of {line.Length}" : $"write, {line.Sequences} together";
            table.AddRow(what, Number(line.TokensPerSecond), Number(line.Slowest), Number(line.Fastest),
                FormattableString.Invariant($"{line.OfReadBandwidth:P0}"), FormattableString.Invariant($"{line.OfF32Peak:F2} x"));
        }

        Terminal.Output.Write(table);
    }

    private static string Number(double value) => FormattableString.Invariant($"{value:F1}");

    private static int Positive(int value, string option) =>
        value >= 1 ? value : throw new UserErrorException($"{option} is {value}; it must be at least 1.");

    private static Option<int[]> Lengths(string description, int[] value, string name, string alias) => new(name, alias)
    {
        Description = $"{description} (default: {string.Join(' ', value)})",
        DefaultValueFactory = _ => value,
        AllowMultipleArgumentsPerToken = true,
        HelpName = "n",
    };
}

/// <summary>What <c>bench --json</c> prints.</summary>
/// <param name="Model">What was measured.</param>
/// <param name="Threads">Threads.</param>
/// <param name="BytesPerStep">Bytes of the weights that a step of one row reads.</param>
/// <param name="MultiplyAddsPerToken">Multiply-adds of the matrices.</param>
/// <param name="ReadGigabytes">Streaming read, GB/s.</param>
/// <param name="F32Gigas">F32 multiply-adds, 10^9/s.</param>
/// <param name="ByteGigas">Byte multiply-adds of AVX-VNNI, 10^9/s; 0 without.</param>
/// <param name="Lines">The measurements.</param>
internal sealed record BenchReport(
    string Model, int Threads, long BytesPerStep, long MultiplyAddsPerToken, double ReadGigabytes, double F32Gigas, double ByteGigas, BenchLine[] Lines);

/// <summary>One measurement: the median of several runs.</summary>
/// <param name="What">read or write.</param>
/// <param name="Length">Tokens of each sequence in a step.</param>
/// <param name="Sequences">Sequences in a step.</param>
/// <param name="Rows">Rows of a step.</param>
/// <param name="MedianSeconds">Seconds of a step.</param>
/// <param name="TokensPerSecond">All sequences together.</param>
/// <param name="Slowest">Tokens a second of the slowest run.</param>
/// <param name="Fastest">Tokens a second of the fastest run.</param>
/// <param name="OfReadBandwidth">Weights' bytes a second over the streaming read of this machine.</param>
/// <param name="OfF32Peak">Multiply-adds a second over the F32 peak of this machine.</param>
internal sealed record BenchLine(
    string What, int Length, int Sequences, int Rows, double MedianSeconds, double TokensPerSecond, double Slowest, double Fastest,
    double OfReadBandwidth, double OfF32Peak);

using System.CommandLine;
using System.Globalization;
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
        Option<string?> shape =
            Flag.Maybe<string>($"Random weights of a shape instead: {string.Join(", ", BenchShapes.Names)}.", "shape", "--shape");
        Option<string> quant = Flag.Of($"With --shape: the type of matrices, one of {string.Join(", ", QuantizationMix.Names)}.",
            "type", "q8_0", "--quant");
        Option<int[]> prompts = Lengths("Prompt lengths to read.", [256], "--prompt", "-p");
        Option<int> generate = Flag.Of("Tokens to write in each run.", "n", 32, "--generate", "-n");
        Option<int[]> batches = Lengths("Numbers of sequences that write together.", [1, 16], "--batch", "-b");
        Option<int> repeat = Flag.Of("Runs of each measurement; the median counts.", "n", 5, "--repeat", "-r");
        Option<int> threads = SharedOptions.Threads();
        Option<string?> packCache = SharedOptions.PackCache();
        Option<bool> perOp = Flag.Switch("Also print the milliseconds of each op in a step.", "--ops");
        Option<bool> json = SharedOptions.Json("one JSON object");
        var command = new Command("bench", "Measure tokens a second against the limits of this machine.")
        {
            model, shape, quant, prompts, generate, batches, repeat, threads, packCache, perOp, json,
        };
        command.SetAction(async (result, cancellation) =>
        {
            string? name = result.GetValue(model);
            string? kind = result.GetValue(shape);
            if (name is null == kind is null)
                throw new UsageException("Give a model with -m, or a shape with --shape.");
            result.Require(kind is not null, "--shape", quant);
            int runs = Positive(result.GetValue(repeat), "--repeat");
            int tokens = Positive(result.GetValue(generate), "--generate");
            string path = name is null ? "" : await ModelFolder.ResolveAsync(name, cancellation);
            using Model loaded = kind is null
                ? Model.Load(path, new ModelLoadOptions { PackCache = result.GetValue(packCache), Progress = new LoadingLine() })
                : BenchShapes.Make(kind, result.GetValue(quant)!);
            if (loaded.Spec.Task != ModelTask.CausalLanguageModel)
            {
                throw new UserErrorException(
                    $"{name ?? kind} is a {loaded.Spec.Family} model for {loaded.Spec.Task}; only language models are measured.");
            }
            IDifferentiableOps cpu = CpuOps.Create(result.GetValue(threads));
            using IDifferentiableOps ops = result.GetValue(perOp) ? new ObservedOps(cpu, new OpTimes()) : cpu;
            BenchReport report = Measure(
                name ?? $"{kind} {result.GetValue(quant)}", loaded, ops, result.GetValue(prompts)!, result.GetValue(batches)!,
                tokens, runs, result.GetValue(threads));
            if (result.GetValue(json))
                Console.Out.WriteLine(JsonSerializer.Serialize(report, CliJson.Lines.BenchReport));
            else
                Print(report);
            return ExitCodes.Success;
        });
        return command;
    }

    private static BenchReport Measure(
        string name, Model model, IDifferentiableOps ops, int[] prompts, int[] batches, int tokens, int repeat, int threads)
    {
        using var probe = new MachineProbe(threads);
        var run = new BenchRun(model, ops, probe, repeat);
        var lines = new List<BenchLine>();
        foreach (int prompt in prompts)
            lines.Add(Line(run, "read", Positive(prompt, "--prompt"), 1, prompt, run.Prompt(prompt)));
        foreach (int batch in batches)
            lines.Add(Line(run, "write", 1, Positive(batch, "--batch"), batch, run.Generate(batch, tokens, past: 32)));
        return new BenchReport(name, threads == 0 ? Environment.ProcessorCount : threads, run.StepBytes(1),
            run.MultiplyAdds, [.. lines]);
    }

    private static BenchLine Line(BenchRun run, string what, int length, int sequences, int rows, BenchTime[] times)
    {
        double[] seconds = [.. times.Select(t => t.Seconds).Order()];
        double median = seconds[seconds.Length / 2];
        return new BenchLine(
            what, length, sequences, rows, median, rows / median, rows / seconds[^1], rows / seconds[0],
            Spread.Of(times.Select(t => t.Limits.ReadBytesPerSecond / 1e9)),
            Spread.Of(times.Select(t => t.Limits.F32MultiplyAddsPerSecond / 1e9)),
            Spread.Of(times.Select(t => t.Limits.ByteMultiplyAddsPerSecond / 1e9)),
            Spread.Of(times.Select(t => run.StepBytes(rows) / t.Seconds / t.Limits.ReadBytesPerSecond)),
            Spread.Of(times.Select(t => run.MultiplyAdds * rows / t.Seconds / t.Limits.F32MultiplyAddsPerSecond)),
            run.OpMilliseconds);
    }

    private static void Print(BenchReport report)
    {
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{report.Model}: {report.BytesPerStep / 1e6:F1} MB of weights a step of one row, "
                + $"{report.MultiplyAddsPerToken / 1e6:F1} M multiply-adds a token"));
        Console.Out.WriteLine(FormattableString.Invariant(
            $"{report.Threads} threads; limits are measured before and after each run; medians, and ranges of runs"));
        Console.Out.WriteLine($"machine code {MachineCode.Description}");
        Table table = new Table().Border(TableBorder.Simple)
            .AddColumns("what", "tokens/s", "read limit GB/s", "of it", "F32 limit G/s", "of it");
        foreach (BenchLine line in report.Lines)
        {
            table.AddRow(
                Title(line),
                new Spread(line.TokensPerSecond, line.Slowest, line.Fastest).Text(line.TokensPerSecond < 1000 ? "F1" : "F0"),
                line.ReadGigabytes.Text("F0"), line.OfReadBandwidth.Times(100).Text("F0", " %"), line.F32Gigas.Text("F0"),
                line.OfF32Peak.Text("F2", " x"));
        }

        Terminal.Output.Write(table);
        foreach (BenchLine line in report.Lines.Where(line => line.OpMilliseconds.Count > 0))
        {
            string[] ops = [.. line.OpMilliseconds.Select(op => FormattableString.Invariant($"{op.Key} {op.Value:F3}"))];
            Console.Out.WriteLine($"{Title(line)}, mean milliseconds a step: {string.Join(", ", ops)}");
        }
    }

    private static string Title(BenchLine line) =>
        line.What == "read" ? $"read {line.Length} tokens" : $"write, {line.Sequences} together";

    private static int Positive(int value, string option) =>
        value >= 1 ? value : throw new UsageException($"{option} is {value}; it must be at least 1.");

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
/// <param name="Lines">The measurements.</param>
internal sealed record BenchReport(string Model, int Threads, long BytesPerStep, long MultiplyAddsPerToken, BenchLine[] Lines);

/// <summary>One measurement: several runs, each with the machine's limits beside it.</summary>
/// <param name="What">read or write.</param>
/// <param name="Length">Tokens of each sequence in a step.</param>
/// <param name="Sequences">Sequences in a step.</param>
/// <param name="Rows">Rows of a step.</param>
/// <param name="MedianSeconds">Seconds of a step.</param>
/// <param name="TokensPerSecond">All sequences together.</param>
/// <param name="Slowest">Tokens a second of the slowest run.</param>
/// <param name="Fastest">Tokens a second of the fastest run.</param>
/// <param name="ReadGigabytes">Limit: streaming read, GB/s.</param>
/// <param name="F32Gigas">Limit: F32 multiply-adds, 10^9/s.</param>
/// <param name="ByteGigas">Limit: byte multiply-adds of AVX-VNNI, 10^9/s; 0 without.</param>
/// <param name="OfReadBandwidth">Weights' bytes a second over the streaming read.</param>
/// <param name="OfF32Peak">Multiply-adds a second over the F32 peak.</param>
/// <param name="OpMilliseconds">With --ops: mean milliseconds of each op a step.</param>
internal sealed record BenchLine(
    string What, int Length, int Sequences, int Rows, double MedianSeconds, double TokensPerSecond, double Slowest,
    double Fastest, Spread ReadGigabytes, Spread F32Gigas, Spread ByteGigas, Spread OfReadBandwidth, Spread OfF32Peak,
    IReadOnlyDictionary<string, double> OpMilliseconds);

/// <summary>A figure of several runs.</summary>
/// <param name="Median">The middle one.</param>
/// <param name="Lowest">The lowest.</param>
/// <param name="Highest">The highest.</param>
internal sealed record Spread(double Median, double Lowest, double Highest)
{
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return new Spread(sorted[sorted.Length / 2], sorted[0], sorted[^1]);
    }

    /// <summary>The figure in another unit.</summary>
    public Spread Times(double factor) => new(Median * factor, Lowest * factor, Highest * factor);

    /// <summary>Median and, below it, the range.</summary>
    public string Text(string format, string unit = "") =>
        $"{Median.ToString(format, CultureInfo.InvariantCulture)}{unit}\n"
            + $"{Lowest.ToString(format, CultureInfo.InvariantCulture)}-{Highest.ToString(format, CultureInfo.InvariantCulture)}";
}

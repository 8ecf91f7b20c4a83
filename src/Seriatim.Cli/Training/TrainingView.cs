using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Seriatim.Training;
using Spectre.Console;

namespace Seriatim.Cli;

/// <summary>
/// How a run is seen: a panel that moves on a terminal, lines elsewhere, both on standard error;
/// JSON lines on standard output if asked for.
/// </summary>
/// <param name="recipe">What is trained.</param>
/// <param name="json">Whether JSON lines are asked for.</param>
/// <param name="isQuiet">Whether another process shows the run.</param>
internal sealed class TrainingView(TrainingRecipe recipe, bool json, bool isQuiet = false)
    : IProgress<LogEntry>, IProgress<TrainingProgress>
{
    private const string EvalPrefix = "eval_";

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentQueue<(string Text, bool InPanel)> _lines = new();
    private readonly Lock _lock = new();
    private readonly List<double> _losses = [], _evalLosses = [];
    private readonly long _began = Stopwatch.GetTimestamp();
    private LogEntry? _latest, _latestEval;
    private volatile TrainingProgress _progress = new(0, 0);

    /// <summary>Says what will be trained, and takes up what a resumed run logged before.</summary>
    public void Begin(Trainer trainer)
    {
        _progress = new TrainingProgress(trainer.Steps, trainer.TotalSteps);
        if (isQuiet)
            return;
        foreach (LogEntry entry in trainer.History)
            Keep(entry);
        MemoryEstimate memory = trainer.Memory;
        Terminal.Note($"{trainer.Model.Spec.Family}, {Number(trainer.Model.ParameterCount)} parameters, {recipe.Objective}, "
            + $"{Number(trainer.TotalSteps)} steps, to {TrainCommand.Shown(recipe.OutputFolder)}");
        if (trainer.BadLines.Count > 0)
        {
            Terminal.Note($"{Number(trainer.BadLines.Count)} data lines hold no example and are left "
                + $"out{string.Concat(trainer.BadLines.First.Select(line => $"{Environment.NewLine}  {line}"))}");
        }
        if (trainer.SkippedExamples > 0)
            Terminal.Note($"{Number(trainer.SkippedExamples)} examples are too long or too short and are left out");
        Print(new TrainLine("start", trainer.Steps, trainer.TotalSteps, trainer.Model.ParameterCount,
            new TrainMemory(memory.Weights, memory.Gradients, memory.Moments, memory.Activations, memory.Total)));
    }

    /// <summary>Called by the trainer after every step, on its thread.</summary>
    public void Report(TrainingProgress value) => _progress = value;

    /// <summary>Called by the trainer for every log entry, on its thread.</summary>
    public void Report(LogEntry value)
    {
        Keep(value);
        _lines.Enqueue((Line(value), InPanel: !value.Values.ContainsKey("eval_loss")));
        Print(new TrainLine("log", value.Step, _progress.TotalSteps, Values: Finite(value.Values)));
    }

    /// <summary>Shows the work until it has ended, however it did.</summary>
    public async Task ShowAsync(Task work, CancellationToken cancellation)
    {
        if (isQuiet)
        {
            await Task.WhenAny(work);
            return;
        }

        using CancellationTokenRegistration stopping = cancellation.Register(() =>
            _lines.Enqueue(("stopping after this step with a checkpoint; Ctrl-C again ends at once, without one",
                InPanel: false)));
        if (Console.IsErrorRedirected || !Terminal.Progress.Profile.Capabilities.Ansi)
        {
            while (await Task.WhenAny(work, Task.Delay(Interval)) != work)
                WriteLines(hasPanel: false);
            WriteLines(hasPanel: false);
            return;
        }

        await Terminal.Progress.Live(Panel()).AutoClear(true).StartAsync(async context =>
        {
            while (await Task.WhenAny(work, Task.Delay(Interval)) != work)
            {
                WriteLines(hasPanel: true);
                context.UpdateTarget(Panel());
            }

            WriteLines(hasPanel: true);
        });
    }

    /// <summary>Says how it ended.</summary>
    /// <param name="result">The end.</param>
    /// <param name="model">The folder of the finished model; null if the run was stopped.</param>
    public void End(TrainerResult result, string? model)
    {
        Dictionary<string, double>? scores = result.Validation is not { } found ? null
            : Finite(new Dictionary<string, double>
            {
                ["eval_loss"] = found.Loss,
                ["eval_perplexity"] = found.Perplexity,
                ["eval_accuracy"] = found.Accuracy,
            });
        Print(new TrainLine("end", result.Steps, _progress.TotalSteps, Values: scores, Cancelled: result.Cancelled,
            Checkpoint: result.Checkpoint, Model: model));
        if (model is null)
            return;
        string early = result.StoppedEarly ? "stopped early (early_stopping_patience), " : "";
        string score = result.Validation is { } s ? FormattableString.Invariant($", validation loss {s.Loss:F4}") : "";
        string best = result.Best is { } b ? FormattableString.Invariant($", best {b.Value:F4} at step {b.Step}") : "";
        Terminal.Note($"{early}{Number(result.Steps)} steps done in {Elapsed()}{score}{best}; curves are in "
            + $"{TrainCommand.Shown(Path.Combine(recipe.OutputFolder, "training.html"))}. The model:");
        if (!json)
            Console.Out.WriteLine(model);
    }

    private void Keep(LogEntry entry)
    {
        lock (_lock)
        {
            if (entry.Values.TryGetValue("eval_loss", out double eval))
            {
                _evalLosses.Add(eval);
                _latestEval = entry;
            }

            if (entry.Values.TryGetValue("loss", out double loss))
            {
                _losses.Add(loss);
                _latest = entry;
            }
        }
    }

    /// <summary>Beside a panel only what it does not keep: validation, and what was said on the way.</summary>
    private void WriteLines(bool hasPanel)
    {
        while (_lines.TryDequeue(out (string Text, bool InPanel) line))
        {
            if (!hasPanel)
                Terminal.Note(line.Text);
            else if (!line.InPanel)
                Terminal.Progress.MarkupLineInterpolated($"[grey]{line.Text}[/]");
        }
    }

    private string Line(LogEntry entry)
    {
        IReadOnlyDictionary<string, double> values = entry.Values;
        string step = $"step {entry.Step}/{_progress.TotalSteps}  ";
        if (values.ContainsKey("eval_loss"))
        {
            return step + "validation "
                + string.Join("  ", values.Where(v => v.Key.StartsWith(EvalPrefix, StringComparison.Ordinal))
                    .Select(v => $"{v.Key[EvalPrefix.Length..].Replace('_', ' ')} {Figure(v.Value)}"));
        }

        return $"{step}loss {Value(values, "loss", "F4")}  rate {Value(values, "learning_rate", "0.00e+0")}  gradient "
            + $"{Value(values, "grad_norm", "F3")}  {_progress.TokensPerSecond.ToString("N0", CultureInfo.InvariantCulture)} "
            + $"tokens/s  ETA {_progress.EtaText()}";
    }

    private Grid Panel()
    {
        lock (_lock)
        {
            TrainingProgress now = _progress;
            int width = Math.Clamp(Terminal.Progress.Profile.Width - 52, 8, 48);
            int done = (int)(width * now.Fraction);
            Grid grid = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(2)).AddColumn();
            Row("step", $"{Number(now.Step)} of {Number(now.TotalSteps)}  "
                + $"[green]{new string('━', done)}[/][grey]{new string('━', width - done)}[/]  ETA {now.EtaText()}");
            if (_latest is not null)
            {
                Row("loss", $"{Value(_latest.Values, "loss", "F4")}  [blue]{TrainingProgress.Sparkline(Tail(_losses), width)}[/] "
                    + $" step {Number(_latest.Step)}");
            }
            if (_latestEval is not null)
            {
                Row("validation",
                    $"{Value(_latestEval.Values, "eval_loss", "F4")}  "
                        + $"[yellow]{TrainingProgress.Sparkline(_evalLosses, width)}[/]  step {Number(_latestEval.Step)}");
            }
            string peak = now.PeakFraction > 0
                ? FormattableString.Invariant($", {100 * now.PeakFraction:F0} % of the machine's peak")
                : "";
            Row("speed", FormattableString.Invariant($"{now.TokensPerSecond:N0} tokens/s{peak}, {Elapsed()} so far"));
            Row("rate", FormattableString.Invariant($"{now.LearningRate:0.00e+0}  gradient {now.GradientNorm:F3}"));
            return grid;

            void Row(string name, string value) => grid.AddRow(new Markup($"[grey]{name}[/]"), new Markup(value));
        }
    }

    private void Print(TrainLine line)
    {
        if (!json)
            return;
        Console.Out.WriteLine(JsonSerializer.Serialize(line, CliJson.Lines.TrainLine));
        Console.Out.Flush();
    }

    private string Elapsed() =>
        new TrainingProgress(0, 0) { EtaSeconds = Stopwatch.GetElapsedTime(_began).TotalSeconds }.EtaText();

    /// <summary>A curve without its first tenth, whose fall would flatten the rest.</summary>
    private static List<double> Tail(List<double> curve) => curve.Count < 20 ? curve : curve[(curve.Count / 10)..];

    private static Dictionary<string, double> Finite(IReadOnlyDictionary<string, double> values) =>
        values.Where(v => double.IsFinite(v.Value)).ToDictionary(StringComparer.Ordinal);

    private static string Value(IReadOnlyDictionary<string, double> values, string name, string format) =>
        values.TryGetValue(name, out double value) ? value.ToString(format, CultureInfo.InvariantCulture) : "-";

    private static string Figure(double value) =>
        value.ToString(Math.Abs(value) >= 1000 ? "F0" : "F4", CultureInfo.InvariantCulture);

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}

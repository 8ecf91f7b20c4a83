using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Seriatim.Training;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Seriatim.Cli;

/// <summary>
/// How a run is seen: a panel that moves on a terminal, lines elsewhere, both on standard error; JSON lines on standard output if asked for.
/// </summary>
internal sealed class TrainingView(TrainingRecipe recipe, bool json) : IProgress<LogEntry>
{
    private const string EvalPrefix = "eval_";

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentQueue<(string Text, bool InPanel)> _lines = new();
    private readonly Lock _lock = new();
    private readonly List<double> _losses = [], _evalLosses = [];
    private LogEntry? _latest, _latestEval;
    private Trainer _trainer = null!;
    private Pace _pace = null!;

    /// <summary>Says what will be trained, and takes up what a resumed run logged before.</summary>
    public void Begin(Trainer trainer)
    {
        _trainer = trainer;
        _pace = new Pace(trainer.Steps, recipe.MaxSteps);
        foreach (LogEntry entry in trainer.History)
            Keep(entry);
        MemoryEstimate memory = trainer.Memory;
        Terminal.Note($"{trainer.Model.Spec.Family}, {Number(trainer.Model.ParameterCount)} parameters, {recipe.Objective}, {Number(recipe.MaxSteps)} steps, to {recipe.OutputFolder}");
        if (trainer.BadLines.Count > 0)
            Terminal.Note($"{Number(trainer.BadLines.Count)} data lines hold no example and are left out{string.Concat(trainer.BadLines.First.Take(3).Select(line => $"; {line}"))}");
        if (trainer.SkippedExamples > 0)
            Terminal.Note($"{Number(trainer.SkippedExamples)} examples are too long or too short and are left out");
        Print(new TrainLine("start", trainer.Steps, recipe.MaxSteps, trainer.Model.ParameterCount,
            new TrainMemory(memory.Weights, memory.Gradients, memory.Moments, memory.Activations, memory.Total)));
    }

    /// <summary>Called by the trainer, on its thread.</summary>
    public void Report(LogEntry value)
    {
        _pace.Observe(value.Step);
        Keep(value);
        _lines.Enqueue((Line(value), InPanel: !value.Values.ContainsKey("eval_loss")));
        Print(new TrainLine("log", value.Step, recipe.MaxSteps, Values: Finite(value.Values)));
    }

    /// <summary>Shows the work until it has ended, however it did.</summary>
    public async Task ShowAsync(Task work, CancellationToken cancellation)
    {
        using CancellationTokenRegistration stopping = cancellation.Register(() =>
            _lines.Enqueue(("stopping after this step with a checkpoint; Ctrl-C again ends at once, without one", InPanel: false)));
        if (Console.IsErrorRedirected || !Terminal.Progress.Profile.Capabilities.Ansi)
        {
            while (await FollowAsync(work))
                WriteLines(hasPanel: false);
            WriteLines(hasPanel: false);
            return;
        }

        await Terminal.Progress.Live(Panel()).AutoClear(true).StartAsync(async context =>
        {
            while (await FollowAsync(work))
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
            : Finite(new Dictionary<string, double> { ["eval_loss"] = found.Loss, ["eval_perplexity"] = found.Perplexity, ["eval_accuracy"] = found.Accuracy });
        Print(new TrainLine("end", result.Steps, recipe.MaxSteps, Values: scores, Cancelled: result.Cancelled, Checkpoint: result.Checkpoint, Model: model));
        if (model is null)
            return;
        string score = result.Validation is { } s ? FormattableString.Invariant($", validation loss {s.Loss:F4}") : "";
        Terminal.Note($"{Number(result.Steps)} steps done in {Pace.Text(_pace.Elapsed)}{score}. The model:");
        if (!json)
            Console.Out.WriteLine(model);
    }

    private async Task<bool> FollowAsync(Task work)
    {
        bool ended = await Task.WhenAny(work, Task.Delay(Interval)) == work;
        _pace.Observe(_trainer.Steps);
        return !ended;
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

    /// <summary>On a terminal only what the panel does not keep: validation, and what was said on the way.</summary>
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
        string step = $"step {entry.Step}/{recipe.MaxSteps}  ";
        if (values.ContainsKey("eval_loss"))
        {
            return step + "validation " + string.Join("  ", values.Where(v => v.Key.StartsWith(EvalPrefix, StringComparison.Ordinal))
                .Select(v => $"{v.Key[EvalPrefix.Length..].Replace('_', ' ')} {Figure(v.Value)}"));
        }

        return $"{step}loss {Value(values, "loss", "F4")}  rate {Value(values, "learning_rate", "0.00e+0")}  gradient {Value(values, "grad_norm", "F3")}  "
            + $"{Value(values, "tokens_per_second", "N0")} tokens/s  ETA {Pace.Text(_pace.Left)}";
    }

    private Grid Panel()
    {
        lock (_lock)
        {
            int width = Math.Clamp(Terminal.Progress.Profile.Width - 52, 8, 48);
            long step = _trainer.Steps;
            int done = (int)(width * step / recipe.MaxSteps);
            Grid grid = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(2)).AddColumn(new GridColumn().NoWrap());
            Row("step", $"{Number(step)} of {Number(recipe.MaxSteps)}  [green]{new string('━', done)}[/][grey]{new string('━', width - done)}[/]  ETA {Pace.Text(_pace.Left)}");
            if (_latest is not null)
                Row("loss", $"{Value(_latest.Values, "loss", "F4")}  [blue]{Sparkline.Of(Tail(_losses), width)}[/]  step {Number(_latest.Step)}");
            if (_latestEval is not null)
                Row("validation", $"{Value(_latestEval.Values, "eval_loss", "F4")}  [yellow]{Sparkline.Of(_evalLosses, width)}[/]  step {Number(_latestEval.Step)}");
            string pace = _pace.StepTime is { } time ? FormattableString.Invariant($"{time.TotalSeconds:G3} s a step") : "the first steps are slow";
            Row("speed", _latest is null ? pace : $"{Value(_latest.Values, "tokens_per_second", "N0")} tokens/s, {pace}");
            if (_latest is not null)
                Row("rate", $"{Value(_latest.Values, "learning_rate", "0.00e+0")}  gradient {Value(_latest.Values, "grad_norm", "F3")}  epoch {Value(_latest.Values, "epoch", "F2")}  {Pace.Text(_pace.Elapsed)} so far");
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

    /// <summary>A curve without its first tenth, whose fall would flatten the rest.</summary>
    private static List<double> Tail(List<double> curve) => curve.Count < 20 ? curve : curve[(curve.Count / 10)..];

    private static Dictionary<string, double> Finite(IReadOnlyDictionary<string, double> values) =>
        values.Where(v => double.IsFinite(v.Value)).ToDictionary(StringComparer.Ordinal);

    private static string Value(IReadOnlyDictionary<string, double> values, string name, string format) =>
        values.TryGetValue(name, out double value) ? value.ToString(format, CultureInfo.InvariantCulture) : "-";

    private static string Figure(double value) => value.ToString(Math.Abs(value) >= 1000 ? "F0" : "F4", CultureInfo.InvariantCulture);

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}

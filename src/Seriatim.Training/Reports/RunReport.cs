namespace Seriatim.Training;

/// <summary>
/// What a run tells: <c>metrics.jsonl</c>, <c>training.html</c>, the log entries and steps for the terminal. Times go here and
/// not into checkpoints, so that the same run writes the same checkpoints.
/// </summary>
internal sealed class RunReport : IDisposable
{
    public const string LogName = "metrics.jsonl", PageName = "training.html";

    private readonly string _folder;
    private readonly IReadOnlyList<KeyValuePair<string, string>> _settings;
    private readonly TrainingOptions _options;
    private readonly ProgressMeter _meter;
    private readonly MetricsLog _log;
    private readonly double _peak;
    private double _seconds, _rows, _flops;

    /// <param name="folder">The output folder.</param>
    /// <param name="settings">For the page.</param>
    /// <param name="options">Who is told.</param>
    /// <param name="steps">Steps done when the run goes on.</param>
    /// <param name="totalSteps">Steps in all.</param>
    /// <param name="peak">Operations per second of the machine.</param>
    public RunReport(string folder, IReadOnlyList<KeyValuePair<string, string>> settings, TrainingOptions options, long steps,
        long totalSteps, double peak)
    {
        (_folder, _settings, _options, _peak) = (folder, settings, options, peak);
        _log = new MetricsLog(Path.Combine(folder, LogName), steps);
        _meter = new ProgressMeter(totalSteps, steps, peak, TimeProvider.System);
    }

    /// <summary>A step is done.</summary>
    /// <param name="figures">What it did.</param>
    /// <param name="seconds">The time it took.</param>
    public void Step(StepFigures figures, double seconds)
    {
        (_seconds, _rows, _flops) = (_seconds + seconds, _rows + figures.Rows, _flops + figures.Flops);
        _options.StepProgress?.Report(_meter.Add(figures));
    }

    /// <summary>Figures of the steps since the last call.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="values">The figures.</param>
    /// <param name="sent">Bytes that ranks sent to each other for a step; 0 for one process.</param>
    public void LogSteps(long step, SortedDictionary<string, double> values, double sent)
    {
        if (sent > 0)
            values["bytes_sent_per_step"] = sent;
        if (_seconds > 0)
        {
            values["tokens_per_second"] = _rows / _seconds;
            if (_flops > 0)
                values["fma_fraction"] = _flops / _seconds / _peak;
        }

        (_seconds, _rows, _flops) = (0, 0, 0);
        Write(new LogEntry(step, values));
    }

    /// <summary>Figures of an evaluation. The page is written anew.</summary>
    public void LogEvaluation(long step, SortedDictionary<string, double> values, double seconds)
    {
        _meter.EvalLoss = values["eval_loss"];
        values["eval_runtime"] = seconds;
        Write(new LogEntry(step, values));
        WritePage();
    }

    public void WritePage() => TrainingPage.Write(Path.Combine(_folder, PageName),
        TrainingPage.Make(Path.GetFileName(Path.TrimEndingDirectorySeparator(_folder)), _settings,
            MetricsLog.Read(Path.Combine(_folder, LogName))));

    public void Dispose() => _log.Dispose();

    private void Write(LogEntry entry)
    {
        _log.Write(entry);
        _options.Progress?.Report(entry);
    }
}

namespace Seriatim.Training;

/// <summary>Follows a run step by step: speed and time left over the last steps.</summary>
/// <param name="totalSteps">Steps in all.</param>
/// <param name="start">Steps done when it starts.</param>
/// <param name="peak">Operations per second of the machine; 0: not known.</param>
/// <param name="clock">The time.</param>
internal sealed class ProgressMeter(long totalSteps, long start, double peak, TimeProvider clock)
{
    /// <summary>Steps that speed and time left look back at.</summary>
    private const int Window = 50;

    /// <summary>Losses kept for the sparkline.</summary>
    private const int Kept = 512;

    private readonly Queue<(long Time, double Rows, double Flops)> _steps = new([(clock.GetTimestamp(), 0, 0)]);
    private readonly Queue<double> _losses = new();

    /// <summary>The newest validation loss.</summary>
    public double? EvalLoss { get; set; }

    public TrainingProgress Current { get; private set; } = new(start, totalSteps);

    public TrainingProgress Add(StepFigures figures)
    {
        // Times are those of the ends of steps, so that what lies between them (evaluations, checkpoints) counts.
        _steps.Enqueue((clock.GetTimestamp(), figures.Rows, figures.Flops));
        if (_steps.Count > Window + 1)
            _steps.Dequeue();
        _losses.Enqueue(figures.Loss);
        if (_losses.Count > Kept)
            _losses.Dequeue();
        double seconds = clock.GetElapsedTime(_steps.Peek().Time).TotalSeconds;
        int steps = _steps.Count - 1;
        double perSecond = seconds > 0 ? 1 / seconds : 0;
        return Current = new TrainingProgress(figures.Step, totalSteps)
        {
            Loss = figures.Loss,
            GradientNorm = figures.Norm,
            LearningRate = figures.Rate,
            TokensPerSecond = _steps.Skip(1).Sum(s => s.Rows) * perSecond,
            PeakFraction = peak > 0 ? _steps.Skip(1).Sum(s => s.Flops) * perSecond / peak : 0,
            EtaSeconds = seconds > 0 ? (totalSteps - figures.Step) * seconds / steps : null,
            EvalLoss = EvalLoss,
            RecentLosses = [.. _losses],
        };
    }
}

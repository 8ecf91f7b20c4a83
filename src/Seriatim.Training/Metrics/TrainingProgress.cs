using System.Globalization;

namespace Seriatim.Training;

/// <summary>Where a run stands after a step: what a terminal shows.</summary>
/// <param name="Step">Steps done, those before a resume included.</param>
/// <param name="TotalSteps">Steps in all.</param>
public sealed record TrainingProgress(long Step, long TotalSteps)
{
    private const string Bars = "▁▂▃▄▅▆▇█";

    /// <summary>Mean loss of a label in this step, in nats.</summary>
    public double Loss { get; init; }

    /// <summary>Norm of the gradient before clipping.</summary>
    public double GradientNorm { get; init; }

    /// <summary>The learning rate of this step.</summary>
    public double LearningRate { get; init; }

    /// <summary>Rows (encoder and decoder) a second in the last steps; 0 before the first.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>Share of the machine's multiply-adds that went into the model, 0 to 1; 0 if it is not known.</summary>
    public double PeakFraction { get; init; }

    /// <summary>
    /// Seconds to the last step at the speed of the last steps, evaluations and checkpoints included; null: not known yet.
    /// </summary>
    public double? EtaSeconds { get; init; }

    /// <summary>The newest validation loss; null before the first.</summary>
    public double? EvalLoss { get; init; }

    /// <summary>Losses of the last steps, oldest first.</summary>
    public IReadOnlyList<double> RecentLosses { get; init; } = [];

    /// <summary>Share of the steps done, 0 to 1.</summary>
    public double Fraction => TotalSteps > 0 ? Math.Clamp((double)Step / TotalSteps, 0, 1) : 0;

    /// <summary>
    /// The recent losses as a line of bars, each the mean of some steps, between their own minimum and maximum.
    /// </summary>
    /// <param name="width">Most characters, at least 1.</param>
    public string Sparkline(int width = 24) => Sparkline(RecentLosses, width);

    /// <summary>Values as a line of bars, each the mean of some of them, between their own minimum and maximum.</summary>
    /// <param name="values">The values; those that are not finite are left out.</param>
    /// <param name="width">Most characters, at least 1.</param>
    public static string Sparkline(IReadOnlyList<double> values, int width)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        double[] finite = [.. values.Where(double.IsFinite)];
        int count = Math.Min(width, finite.Length);
        double[] means = [.. Enumerable.Range(0, count).Select(i =>
        {
            int first = (int)((long)i * finite.Length / count), end = (int)((i + 1L) * finite.Length / count);
            return finite[first..end].Average();
        })];
        if (count == 0)
            return "";
        double low = means.Min(), range = means.Max() - low;
        return string.Concat(means.Select(mean =>
            Bars[range > 0 ? (int)Math.Min(Bars.Length - 1, (mean - low) / range * Bars.Length) : Bars.Length / 2]));
    }

    /// <summary>The time left as people write it, e.g. <c>2h 05m</c> or <c>48s</c>; <c>?</c> while it is not known.</summary>
    public string EtaText()
    {
        if (EtaSeconds is not { } seconds)
            return "?";
        TimeSpan left = TimeSpan.FromSeconds(Math.Min(Math.Ceiling(seconds), 1e9));
        return left.TotalHours >= 24 ? string.Create(CultureInfo.InvariantCulture, $"{(int)left.TotalDays}d {left.Hours:D2}h")
            : left.TotalMinutes >= 60 ? string.Create(CultureInfo.InvariantCulture, $"{(int)left.TotalHours}h {left.Minutes:D2}m")
            : left.TotalSeconds >= 60
            ? string.Create(CultureInfo.InvariantCulture, $"{(int)left.TotalMinutes}m {left.Seconds:D2}s")
            : string.Create(CultureInfo.InvariantCulture, $"{(int)left.TotalSeconds}s");
    }
}

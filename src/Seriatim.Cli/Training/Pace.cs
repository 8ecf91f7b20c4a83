using System.Diagnostics;

namespace Seriatim.Cli;

/// <summary>How fast steps go, and when the last one will be done. The first step, which compiles everything, does not count.</summary>
internal sealed class Pace(long firstStep, long lastStep)
{
    private readonly long _began = Stopwatch.GetTimestamp();
    private (long Step, long Time)? _base;

    /// <summary>Time since the beginning of this run.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_began);

    /// <summary>Time of a step; null as long as it is not known.</summary>
    public TimeSpan? StepTime { get; private set; }

    /// <summary>Time to the last step; null as long as it is not known.</summary>
    public TimeSpan? Left { get; private set; }

    public void Observe(long step)
    {
        long now = Stopwatch.GetTimestamp();
        if (step > firstStep && _base is null)
            _base = (step, now);
        if (_base is not { } start || step <= start.Step)
            return;
        StepTime = Stopwatch.GetElapsedTime(start.Time, now) / (step - start.Step);
        Left = StepTime * Math.Max(0, lastStep - step);
    }

    /// <summary>A time as people say it.</summary>
    public static string Text(TimeSpan? time) => time switch
    {
        null => "not known yet",
        { TotalMinutes: < 1 } t => FormattableString.Invariant($"{t.TotalSeconds:F0} s"),
        { TotalHours: < 1 } t => $"{t.Minutes} min {t.Seconds:00} s",
        { TotalDays: < 1 } t => $"{t.Hours} h {t.Minutes:00} min",
        { } t => $"{(long)t.TotalDays} d {t.Hours:00} h",
    };
}

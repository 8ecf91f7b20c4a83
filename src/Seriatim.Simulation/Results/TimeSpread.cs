namespace Seriatim.Simulation;

/// <summary>How a time is distributed, in seconds; zeros where nothing was counted.</summary>
internal sealed record TimeSpread
{
    /// <summary>How many.</summary>
    public int Count { get; init; }

    /// <summary>Mean.</summary>
    public double Mean { get; init; }

    /// <summary>Median.</summary>
    public double Median { get; init; }

    /// <summary>90 of 100 are no longer.</summary>
    public double P90 { get; init; }

    /// <summary>99 of 100 are no longer.</summary>
    public double P99 { get; init; }

    /// <summary>The longest.</summary>
    public double Most { get; init; }

    /// <summary>Of times in nanoseconds; they are put in order.</summary>
    public static TimeSpread Of(List<long> times)
    {
        if (times.Count == 0)
            return new TimeSpread();
        times.Sort();
        return new TimeSpread
        {
            Count = times.Count,
            Mean = times.Average() / 1e9,
            Median = At(0.5),
            P90 = At(0.9),
            P99 = At(0.99),
            Most = times[^1] / 1e9,
        };

        // The nearest rank: a time that there was.
        double At(double share) => times[Math.Max(0, (int)Math.Ceiling(share * times.Count) - 1)] / 1e9;
    }
}

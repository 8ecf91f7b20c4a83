using System.Diagnostics;

namespace Seriatim.Lab;

/// <summary>Times what a claim compares, by turns, so that what disturbs the machine disturbs all sides.</summary>
internal static class LabClock
{
    /// <summary>
    /// Seconds of each work: the median over rounds in which each is done once, after one round that does not count.
    /// </summary>
    /// <param name="run">The run: its cancellation ends the rounds.</param>
    /// <param name="rounds">Rounds that count, at least 1.</param>
    /// <param name="works">What is compared.</param>
    public static double[] ByTurns(LabRun run, int rounds, params Action[] works)
    {
        var seconds = new double[works.Length][];
        for (int i = 0; i < works.Length; i++)
            seconds[i] = new double[rounds];
        int series = run.BeginSeries(LabPointKind.Time, works.Length);
        for (int round = -1; round < rounds; round++)
        {
            for (int i = 0; i < works.Length; i++)
            {
                run.Cancellation.ThrowIfCancellationRequested();
                long start = Stopwatch.GetTimestamp();
                works[i]();
                if (round < 0)
                    continue;
                seconds[i][round] = Stopwatch.GetElapsedTime(start).TotalSeconds;
                run.Seen?.Invoke(new LabPoint(LabPointKind.Time, series + i, round + 1, seconds[i][round] * 1e3));
            }
        }

        return [.. seconds.Select(Median)];
    }

    /// <summary>The median; the lower of two middle values.</summary>
    public static double Median(IReadOnlyList<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(sorted.Length - 1) / 2];
    }

    /// <summary>The exponent k of <c>y = c x^k</c>, by least squares of the logarithms.</summary>
    public static double Exponent(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        double meanX = x.Average(Math.Log), meanY = y.Average(Math.Log);
        double over = 0, under = 0;
        for (int i = 0; i < x.Count; i++)
        {
            over += (Math.Log(x[i]) - meanX) * (Math.Log(y[i]) - meanY);
            under += (Math.Log(x[i]) - meanX) * (Math.Log(x[i]) - meanX);
        }

        return over / under;
    }
}

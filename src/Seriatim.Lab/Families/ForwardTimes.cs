using System.Diagnostics;

namespace Seriatim.Lab;

/// <summary>
/// Time and peak memory of whole sequences, and the exponents fitted to them. Families take turns in every round, so that a
/// machine that others share slows all of them alike.
/// </summary>
internal static class ForwardTimes
{
    /// <summary>Exponents are fitted from here on: below, what every layer has besides its mixer is most of the time.</summary>
    internal const int FitFrom = 2048;

    /// <summary>Measures.</summary>
    /// <param name="ops">Runs the models.</param>
    /// <param name="families">Which.</param>
    /// <param name="lengths">Tokens of the sequences.</param>
    /// <param name="rounds">Rounds of which the median counts.</param>
    /// <param name="say">Is told each length as it begins; may end the measurement by an exception.</param>
    public static IReadOnlyList<(Family Family, ForwardPoint[] Points)> Measure(IDifferentiableOps ops,
        IReadOnlyList<Family> families, IReadOnlyList<int> lengths, int rounds, Action<int> say)
    {
        var points = families.ToDictionary(family => family, _ => new List<ForwardPoint>());
        foreach (int length in lengths)
        {
            Model[] models = [.. families.Select(family => family.Make(length))];
            try
            {
                MeasureAt(ops, families, models, length, rounds, say, points);
            }
            finally
            {
                foreach (Model model in models)
                    model.Dispose();
            }
        }

        return [.. families.Select(family => (family, points[family].ToArray()))];
    }

    /// <summary>Which ops the time of a pass goes to, in milliseconds.</summary>
    public static void PrintOps(IDifferentiableOps ops, IReadOnlyList<Family> families, int length, int rounds)
    {
        foreach (Family family in families)
        {
            using Model model = family.Make(length);
            RaggedBatch batch = family.Batch(length);
            var times = new OpTimes();
            var observed = new ObservedOps(ops, times);
            Run(observed, model, batch);
            Run(observed, model, batch);
            times.Clear();
            for (int round = 0; round < rounds; round++)
                Run(observed, model, batch);
            Console.WriteLine($"{family.Name,-14}" + string.Concat(times.Milliseconds(rounds).OrderByDescending(op => op.Value)
                .Take(8).Select(op => $"  {op.Key} {op.Value:F1}")));
        }
    }

    /// <summary>The slope of log time against log length by least squares; NaN with fewer than two lengths.</summary>
    /// <param name="points">What was measured.</param>
    /// <param name="of">Which figure.</param>
    /// <param name="from">The shortest length that counts: as a rule <see cref="FitFrom"/>.</param>
    public static double Exponent(IEnumerable<ForwardPoint> points, Func<ForwardPoint, double> of, int from = FitFrom)
    {
        ForwardPoint[] used = [.. points.Where(p => p.Length >= from)];
        return used.Length < 2 ? double.NaN : LabClock.Exponent([.. used.Select(p => (double)p.Length)], [.. used.Select(of)]);
    }

    private static void MeasureAt(IDifferentiableOps ops, IReadOnlyList<Family> families, Model[] models, int length, int rounds,
        Action<int> say, Dictionary<Family, List<ForwardPoint>> points)
    {
        RaggedBatch[] batches = [.. families.Select(family => family.Batch(length))];
        var peaks = new long[families.Count];
        for (int i = 0; i < peaks.Length; i++)
        {
            say(length);
            peaks[i] = PoolPeak.Of(() => Run(ops, models[i], batches[i]));
        }

        List<double>[] times = [.. families.Select(_ => new List<double>())];
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < times.Length; i++)
            {
                say(length);
                long start = Stopwatch.GetTimestamp();
                Run(ops, models[i], batches[i]);
                times[i].Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }

        for (int i = 0; i < times.Length; i++)
            points[families[i]].Add(new ForwardPoint(length, LabClock.Median(times[i]), peaks[i]));
    }

    private static void Run(IDifferentiableOps ops, Model model, RaggedBatch batch)
    {
        using Tensor hidden = model.Forward(ops, batch);
        _ = hidden.Read().Row(hidden.Rows - 1)[0];
    }
}

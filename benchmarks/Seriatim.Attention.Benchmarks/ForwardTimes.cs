using Seriatim.Benchmarks;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Attention.Benchmarks;

/// <summary>One measurement: a whole sequence through one layer.</summary>
/// <param name="Length">Tokens.</param>
/// <param name="Seconds">Median time of a pass.</param>
/// <param name="PeakBytes">Memory of activations and scratch: all that was taken beside the weights.</param>
internal sealed record ForwardPoint(int Length, double Seconds, long PeakBytes);

/// <summary>
/// Time and peak memory of whole sequences, and the exponents fitted to them. Families take turns in every round, so that a
/// machine that others share slows all of them alike.
/// </summary>
internal static class ForwardTimes
{
    /// <summary>Exponents are fitted from here on: below, what every layer has besides its mixer is most of the time.</summary>
    private const int FitFrom = 2048;

    public static IReadOnlyList<(Family Family, ForwardPoint[] Points)> Measure(IDifferentiableOps ops,
        IReadOnlyList<Family> families, int longest, int rounds)
    {
        int[] lengths = [.. Enumerable.Range(9, 16).Select(power => 1 << power).Where(n => n <= longest)];
        var points = families.ToDictionary(family => family, _ => new List<ForwardPoint>());
        foreach (int length in lengths)
        {
            var times = families.ToDictionary(family => family, _ => new List<double>());
            var peaks = new Dictionary<Family, long>();
            Model[] models = [.. families.Select(family => family.Make(length))];
            for (int round = -1; round < rounds; round++)
            {
                for (int i = 0; i < families.Count; i++)
                {
                    RaggedBatch batch = families[i].Batch(length);
                    if (round < 0)
                        peaks[families[i]] = Peak(ops, models[i], batch);
                    double seconds = Timing.Seconds(() => Run(ops, models[i], batch));
                    if (round >= 0)
                        times[families[i]].Add(seconds);
                }
            }

            for (int i = 0; i < families.Count; i++)
            {
                points[families[i]].Add(new ForwardPoint(length, Timing.Median(times[families[i]]), peaks[families[i]]));
                models[i].Dispose();
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
    public static double Exponent(IEnumerable<ForwardPoint> points, Func<ForwardPoint, double> of)
    {
        (double X, double Y)[] logs = [.. points.Where(p => p.Length >= FitFrom)
            .Select(p => (Math.Log(p.Length), Math.Log(of(p))))];
        if (logs.Length < 2)
            return double.NaN;
        (double meanX, double meanY) = (logs.Average(p => p.X), logs.Average(p => p.Y));
        return logs.Sum(p => (p.X - meanX) * (p.Y - meanY)) / logs.Sum(p => (p.X - meanX) * (p.X - meanX));
    }

    /// <summary>A pool that was emptied has, after a pass, what the pass held at most, in its free lists.</summary>
    private static long Peak(IDifferentiableOps ops, Model model, RaggedBatch batch)
    {
        Run(ops, model, batch); // what is made once
        TensorPool.Shared.Trim();
        long before = TensorPool.Shared.LiveBytes;
        Run(ops, model, batch);
        return TensorPool.Shared.LiveBytes + TensorPool.Shared.FreeBytes - before;
    }

    private static void Run(IDifferentiableOps ops, Model model, RaggedBatch batch)
    {
        using Tensor hidden = model.Forward(ops, batch);
        Timing.Keep(hidden.Read().Row(hidden.Rows - 1)[0]);
    }
}

namespace Seriatim.Conformance.Tests;

/// <summary>Comparison of numbers with the largest error in the message.</summary>
internal static class Close
{
    public static void Check(string what, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double absolute,
        double relative = 0)
    {
        Assert.True(expected.Length == actual.Length, $"{what}: {actual.Length} values, {expected.Length} expected");
        (double worst, int at) = Worst(expected, actual, absolute, relative);
        Measured.Note(what, worst * absolute);
        Assert.True(worst <= 1, $"{what}: value {at} is {(expected.Length > 0 ? actual[at] : 0)}, expected {(expected.Length > 0 ? expected[at] : 0)}; " +
            $"{worst:G3} times the tolerance {absolute:G3} + {relative:G3} relative");
    }

    /// <summary>The largest error in tolerances and where it is; NaN wins over every number, and the first one over later ones.</summary>
    private static (double Worst, int At) Worst(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double absolute, double relative)
    {
        (double worst, int at) = (0, 0);
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Math.Abs((double)expected[i] - actual[i]) / (absolute + relative * Math.Abs((double)expected[i]));
            if (double.IsNaN(error))
                return (error, i);
            if (error > worst)
                (worst, at) = (error, i);
        }

        return (worst, at);
    }
}

namespace Seriatim.Conformance.Tests;

/// <summary>Comparison of numbers with the largest error in the message.</summary>
internal static class Close
{
    public static void Check(string what, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double absolute, double relative = 0)
    {
        Assert.True(expected.Length == actual.Length, $"{what}: {actual.Length} values, {expected.Length} expected");
        double worst = 0;
        int at = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Math.Abs((double)expected[i] - actual[i]) / (absolute + relative * Math.Abs((double)expected[i]));
            if (!(error <= worst))
                (worst, at) = (error, i);
        }

        Measured.Note(what, worst * absolute);
        Assert.True(worst <= 1, $"{what}: value {at} is {(expected.Length > 0 ? actual[at] : 0)}, expected {expected[at]}; " +
            $"{worst:G3} times the tolerance {absolute:G3} + {relative:G3} relative");
    }
}

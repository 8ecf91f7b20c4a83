namespace Seriatim.Models.Tests;

/// <summary>Random weights are the same everywhere, and spread as they should be.</summary>
public sealed class RandomSourceTests
{
    [Fact]
    public void TheSameSeedGivesTheSameBits()
    {
        using Model a = TinyLlama.Create();
        using Model b = TinyLlama.Create();
        Assert.All(a.Parameters.Zip(b.Parameters), pair =>
            Assert.True(pair.First.Parameter.Data.Span.SequenceEqual(pair.Second.Parameter.Data.Span)));

        // Fixed once, so that a change of the generator is seen.
        float[] row = new float[8];
        a.Parameters[0].Parameter.ReadRow(0, row);
        Assert.Equal(0.285530388f, row[0]);
    }

    [Fact]
    public void MeanAndDeviationAreThoseAskedFor()
    {
        var request = new ParameterRequest("w", new TensorPlace("w"), 200, 200, ParameterLayout.Panels, true,
            Initializer.Normal, "");
        using Parameter parameter = new RandomSource(1, 0.5f).Make(request);
        double sum = 0;
        double squares = 0;
        float[] row = new float[200];
        for (int r = 0; r < 200; r++)
        {
            parameter.ReadRow(r, row);
            sum += row.Sum();
            squares += row.Sum(x => (double)x * x);
        }

        Assert.InRange(sum / 40000, -0.01, 0.01);
        Assert.InRange(Math.Sqrt(squares / 40000), 0.49, 0.51);
    }
}

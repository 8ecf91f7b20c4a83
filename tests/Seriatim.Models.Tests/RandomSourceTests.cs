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

    [Fact]
    public void Positions_begin_as_sinusoids_of_the_size_of_random_ones_if_asked()
    {
        var request = new ParameterRequest("p", new TensorPlace("p"), 40, 64, ParameterLayout.RowMajor, true, Initializer.Positions, "");
        using Parameter random = new RandomSource(3, 0.02f).Make(request);
        using Parameter drawn = new RandomSource(3, 0.02f, sinusoidalPositions: true).Make(request with { Initializer = Initializer.Normal });
        using Parameter waves = new RandomSource(3, 0.02f, sinusoidalPositions: true).Make(request);
        float[] row = new float[64], other = new float[64];
        for (int position = 0; position < 40; position++)
        {
            random.ReadRow(position, row);
            drawn.ReadRow(position, other);
            Assert.Equal(row, other);
            waves.ReadRow(position, row);
            Assert.Equal(0.02, Math.Sqrt(row.Average(x => (double)x * x)), 1e-6);
            Assert.Equal(0.02 * Math.Sqrt(2) * Math.Sin(position), row[0], 1e-7);
            Assert.Equal(0.02 * Math.Sqrt(2) * Math.Cos(position), row[32], 1e-7);
        }
    }
}

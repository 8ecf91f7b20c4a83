namespace Seriatim.Training.Tests;

public sealed class ProgressTests
{
    [Theory]
    [InlineData(new double[] { }, 5, "")]
    [InlineData(new[] { 2.0 }, 5, "▅")]
    [InlineData(new[] { 8.0, 7, 6, 5, 4, 3, 2, 1 }, 8, "█▇▆▅▄▃▂▁")]
    [InlineData(new[] { 1.0, 3, double.NaN, 5, 7 }, 2, "▁█")]
    public void Recent_losses_become_bars(double[] losses, int width, string bars) =>
        Assert.Equal(bars, new TrainingProgress(1, 2) { RecentLosses = losses }.Sparkline(width));

    [Theory]
    [InlineData(null, "?")]
    [InlineData(0.2, "1s")]
    [InlineData(75.0, "1m 15s")]
    [InlineData(7500.0, "2h 05m")]
    [InlineData(100_000.0, "1d 03h")]
    public void Time_left_is_written_as_people_do(double? seconds, string text) =>
        Assert.Equal(text, new TrainingProgress(1, 2) { EtaSeconds = seconds }.EtaText());

    [Fact]
    public void Speed_and_time_left_follow_the_last_steps()
    {
        var clock = new Clock();
        var meter = new ProgressMeter(totalSteps: 200, start: 100, peak: 1000, clock);
        Assert.Null(meter.Current.EtaSeconds);
        TrainingProgress progress = meter.Current;
        for (int step = 101; step <= 110; step++)
        {
            clock.Seconds += 2;
            progress = meter.Add(new StepFigures(step, Loss: step, Norm: 1, Rate: 0.1, Rows: 50, Flops: 400));
        }

        Assert.Equal((110, 200, 25, 0.2, 180), (progress.Step, progress.TotalSteps, progress.TokensPerSecond, progress.PeakFraction, progress.EtaSeconds));
        Assert.Equal(Enumerable.Range(101, 10).Select(i => (double)i), progress.RecentLosses);
        Assert.Equal(0.55, progress.Fraction);
    }

    [Fact]
    public void Operations_follow_the_formula()
    {
        using Model model = TinyModel.Gpt();
        var builder = new RaggedBatchBuilder();
        builder.Add(new int[7], outputs: Outputs.All);
        builder.Add(new int[4], outputs: Outputs.All);
        var batch = new TrainingBatch(builder.Build(), null, [.. Enumerable.Range(0, 11)], new int[11]);
        double matrices = model.Parameters.Where(p => !p.IsVector).Sum(p => (double)p.Parameter.Rows * p.Parameter.Columns);
        double pairs = 7 * 8 / 2 + 4 * 5 / 2;
        // The tied table counts once, as the head.
        Assert.Equal(6 * matrices * 11 + 2 * 12 * 24 * pairs, new TrainingFlops(model.Spec).Of(batch), 1e-6);
    }

    [Fact]
    public void The_probe_measures_something()
    {
        double one = FmaProbe.Measure(1, 0.02);
        Assert.InRange(one, 1e6, 1e13);
    }

    private sealed class Clock : TimeProvider
    {
        public double Seconds { get; set; }

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => (long)(Seconds * 1000);
    }
}

namespace Seriatim.Generation.Tests;

/// <summary>Steps keep to a time, whatever a row costs; none of it shows in what is generated.</summary>
public sealed class StepTimeTests
{
    [Theory]
    [InlineData(0.1, 64)]
    [InlineData(1, 64)]
    [InlineData(10, 17)]
    public void PromptsGetTheRowsThatFitIntoAStep(double millisecondsOfRow, int rowsInTheEnd)
    {
        var clock = new FakeClock();
        using var fake = new FakeModel();
        var model = new Slow(fake, clock, TimeSpan.FromMilliseconds(millisecondsOfRow));
        var options = new EngineOptions
        {
            Pages = 1000,
            PageSize = 4,
            TokenBudget = 64,
            MaxSequences = 8,
            Clock = clock,
            StepTime = TimeSpan.FromMilliseconds(100),
            PrefixCache = false,
        };
        var request = new GenerationRequest { Prompt = Enumerable.Range(0, 900).Select(i => i % 50).ToArray(), MaxNewTokens = 3 };
        using var core = new EngineCore(model, options, keepsStepTime: true);
        var rows = new List<int>();
        core.Planned = plan => rows.Add(plan.Segments.Sum(s => s.AllRows));
        GenerationHandle handle = core.Add(request);
        core.Drain();
        Assert.Equal(16, rows[0]);
        Assert.Equal(rowsInTheEnd, rows[5]);
        Runs.Equal(Runs.Alone(fake, request), handle.Result(), "in short steps");

        rows.Clear();
        using var unbound = new EngineCore(model, options with { StepTime = Timeout.InfiniteTimeSpan }, keepsStepTime: true);
        unbound.Planned = plan => rows.Add(plan.Segments.Sum(s => s.AllRows));
        unbound.Add(request);
        unbound.Drain();
        Assert.Equal(64, rows[0]);
        Assert.Throws<InvalidOptionException>(() => new EngineCore(model, options with { StepTime = TimeSpan.Zero }));
    }

    [Fact]
    public void DecodingIsNeverHeldUp()
    {
        var clock = new FakeClock();
        using var fake = new FakeModel();
        var model = new Slow(fake, clock, TimeSpan.FromSeconds(1));
        using var core = new EngineCore(model,
            new EngineOptions { Pages = 1000, PageSize = 4, TokenBudget = 64, MaxSequences = 40, Clock = clock },
            keepsStepTime: true);
        GenerationHandle[] handles = [.. Enumerable.Range(0, 30)
            .Select(i => core.Add(new GenerationRequest { Prompt = new[] { i }, MaxNewTokens = 20 }, i + 1))];
        int steps = 0;
        while (core.Step())
            steps++;
        Assert.All(handles, handle => Assert.True(handle.Completion.IsCompletedSuccessfully));
        Assert.InRange(steps, 20, 24);
    }

    [Fact]
    public void TimesAreThoseOfTheClock()
    {
        var clock = new FakeClock();
        using var fake = new FakeModel();
        var model = new Slow(fake, clock, TimeSpan.FromMilliseconds(2));
        using var core = new EngineCore(model, new EngineOptions { Pages = 100, Clock = clock });
        GenerationHandle handle = core.AddAt(new GenerationRequest { Prompt = new int[10], MaxNewTokens = 5 }, 1, clock);
        core.Drain();
        Assert.Equal(new EngineTimes
        {
            Scheduling = TimeSpan.Zero,
            Passes = TimeSpan.FromMilliseconds(28),
            Sampling = TimeSpan.Zero,
        }, core.Statistics.Times);
        Assert.Equal(TimeSpan.FromMilliseconds(28), handle.Result().Timings.Total);
        Assert.Equal(TimeSpan.FromMilliseconds(20), handle.Result().Timings.FirstToken);
        Assert.Equal(TimeSpan.Zero, handle.Result().Timings.Sampling);
    }

    /// <summary>A model whose rows take time by a clock of the test.</summary>
    private sealed class Slow(FakeModel inner, FakeClock clock, TimeSpan row) : DelegatingModel(inner)
    {
        public override Tensor Forward(RaggedBatch batch, Tensor? encoded)
        {
            clock.Now += batch.Rows * row;
            return base.Forward(batch, encoded);
        }
    }
}

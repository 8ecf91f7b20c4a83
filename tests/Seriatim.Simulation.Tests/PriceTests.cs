using Seriatim.Tests;

namespace Seriatim.Simulation.Tests;

/// <summary>What steps take: found again from steps, measured of an engine, kept in files, and waited for.</summary>
public sealed class PriceTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_price_is_found_again_from_steps_that_cost_it()
    {
        var price = new StepPrice(0.003, 5e-5, 3e-4, 2e-8);
        (StepPrice found, double error) = PriceFit.Of([.. Steps(price, spoilt: 0)]);
        Near(price, found, 1e-4);
        Assert.InRange(error, 0, 1e-6);

        // A step in ten in which the machine did something else changes nothing.
        (found, _) = PriceFit.Of([.. Steps(price, spoilt: 10)]);
        Near(price, found, 1e-3);
        Assert.Throws<SimulationException>(() => PriceFit.Of([.. Steps(price, 0).Take(15)]));
    }

    [Fact]
    public void No_number_is_below_zero()
    {
        // Rows that cost less the more there are: no line through them has a price of its own that is below zero.
        (StepPrice found, _) = PriceFit.Of([.. Enumerable.Range(1, 40).Select(i => (new StepWork(i, 1, i), 0.01 - i * 1e-5))]);
        Assert.True(found is { Step: >= 0, Row: >= 0, Output: >= 0, Position: >= 0 });
    }

    [Fact]
    public void Steps_of_an_engine_are_measured()
    {
        using var model = new FakeModel();
        IReadOnlyList<(StepWork Work, double Seconds)> steps = PriceMeasure.Run(model,
            new EngineOptions { Pages = 1024, MaxSequences = 4 }, TimeSpan.FromTicks(1), _ => { }, default);
        Assert.True(steps.Count > 100);
        Assert.All(steps, step => Assert.True(step is { Seconds: > 0, Work: { Rows: > 0, Outputs: >= 0 } }));
        Assert.Contains(steps, step => step.Work is { Rows: 4, Outputs: 4 });
        Assert.Contains(steps, step => step.Work is { Rows: > 100, Outputs: 0 });
        Assert.True(PriceFit.Of(steps).Price.Seconds(new StepWork(1, 1, 1)) > 0);
    }

    [Fact]
    public void A_file_keeps_a_price_and_what_is_none_is_refused()
    {
        string file = _folder.File("cost.json");
        var price = new MeasuredPrice
        {
            Model = "m",
            StepSeconds = 0.1 + 0.2,
            RowSeconds = 1e-5,
            OutputSeconds = 0,
            PositionSeconds = 1e-9,
        };
        PriceJson.Write(file, price);
        Assert.Equal(price, PriceJson.Read(file));
        foreach ((string text, string words) in new[]
        {
            ("{}", "no price"), ("null", "null"), ("[", "no price"),
            ("{\"step_seconds\":-1,\"row_seconds\":0,\"output_seconds\":0,\"position_seconds\":0}", "step_seconds is -1"),
            ("{\"step_seconds\":0,\"row_seconds\":0,\"output_seconds\":0,\"position_seconds\":0}", "no time"),
            ("{\"step_seconds\":1,\"row_seconds\":0,\"output_seconds\":0,\"position_seconds\":0,\"rows\":1}", "no price"),
        })
        {
            File.WriteAllText(file, text);
            Assert.Contains(words, Assert.Throws<SimulationException>(() => PriceJson.Read(file)).Message);
        }
    }

    /// <summary>An engine that keeps a pace gives what it would have given, and its steps take at least the price.</summary>
    [Fact]
    public async Task A_pace_changes_nothing_but_the_time()
    {
        using var model = new FakeModel();
        var request = new GenerationRequest { Prompt = new[] { 1, 2, 3, 4, 5 }, MaxNewTokens = 10, Seed = 4 };
        await using var free = new GenerationEngine(model, new EngineOptions { Pages = 64 });
        await using var paced = new GenerationEngine(
            model, new EngineOptions { Pages = 64, Price = new StepPrice(0.01, 0.001, 0, 0) });
        GenerationResult expected = await free.CompleteAsync(request), found = await paced.CompleteAsync(request);
        Assert.Equal(expected.Choices[0].TokenIds, found.Choices[0].TokenIds);

        // A pass of five rows and nine of one; the first may make up for nothing yet.
        Assert.True(paced.Times.Passes >= TimeSpan.FromMilliseconds(15 + 9 * 11 - 1), $"{paced.Times.Passes}");
    }

    private static IEnumerable<(StepWork, double)> Steps(StepPrice price, int spoilt)
    {
        var chance = new Chance(1, 1);
        for (int i = 0; i < 400; i++)
        {
            int rows = 1 + chance.Below(200), outputs = chance.Below(Math.Min(rows, 16) + 1);
            var work = new StepWork(rows, outputs, (long)rows * chance.Below(900));
            yield return (work, price.Seconds(work) * (spoilt > 0 && i % spoilt == 0 ? 5 : 1));
        }
    }

    private static void Near(StepPrice expected, StepPrice found, double share)
    {
        foreach ((double e, double f) in new[]
        {
            (expected.Step, found.Step), (expected.Row, found.Row), (expected.Output, found.Output),
            (expected.Position, found.Position),
        })
        {
            Assert.InRange(f, e * (1 - share), e * (1 + share));
        }
    }
}

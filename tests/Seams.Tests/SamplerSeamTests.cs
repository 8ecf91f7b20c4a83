namespace Seams.Tests;

/// <summary>Samplers that users wrote work wherever ours do, and what goes wrong in them is theirs alone.</summary>
public sealed class SamplerSeamTests
{
    [Fact]
    public void A_sampler_keeps_what_its_definition_says()
    {
        var random = new Random(1);
        foreach (int count in (int[])[5, 200, 3_001])
        {
            float[] logits = [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() * 9)];
            var row = new LogitsRow(logits, [1], []);
            new TopA(0.3).Apply(row);
            double best = logits.Max(), sum = logits.Sum(logit => Math.Exp(logit - best)), least = 0.3 / sum / sum;
            bool[] expected = [.. logits.Select(logit => Math.Exp(logit - best) / sum >= least)];
            Assert.Equal(expected, Enumerable.Range(0, count).Select(id => !row.IsDropped(id)));
            Assert.InRange(expected.Count(kept => kept), 1, count - 1);
        }
    }

    /// <summary>The state of each continuation and beam is its own: it says what the tokens say.</summary>
    [Fact]
    public async Task A_state_follows_its_own_sequence()
    {
        var remembers = new NotTwice();
        GenerationRequest[] remembering = TinyEngine.Requests(18, 5, remembers);
        GenerationRequest[] looking = TinyEngine.Requests(18, 5, new NotTwiceByLooking());
        using var engine = new TinyEngine();
        bool differs = false;
        for (int i = 0; i < remembering.Length; i++)
        {
            GenerationResult result = await engine.Engine.CompleteAsync(remembering[i]);
            Assert.Equal(TinyEngine.Text(await engine.Engine.CompleteAsync(looking[i])), TinyEngine.Text(result));
            Assert.All(result.Choices, choice =>
                Assert.DoesNotContain(choice.TokenIds.Skip(1).Zip(choice.TokenIds), pair => pair.First == pair.Second));
            GenerationRequest without = remembering[i] with { Sampling = remembering[i].Sampling with { Processors = [] } };
            differs |= TinyEngine.Text(await engine.Engine.CompleteAsync(without)) != TinyEngine.Text(result);
        }

        Assert.True(differs, "The processor changed nothing.");
        Assert.False(remembers.HasAccepted, "The object in the options was used itself.");
    }

    /// <summary>With too few pages, so that requests are computed again.</summary>
    [Fact]
    public async Task Requests_under_load_equal_themselves_alone()
    {
        GenerationRequest[] requests = TinyEngine.Requests(60, 6, new TopA(0.2), new NotTwice());
        using var engine = new TinyEngine(pages: 60);
        Task<GenerationResult>[] running = [.. requests.Select(request => engine.Engine.CompleteAsync(request))];
        using var alone = new TinyEngine();
        for (int i = 0; i < requests.Length; i++)
            Assert.Equal(TinyEngine.Text(await alone.Engine.CompleteAsync(requests[i])), TinyEngine.Text(await running[i]));
        Assert.True((await engine.Engine.GetStatisticsAsync()).Preemptions > 0, "The pool is meant to be too small.");
    }

    [Theory]
    [InlineData(SpeculationKind.PromptLookup)]
    [InlineData(SpeculationKind.DraftModel)]
    public async Task Drafts_change_nothing(SpeculationKind kind)
    {
        using var engine = new TinyEngine();
        long drafted = 0;
        GenerationRequest[] requests = TinyEngine.Requests(36, 7, new NotTwice(), new TopA(0.1));
        foreach (GenerationRequest request in requests.Where(request => request.Beam is null))
        {
            GenerationRequest drafts = request with { Speculation = new() { Kind = kind, Always = true, MinNgram = 1 } };
            GenerationResult result = await engine.Engine.CompleteAsync(drafts);
            Assert.Equal(TinyEngine.Text(await engine.Engine.CompleteAsync(request)), TinyEngine.Text(result));
            drafted += result.Usage.DraftTokens;
        }

        Assert.True(drafted > 0, "Nothing was drafted.");
    }

    [Fact]
    public async Task Beams_show_log_probabilities()
    {
        var sums = new List<double>();
        var looks = new Looks(row => sums.Add(row.SoftmaxParts() is var (max, sum) ? max + Math.Log(sum) : 0));
        await TinyEngine.AloneAsync(new()
        {
            Prompt = new[] { 1, 2 },
            MaxNewTokens = 5,
            Beam = new() { Beams = 3 },
            Sampling = new() { Processors = [looks] },
        });
        Assert.True(sums.Count > 5);
        Assert.All(sums, sum => Assert.Equal(0, sum, 1e-5));
    }

    [Fact]
    public async Task One_that_throws_fails_its_own_request_and_no_other()
    {
        GenerationRequest[] good = TinyEngine.Requests(24, 8, new NotTwice());
        GenerationRequest[] bad = TinyEngine.Requests(24, 9, new Looks(row =>
        {
            if (row.Step == 2)
                throw new FormatException("It was meant to.");
        }));
        using var engine = new TinyEngine();
        using var alone = new TinyEngine();
        Task<GenerationResult>[] running = [.. good.Zip(bad, (fine, throws) => (Fine: fine, Throws: throws))
            .SelectMany(pair => (GenerationRequest[])[pair.Throws with { MaxNewTokens = 9 }, pair.Fine])
            .Select(request => engine.Engine.CompleteAsync(request))];
        for (int i = 0; i < good.Length; i++)
        {
            var failure = await Assert.ThrowsAsync<ProcessorException>(() => running[2 * i]);
            Assert.Equal(nameof(Looks), failure.Processor);
            Assert.Contains("It was meant to.", failure.Message);
            Assert.IsType<FormatException>(failure.InnerException);
            string expected = TinyEngine.Text(await alone.Engine.CompleteAsync(good[i]));
            Assert.Equal(expected, TinyEngine.Text(await running[2 * i + 1]));
        }
    }

    /// <summary>The same without memory.</summary>
    private sealed class NotTwiceByLooking : LogitsProcessor
    {
        public override void Apply(LogitsRow row)
        {
            if (row.Step > 0)
                row.Logits[row.Output[^1]] = float.NegativeInfinity;
        }
    }

    private sealed class Looks(Action<LogitsRow> look) : LogitsProcessor
    {
        public override void Apply(LogitsRow row) => look(row);
    }
}

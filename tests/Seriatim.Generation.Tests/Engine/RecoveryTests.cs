namespace Seriatim.Generation.Tests;

/// <summary>What fails takes nobody with it, wherever it fails: the others get their own bits, and the engine lives.</summary>
public sealed class RecoveryTests
{
    private static readonly GenerationRequest Base = new() { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 30, Seed = 4 };

    private static readonly GenerationRequest Drafted =
        Base with { Speculation = new() { Kind = SpeculationKind.DraftModel, MaxTokens = 4, Always = true } };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public async Task A_draft_model_that_throws_once_costs_only_drafts(int at)
    {
        using var model = new FakeModel();
        using var inner = new FakeModel(seed: 2);
        var draft = new FaultyModel(inner) { BeforePass = (number, _) => Throw(number == at, "draft") };
        GenerationResult expected = Runs.Alone(model, Base);
        using var engine = new GenerationEngine(model, new EngineOptions { Pages = 200, DraftModel = draft });
        GenerationResult[] results = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => engine.CompleteAsync(Drafted)));
        foreach (GenerationResult result in results)
            Runs.Equal(expected, result, "with drafts");
        GenerationResult later = await engine.CompleteAsync(Drafted);
        Runs.Equal(expected, later, "later");
        Assert.True(later.Usage.DraftTokens > 0);
        Assert.Equal(1, (await engine.GetStatisticsAsync()).DraftFailures);
    }

    [Fact]
    public void A_draft_model_that_always_throws_is_asked_less_and_less()
    {
        using var model = new FakeModel();
        using var inner = new FakeModel(seed: 2);
        var draft = new FaultyModel(inner) { BeforeProjection = (_, _) => throw new OutOfMemoryException() };
        GenerationRequest request = Drafted with { MaxNewTokens = 500 };
        using var core = new EngineCore(model, new EngineOptions { Pages = 200, DraftModel = draft });
        GenerationHandle handle = core.Add(request);
        core.Drain();
        Runs.Equal(Runs.Alone(model, request with { Speculation = null }), handle.Result(), "without drafts");
        Assert.InRange(draft.Passes, 2, 12);
        Assert.Equal(draft.Passes, core.Statistics.DraftFailures);
        Assert.IsType<OutOfMemoryException>(core.LastDraftFailure);
    }

    [Fact]
    public async Task A_head_that_throws_fails_its_request_alone()
    {
        using var inner = new FakeModel(capability: ModelCapability.Encoder);
        var model = new FaultyModel(inner) { BeforeProjection = (number, _) => Throw(number == 1, "head") };
        using var engine = new GenerationEngine(model);
        var request = new EncodingRequest { Tokens = new[] { 1, 2, 3 }, LogitsAt = [1], Pooling = PoolingKind.Mean };
        Task<EncodingResult>[] reading = [.. Enumerable.Range(0, 4).Select(_ => engine.EncodeAsync(request))];
        await Task.WhenAny(Task.WhenAll(reading));
        Assert.Equal("head", Assert.Single(reading, task => task.IsFaulted).Exception!.InnerException!.Message);
        float[] expected = (await engine.EncodeAsync(request)).Logits[0];
        foreach (Task<EncodingResult> task in reading.Where(task => !task.IsFaulted))
            Assert.Equal(expected, (await task).Logits[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_pass_without_memory_fails_who_causes_it(bool once)
    {
        using var inner = new FakeModel();
        int thrown = 0;
        var model = new FaultyModel(inner)
        {
            BeforePass = (number, batch) =>
            {
                bool broken = once ? number == 5 : batch.Tokens.Span.Contains(48);
                if (broken && thrown++ >= 0)
                    throw new OutOfMemoryException();
            },
        };
        GenerationRequest request = Base with { Sampling = new() { Constraints = new() { Suppressed = [48] } } };
        GenerationResult expected = Runs.Alone(inner, request);
        using var engine = new GenerationEngine(model, new EngineOptions { Pages = 200 });
        Task<GenerationResult>[] good = [.. Enumerable.Range(0, 3).Select(_ => engine.CompleteAsync(request))];
        Task<GenerationResult> bad = engine.CompleteAsync(request with { Prompt = new[] { 1, 48 } });
        foreach (GenerationResult result in await Task.WhenAll(good))
            Runs.Equal(expected, result, "neighbour");
        if (once)
            await bad;
        else
            await Assert.ThrowsAsync<OutOfMemoryException>(() => bad);
        Assert.True(thrown > 0);
        Runs.Equal(expected, await engine.CompleteAsync(request), "later");
    }

    [Fact]
    public async Task A_step_that_breaks_off_anywhere_changes_no_output()
    {
        using var model = new FakeModel();
        using var inner = new FakeModel(seed: 2);
        GenerationRequest[] requests =
        [
            Base with { MaxNewTokens = 12 }, Drafted with { Seed = 9, MaxNewTokens = 12 },
            Base with { Beam = new() { Beams = 3 }, Count = 2, MaxNewTokens = 8 },
            Base with { Count = 3, Logprobs = 1, PromptLogprobs = 1, MaxNewTokens = 8 },
        ];
        GenerationResult[] expected = [.. requests.Select(request => Runs.Alone(model, request with { Speculation = null }))];
        for (int at = 0; at < 60; at++)
        {
            var clock = new BrokenClock { Breaks = read => read == at };
            using var engine = new GenerationEngine(model, new EngineOptions { Pages = 200, Clock = clock, DraftModel = inner });
            Task<GenerationResult>[] running = [.. requests.Select(request => engine.CompleteAsync(request))];
            await Task.WhenAny(Task.WhenAll(running)).WaitAsync(TimeSpan.FromSeconds(30));

            // Where the clock is read for one request only, that one may fail; nobody else.
            Assert.InRange(running.Count(task => task.IsFaulted), 0, 1);
            for (int i = 0; i < requests.Length; i++)
            {
                if (running[i].IsFaulted)
                    Assert.Contains("stands still", running[i].Exception!.InnerException!.Message);
                else
                    Runs.Equal(expected[i], await running[i], $"broken at {at}, request {i}");
            }

            Runs.Equal(expected[0], await engine.CompleteAsync(requests[0]), "later");
        }
    }

    [Fact]
    public void A_step_that_breaks_off_between_admission_and_pass_costs_no_page()
    {
        // Several samples whose memory was taken are admitted again, as one trunk with pages of the prefix cache.
        using var model = new FakeModel();
        GenerationRequest request = Base with { Prompt = Enumerable.Range(0, 30).ToArray(), Count = 3, MaxNewTokens = 24 };
        var clock = new FakeClock();
        using var core = new EngineCore(model, new EngineOptions { Pages = 60, PageSize = 4, Clock = clock });
        GenerationHandle handle = core.AddAt(request, 1, clock);
        int broken = 0;
        core.Planned = plan => clock.Breaks = broken < 3
            && plan.Admitted.Exists(one => one is { Group.IsTrunk: true, PrefixPages: > 0 });
        for (int i = 0; i < 40 && !handle.Outcome.IsCompleted; i++)
        {
            if (i == 6)
                core.Recover(new InvalidDataException(), again: false);
            Exception? failure = Record.Exception(() => core.Step());
            clock.Breaks = false;
            if (failure is null)
                continue;
            broken++;
            core.Recover(failure, again: false);
        }

        Assert.Equal(3, broken);
        Runs.Equal(Runs.Alone(model, request), handle.Result(), "recovered");
        core.Cache!.Clear();
        Assert.Equal(60, core.Pages().Free);
    }

    [Fact]
    public async Task An_engine_whose_steps_fail_lives_when_they_no_longer_do()
    {
        using var model = new FakeModel();
        var clock = new BrokenClock { Breaks = _ => true };
        using var engine = new GenerationEngine(model, new EngineOptions { Pages = 200, Clock = clock });
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => engine.CompleteAsync(Base)
            .WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("stands still", failure.Message);
        clock.Breaks = _ => false;
        Runs.Equal(Runs.Alone(model, Base), await engine.CompleteAsync(Base).WaitAsync(TimeSpan.FromSeconds(30)), "afterwards");
        Assert.Equal(0, (await engine.GetStatisticsAsync()).PagesUsed);
    }

    private static void Throw(bool now, string message)
    {
        if (now)
            throw new InvalidDataException(message);
    }
}

namespace Seriatim.Generation.Tests;

/// <summary>Who owns a state, what its clock counts, and what leaving an engine may cost others: nothing.</summary>
public sealed class StateLifeTests
{
    private static readonly GenerationRequest Base = new() { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 40, Seed = 3 };

    [Fact]
    public async Task Its_clock_counts_engines_and_stands_still_between_them()
    {
        using var model = new FakeModel();
        var clock = new FakeClock();
        EngineOptions options = Runs.Roomy with { Clock = clock };
        using var first = new EngineCore(model, options);
        using var second = new EngineCore(model, options);
        GenerationHandle handle = first.AddAt(Base with { Timeout = TimeSpan.FromSeconds(10) }, 1, clock);
        clock.Now += TimeSpan.FromSeconds(1);
        first.Step();
        first.Step();
        clock.Now += TimeSpan.FromSeconds(3);
        Task<RequestState> copying = handle.SnapshotAsync();
        first.Step();
        clock.Now += TimeSpan.FromSeconds(1);
        Task<RequestState> leaving = handle.ExportAsync();
        first.Step();
        Assert.Equal(TimeSpan.FromSeconds(4), (await copying).Elapsed);
        RequestState state = await leaving;
        Assert.Equal(TimeSpan.FromSeconds(5), state.Elapsed);
        Assert.Equal(state.CachedTokens, RequestState.FromBytes(state.ToBytes()).CachedTokens);
        clock.Now += TimeSpan.FromHours(7);
        handle = new GenerationHandle(2, state.Seed, () => { }, default);
        second.Add(second.Prepare(RequestState.FromBytes(state.ToBytes()), second.Check(state), handle, clock.GetTimestamp()));
        second.Step();
        clock.Now += TimeSpan.FromSeconds(4.5);
        second.Step();
        Assert.False(handle.Outcome.IsCompleted, "It has had 9.5 of its 10 seconds.");
        clock.Now += TimeSpan.FromSeconds(1);
        second.Step();
        GenerationResult result = await handle.Outcome;
        Assert.Equal(FinishReason.Timeout, result.Choices[0].Finish);
        Assert.Equal(TimeSpan.FromSeconds(10.5), result.Timings.Total);
        Assert.Equal(TimeSpan.FromSeconds(1), result.Timings.FirstToken);
        Assert.Equal(TimeSpan.FromSeconds(1), result.Timings.Queued);
    }

    [Fact]
    public async Task A_state_is_run_by_one_engine_at_a_time()
    {
        using var model = new FakeModel();
        GenerationResult expected = Runs.Alone(model, Base);
        RequestState state = StateTests.StateOf(model, Base, 5)!;
        using var engine = new GenerationEngine(model, new EngineOptions { Pages = 40 });
        using var other = new EngineCore(model, Runs.Roomy);
        GenerationHandle handle = engine.Submit(state);
        Assert.Contains("Copy", Assert.Throws<InvalidOperationException>(() => engine.Submit(state)).Message);
        Assert.Throws<InvalidOperationException>(() => other.Add(state, 9));
        Runs.Equal(expected, await handle.Completion, "the only one");
        Assert.Throws<InvalidOperationException>(() => engine.Submit(state));
        Runs.Equal(expected, await engine.CompleteAsync(Base), "later");
    }

    [Fact]
    public async Task A_state_that_was_refused_can_go_elsewhere()
    {
        using var model = new FakeModel();
        RequestState state = StateTests.StateOf(model, Base with { Sampling = new() { Mirostat = new() } }, 5)!;
        GenerationResult expected = Runs.Alone(model, Base with { Sampling = new() { Mirostat = new() } });
        using var closed = new GenerationEngine(model, new EngineOptions { Pages = 40 });
        closed.Dispose();
        Assert.Throws<ObjectDisposedException>(() => closed.Submit(state));
        using var engine = new GenerationEngine(model, new EngineOptions { Pages = 40 });
        Runs.Equal(expected, await engine.Submit(state).Completion, "elsewhere");
    }

    [Fact]
    public async Task A_state_leaves_nothing_of_its_engine_behind_and_can_be_submitted_by_whoever_gets_it()
    {
        using var model = new FakeModel();
        GenerationResult expected = Runs.Alone(model, Base with { MaxNewTokens = 400 });
        using var first = new GenerationEngine(model, new EngineOptions { Pages = 200, MaxUnreadUpdates = 1 });
        using var second = new GenerationEngine(model, new EngineOptions { Pages = 200, MaxUnreadUpdates = 1 });
        GenerationHandle handle = first.Submit(Base with { MaxNewTokens = 400 });
        for (int move = 0; move < 300; move++)
        {
            // Without going through the thread pool: as early as one can be.
            Task<RequestState> leaving = handle.ExportAsync();
            SpinWait.SpinUntil(() => leaving.IsCompleted);
            handle = (move % 2 == 0 ? second : first).Submit(await leaving);
        }

        Runs.Equal(expected, await handle.Completion, "moved 300 times");
        foreach (GenerationEngine engine in new[] { first, second })
        {
            EngineStatistics statistics = await engine.GetStatisticsAsync();
            Assert.Equal(statistics.PagesCached, engine.Load.PagesInUse);
            Assert.Equal(0, engine.Health.Faults);
        }
    }

    [Fact]
    public async Task A_processor_that_cannot_be_saved_costs_a_snapshot_and_nothing_else()
    {
        using var model = new FakeModel();
        GenerationResult expected = Runs.Alone(model, Base);
        using var engine = new GenerationEngine(model, new EngineOptions { Pages = 80, MaxUnreadUpdates = 8 });
        var unsaved = new Unsaved();
        GenerationHandle handle = engine.Submit(Base with { Sampling = new() { Processors = [unsaved] } });
        GenerationHandle beside = engine.Submit(Base);
        await foreach (GenerationUpdate _ in handle)
        {
            unsaved.Armed[0] = true;
            await Assert.ThrowsAsync<ProcessorException>(() => handle.SnapshotAsync());
            unsaved.Armed[0] = false;
            break;
        }

        Runs.Equal(expected, await beside.Completion, "beside");
        Assert.Equal(0, engine.Health.Faults);
    }

    [Fact]
    public async Task A_copy_shares_no_processor_with_what_goes_on()
    {
        using var model = new FakeModel();
        GenerationRequest request = Base with { Sampling = new() { Penalties = new() { Dry = new() } } };
        using var core = new EngineCore(model, Runs.Roomy);
        GenerationHandle handle = core.Add(request);
        for (int i = 0; i < 5; i++)
            core.Step();
        Task<RequestState> copying = handle.SnapshotAsync();
        core.Step();
        RequestState copy = await copying;
        Assert.Null(copy.Live[0].Sampler);
        core.Drain();
        Runs.Equal(Runs.Alone(model, request), handle.Result(), "the request");
        handle = core.Add(copy, 2);
        core.Drain();
        Runs.Equal(Runs.Alone(model, request), handle.Result(), "the copy");
    }

    [Fact]
    public async Task Whoever_is_refused_before_he_is_in_takes_no_place()
    {
        using var model = new FakeModel();
        using var engine = new GenerationEngine(model, new EngineOptions { Pages = 40, MaxQueuedRequests = 40 });
        int refused = 0;
        for (int reads = 0; reads < 12; reads++)
        {
            GenerationRequest bad = Base with { Strategy = new Nameless(reads) };
            Exception? failure = await Record.ExceptionAsync(() => reads % 2 == 0
                ? Task.FromResult(engine.Submit(bad))
                : engine.SubmitWhenFreeAsync(bad));
            refused += failure is InvalidDataException ? 1 : 0;
        }

        Assert.InRange(refused, 2, 12);
        Runs.Equal(Runs.Alone(model, Base), await engine.CompleteAsync(Base), "later");
        await engine.GetStatisticsAsync();
        Assert.Equal(0, engine.Load.Waiting);
    }

    [Fact]
    public async Task What_was_submitted_is_not_changed_by_changing_what_it_was_made_of()
    {
        using var inner = new FakeModel(capability: ModelCapability.Encoder);
        using var gate = new ManualResetEventSlim();
        var model = new FaultyModel(inner) { BeforePass = (_, _) => gate.Wait(TimeSpan.FromSeconds(30)) };
        using var engine = new GenerationEngine(model);
        Task<EncodingResult> first = engine.EncodeAsync(new EncodingRequest { Tokens = new[] { 9 }, Pooling = PoolingKind.Last });
        int[] tokens = [1, 2, 3];
        var places = new List<int> { 1 };
        var request = new EncodingRequest { Tokens = tokens, Pooling = PoolingKind.Mean, LogitsAt = places };
        Task<EncodingResult> second = engine.EncodeAsync(request);
        (tokens[1], places[0]) = (1000, 7);
        gate.Set();
        await first;
        EncodingResult expected = await engine.EncodeAsync(request with { Tokens = new[] { 1, 2, 3 }, LogitsAt = [1] });
        Assert.Equal(expected.Embedding, (await second).Embedding);
        Assert.Equal(expected.Logits[0], (await second).Logits[0]);
    }

    [Fact]
    public void Overload_is_a_task_that_fails()
    {
        using var model = new FakeModel(capability: ModelCapability.Encoder);
        using var engine = new GenerationEngine(model);
        Task<EncodingResult> task = engine.EncodeAsync(new EncodingRequest { Tokens = new[] { -1 }, Pooling = PoolingKind.Last });
        Assert.IsType<InvalidOptionException>(Assert.Single(task.Exception!.InnerExceptions));
    }

    [Fact]
    public void A_state_of_other_keys_and_values_is_refused_by_name()
    {
        using var model = new FakeModel();
        RequestState state = StateTests.StateOf(model, Base, 5)!;
        Assert.Equal(KeyValueType.F32, state.KeyValues);
        using var core = new EngineCore(model, Runs.Roomy with { KeyValueType = KeyValueType.F16 });
        Assert.Equal("type of keys and values", Assert.Throws<InvalidStateException>(() => core.Check(state)).What);
    }

    [Fact]
    public async Task A_window_moves_along()
    {
        using var model = new FakeModel(context: 60);
        GenerationRequest request = Base with
        {
            Prompt = Enumerable.Range(0, 50).ToArray(),
            Window = new AttentionWindow(20, 3),
            MaxNewTokens = 40,
            Count = 2,
        };
        GenerationResult expected = Runs.Alone(model, request);
        for (int at = 1; at < 36; at += 7)
        {
            RequestState state = RequestState.FromBytes(StateTests.StateOf(model, request, at)!.ToBytes());
            using var engine = new GenerationEngine(model,
                new EngineOptions { Pages = 30, PageSize = 4, TokenBudget = 16, MaxSequences = 4 });
            Runs.Equal(expected, await engine.Submit(state).Completion, $"moved after {at} steps");
        }
    }

    [Fact]
    public async Task What_was_read_from_the_cache_and_scored_of_the_prompt_is_copied_and_saved()
    {
        using var model = new FakeModel();
        using var core = new EngineCore(model,
            new EngineOptions { Pages = 200, PageSize = 4, TokenBudget = 8, MaxSequences = 8 });
        GenerationRequest request = Base with { Prompt = Enumerable.Range(0, 40).ToArray() };
        core.Add(request);
        core.Drain();
        GenerationHandle cached = core.Add(request, 2), scored = core.Add(request with { PromptLogprobs = 1 }, 3);
        core.Step();
        core.Step();
        Task<RequestState> first = cached.SnapshotAsync(), second = scored.SnapshotAsync();
        core.Step();
        RequestState state = await first, part = await second;
        Assert.Equal((36, 36), (state.CachedTokens, RequestState.FromBytes(state.ToBytes()).CachedTokens));
        int known = part.PromptLogprobs!.Count;
        Assert.InRange(known, 1, 38);
        core.Drain();
        Assert.Equal(39, scored.Result().PromptLogprobs!.Count);
        Assert.Equal((known, known), (part.PromptLogprobs.Count, part.Copy().PromptLogprobs!.Count));
        GenerationResult expected = Runs.Alone(model, request with { PromptLogprobs = 1 });
        RequestState copy = part.Copy();
        Runs.Equal(expected, Runs.Finish(model, part), "scored");
        Runs.Equal(expected, Runs.Finish(model, copy), "scored, the copy");
    }

    private sealed class Unsaved : LogitsProcessor
    {
        public bool[] Armed { get; init; } = [false];

        public override void Apply(LogitsRow row)
        {
        }

        public override LogitsProcessor Copy() =>
            Armed[0] ? throw new InvalidDataException("not now") : new Unsaved { Armed = Armed };

        public override byte[]? Save() => Armed[0] ? throw new InvalidDataException("not now") : null;
    }

    /// <summary>Its name can be read so many times.</summary>
    private sealed class Nameless(int reads) : Strategy
    {
        private int _reads;

        public override string Name => _reads++ < reads ? "nameless" : throw new InvalidDataException("no name");

        public override void Wish(RequestState state, WishList wishes) => wishes.Read(state.Live[0]);

        public override void Take(StrategyStep step) => step.Finish(step.Ready[0], FinishReason.Length);
    }
}

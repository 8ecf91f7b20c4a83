namespace Seriatim.Generation.Tests;

/// <summary>
/// Whatever a user's strategy does wrong is its own request's failure; whatever it may do, it does under any load.
/// </summary>
public sealed class OwnStrategyTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly GenerationRequest Good = new() { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 12, Seed = 3 };

    [Theory]
    [InlineData("forks more than it said", "WidthOf")]
    [InlineData("finishes twice", "is finished")]
    [InlineData("extends what is finished", "is finished")]
    [InlineData("forks what is finished", "is finished")]
    [InlineData("chooses for what is finished", "is finished")]
    [InlineData("extends another's", "of another request")]
    [InlineData("wishes twice", "twice")]
    [InlineData("wishes for another's", "only its own")]
    [InlineData("replaces what is remembered", "remembered")]
    [InlineData("reads its neighbour's row", "1 logits")]
    [InlineData("reads what it did not wish for", "0 hidden")]
    [InlineData("wishes later", "closed")]
    [InlineData("throws when it wishes", "wish")]
    [InlineData("throws when it ends", "end")]
    [InlineData("throws at the choices", "choices")]
    [InlineData("throws at the score", "score")]
    [InlineData("gives null for the choices", "null")]
    public async Task What_it_does_wrong_fails_its_own_request(string what, string message)
    {
        using var model = new FakeModel();
        GenerationResult expected = Runs.Alone(model, Good);
        await using var engine = new GenerationEngine(model,
            new EngineOptions { Pages = 80, MaxSequences = 4, TokenBudget = 8, MaxUnreadUpdates = 4 });
        GenerationHandle other = engine.Submit(Good with { MaxNewTokens = 100, Strategy = new Wrong("lends its sequence") });
        await foreach (GenerationUpdate _ in other)
        {
            Task<GenerationResult> beside = engine.CompleteAsync(Good);
            GenerationRequest bad = Good with
            {
                Strategy = new Wrong(what),
                Timeout = what.EndsWith("ends", StringComparison.Ordinal) ? TimeSpan.FromTicks(1) : null,
            };
            Exception failure = await Assert.ThrowsAnyAsync<Exception>(() => engine.CompleteAsync(bad).WaitAsync(Patience));
            Assert.IsNotType<TimeoutException>(failure);
            Assert.Contains(message, failure.Message, StringComparison.OrdinalIgnoreCase);
            Runs.Equal(expected, await beside.WaitAsync(Patience), "beside");
            break;
        }

        Runs.Equal(expected, await engine.CompleteAsync(Good).WaitAsync(Patience), "later");
        Assert.Equal(0, engine.Health.Faults);
    }

    [Fact]
    public async Task A_step_that_was_kept_gives_nothing()
    {
        using var model = new FakeModel();
        var strategy = new Wrong("keeps its step");
        await using var engine = new GenerationEngine(model, new EngineOptions { Pages = 80 });
        await engine.CompleteAsync(Good with { Strategy = strategy });
        StrategyStep kept = strategy.Kept!;
        Assert.Empty(kept.Ready);
        Assert.Contains("over", Assert.Throws<InvalidOperationException>(() => kept.State).Message);
        Assert.Throws<InvalidOperationException>(() => kept.Finish(strategy.First!, FinishReason.Length));
    }

    [Fact]
    public async Task Sequences_that_are_read_at_once_and_grow_too_long_fail_alone()
    {
        using var model = new FakeModel(capability: ModelCapability.Encoder);
        await using var engine = new GenerationEngine(model, new EngineOptions { TokenBudget = 64, MaxSequences = 8 });
        GenerationRequest request = Good with { Strategy = new Growing(), MaxNewTokens = 10 };
        Assert.Equal(13, (await engine.CompleteAsync(request).WaitAsync(Patience)).Choices[0].TokenIds.Count);
        Task<EncodingResult> beside = engine.EncodeAsync(new EncodingRequest
        {
            Tokens = new[] { 1, 2 },
            Pooling = PoolingKind.Last,
        });
        var failure = await Assert.ThrowsAsync<RequestTooLargeException>(() =>
            engine.CompleteAsync(request with { MaxNewTokens = 200 }).WaitAsync(Patience));
        Assert.Equal((65, 64), (failure.Needed, failure.Available));
        await beside.WaitAsync(Patience);
        Assert.Equal(0, engine.Health.Faults);
    }

    [Fact]
    public void What_cannot_be_is_refused_at_submission()
    {
        using var model = new FakeModel();
        using var core = new EngineCore(model, Runs.Roomy);
        GenerationRequest own = Good with { Strategy = new Wrong("nothing") };
        Assert.Equal("Speculation",
            Assert.Throws<InvalidOptionException>(() => core.Check(own with { Speculation = new() })).Option);
        Assert.Equal("Strategy",
            Assert.Throws<InvalidOptionException>(() => core.Check(Good with { Strategy = new Wrong("sampling") })).Option);
        Assert.Equal("Strategy",
            Assert.Throws<InvalidOptionException>(() => core.Check(Good with { Strategy = new Wrong("beams") })).Option);
        Assert.Equal("Strategy",
            Assert.Throws<InvalidOptionException>(() => core.Check(Good with { Strategy = new Wrong("") })).Option);
        Assert.Contains("WidthOf",
            Assert.Throws<InvalidOptionException>(() => core.Check(Good with { Strategy = new Wrong("has no width") })).Message);
    }

    [Theory]
    [InlineData(Remembers.Pages)]
    [InlineData(Remembers.Both)]
    public void Sequences_may_end_and_fork_each_other_in_the_step_they_share(Remembers kinds)
    {
        using var model = new FakeModel(remembers: kinds);
        var random = new Random(4);
        GenerationRequest[] requests = [.. Enumerable.Range(0, 24).Select(i => Good with
        {
            Prompt = Enumerable.Range(0, 1 + random.Next(30)).Select(_ => random.Next(50)).ToArray(),
            MaxNewTokens = 4 + random.Next(30),
            Seed = (ulong)i,
            Strategy = new Crossing(),
            Logprobs = 1,
        })];
        GenerationResult[] expected = [.. requests.Select(request => Runs.Alone(model, request))];
        Assert.Contains(expected, result => result.Choices.Count > 6);
        var options = new EngineOptions { Pages = 60, States = 60, PageSize = 4, TokenBudget = 24, MaxSequences = 12 };
        using var core = new EngineCore(model, options);
        GenerationHandle[] handles = [.. requests.Select((request, i) => core.Add(request, i + 1))];
        core.Drain();
        Assert.True(core.Statistics.Preemptions > 0);
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], handles[i].Result(), $"request {i}");
        core.Cache!.Clear();
        for (int kind = 0; kind < core.Pools!.Count; kind++)
            Assert.Equal(core.Pools[kind].Units, core.Pools[kind].Free);
    }

    [Fact]
    public async Task An_engine_can_be_disposed_by_what_it_runs()
    {
        using var model = new FakeModel();
        var engine = new GenerationEngine(model, new EngineOptions { Pages = 80 });
        var strategy = new Wrong("disposes its engine") { Engine = engine };
        Task<GenerationResult> task = engine.CompleteAsync(Good with { Strategy = strategy });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task.WaitAsync(Patience));
        await engine.Completion.WaitAsync(Patience);
        Assert.Equal(EngineState.Stopped, engine.Health.State);
    }

    private sealed class Wrong(string what) : Strategy
    {
        private static SequenceState? _lent;

        private WishList? _wishes;

        public StrategyStep? Kept { get; private set; }

        public SequenceState? First { get; private set; }

        public GenerationEngine? Engine { get; init; }

        public override string Name => what;

        public override int WidthOf(GenerationRequest request) => what == "has no width" ? 0 : 1;

        public override void Wish(RequestState state, WishList wishes)
        {
            if (what == "throws when it wishes")
                throw new InvalidDataException("wish");
            _wishes = wishes;
            wishes.Read(what == "wishes for another's" && state.HasBegun ? _lent! : state.Live[0]);
            if (what == "wishes twice")
                wishes.Read(state.Live[0]);
        }

        public override void Take(StrategyStep step)
        {
            SequenceState first = step.Ready[0];
            (Kept, First) = (step, first);
            ReadOnlySpan<float> logits = step.Logits(first);
            step.State.HasBegun = true;
            switch (what)
            {
                case "lends its sequence":
                    _lent = first;
                    break;
                case "forks more than it said":
                    for (int i = 0; i < 20; i++)
                        step.Extend(step.Fork(first), i, logits);
                    break;
                case "finishes twice":
                    step.Finish(first, FinishReason.Length);
                    step.Finish(first, FinishReason.Length);
                    return;
                case "extends what is finished" or "forks what is finished" or "chooses for what is finished":
                    step.Finish(first, FinishReason.Length);
                    _ = what[0] switch
                    {
                        'e' => step.Extend(first, 1, logits) is null,
                        'f' => step.Fork(first) is null,
                        _ => step.Choose(first, logits) < 0,
                    };
                    return;
                case "extends another's":
                    step.Extend(_lent!, 1, logits);
                    break;
                case "replaces what is remembered":
                    step.Replace(first, 0, 1);
                    break;
                case "reads its neighbour's row":
                    step.Logits(first, 1);
                    break;
                case "reads what it did not wish for":
                    step.Hidden(first, 0);
                    break;
                case "wishes later":
                    _wishes!.Read(first);
                    break;
                case "disposes its engine":
                    Engine!.Dispose();
                    break;
            }

            step.Extend(first, step.Choose(first, logits), logits);
        }

        public override void End(StrategyStep step, FinishReason reason)
        {
            if (what == "throws when it ends")
                throw new InvalidDataException("end");
            base.End(step, reason);
        }

        public override IEnumerable<SequenceState> Choices(RequestState state) => what switch
        {
            "throws at the choices" => throw new InvalidDataException("choices"),
            "gives null for the choices" => null!,
            _ => base.Choices(state),
        };

        public override double? ScoreOf(RequestState state, SequenceState sequence) =>
            what == "throws at the score" ? throw new InvalidDataException("score") : null;
    }

    /// <summary>Appends to what it reads as a whole.</summary>
    private sealed class Growing : Strategy
    {
        public override string Name => "growing";

        public override bool Remembers => false;

        public override bool Streams(GenerationRequest request) => false;

        public override void Wish(RequestState state, WishList wishes) =>
            wishes.ReadWhole(state.Live[0], [state.Live[0].Tokens.Count - 1]);

        public override void Take(StrategyStep step) =>
            step.Extend(step.Ready[0], step.Choose(step.Ready[0], step.Logits(step.Ready[0])), step.Logits(step.Ready[0]));
    }

    /// <summary>
    /// Three sequences, each read by itself: by the token that one chooses, it is forked, another is forked (which has rows of
    /// its own in the same step), replaced by a fork of a fork, or ended.
    /// </summary>
    private sealed class Crossing : Strategy
    {
        public override string Name => "crossing";

        public override int WidthOf(GenerationRequest request) => 4;

        public override void Wish(RequestState state, WishList wishes)
        {
            // Together, or who is chosen first would follow from the load; and one by one within a step, in their order.
            wishes.ReadTogether(state.Live);
        }

        public override void Take(StrategyStep step)
        {
            RequestState state = step.State;
            foreach (SequenceState ready in step.Ready)
            {
                if (!state.Live.Contains(ready))
                    continue;
                ReadOnlySpan<float> logits = step.Logits(ready);
                int token = step.Choose(ready, logits);
                SequenceState? other = step.Ready.FirstOrDefault(one => one != ready && state.Live.Contains(one)
                    && one.NewTokens <= ready.NewTokens);
                if (token % 5 == 0 && state.Live.Count < 4)
                    step.Extend(step.Fork(ready), 49 - token, logits);
                if (token % 5 == 1 && state.Live.Count < 4 && other is not null)
                    step.Extend(step.Fork(other), token, logits);
                if (token % 5 == 2 && state.Live.Count < 4 && other is not null)
                {
                    SequenceState twice = step.Fork(step.Fork(other));
                    step.Finish(state.Live[^2], FinishReason.StopId);
                    step.Extend(twice, token, logits);
                    step.Finish(other, FinishReason.StopId);
                }

                step.Extend(ready, token, logits);
            }
        }
    }
}

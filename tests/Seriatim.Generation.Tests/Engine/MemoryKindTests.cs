namespace Seriatim.Generation.Tests;

/// <summary>
/// What holds for pages holds for every kind of memory: models with recurrent states, alone or beside pages, under everything an
/// engine does.
/// </summary>
public sealed class MemoryKindTests
{
    public static TheoryData<bool, bool, int, int, int> Settings => new()
    {
        // With pages beside the states, prefix cache, pages, states, budget.
        { false, true, 40, 60, 64 },
        { false, false, 40, 12, 64 },
        { true, true, 40, 60, 64 },
        { true, true, 64, 14, 96 },
        { true, false, 80, 30, 24 },
    };

    [Theory]
    [MemberData(nameof(Settings))]
    public void RequestsUnderLoadEqualThemselvesAlone(bool pagesToo, bool prefixCache, int pages, int states, int budget)
    {
        Remembers kinds = pagesToo ? Remembers.Both : Remembers.States;
        using var model = new FakeModel(2, remembers: kinds);
        using var draft = new FakeModel(1, seed: 2, remembers: kinds);
        GenerationRequest[] requests = Mixture.Requests(200, seed: 7 + states, model.VocabularySize, drafts: true);
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(model, r with { Speculation = null }))];
        using var core = new EngineCore(model, new EngineOptions
        {
            Pages = pages,
            States = states,
            PageSize = 8,
            TokenBudget = budget,
            MaxSequences = 24,
            PrefixCache = prefixCache,
            DraftModel = draft,
        });
        GenerationHandle[] handles = LoadTests.RunAll(core, requests, seed: 3);
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], handles[i].Result(), $"request {i}, {requests[i]}");
        Assert.True(core.Statistics.Preemptions > 0 || states > 50, "The pool is meant to be too small.");
        if (states > 50)
            Assert.Equal(prefixCache, core.Statistics.TokensSaved > 0);
        Assert.Null(core.LastDraftFailure);
        AllIsGivenBack(core);
    }

    /// <summary>A model with an encoder whose decoder has states: three kinds at once.</summary>
    [Fact]
    public void EncoderDecodersUnderLoadEqualThemselvesAlone()
    {
        using var model = new FakeModel(capability: ModelCapability.EncoderDecoder, remembers: Remembers.Both);
        GenerationRequest[] requests = Mixture.Requests(100, seed: 5, model.VocabularySize, longest: 4, encoder: []);
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(model, r with { Speculation = null }))];
        using var core = new EngineCore(model,
            new EngineOptions { Pages = 56, States = 20, PageSize = 4, TokenBudget = 64, MaxSequences = 24 });
        GenerationHandle[] handles = LoadTests.RunAll(core, requests, seed: 4);
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], handles[i].Result(), $"request {i}, {requests[i]}");
        Assert.True(core.Statistics.Preemptions > 0);
        AllIsGivenBack(core);
    }

    [Theory]
    [InlineData(false, SpeculationKind.PromptLookup, 1)]
    [InlineData(false, SpeculationKind.PromptLookup, 4)]
    [InlineData(false, SpeculationKind.DraftModel, 1)]
    [InlineData(true, SpeculationKind.PromptLookup, 4)]
    [InlineData(true, SpeculationKind.DraftModel, 1)]
    public void SpeculationEqualsPlainDecodingAndAccepts(bool pagesToo, SpeculationKind kind, int branches)
    {
        Remembers kinds = pagesToo ? Remembers.Both : Remembers.States;
        using var model = new FakeModel(remembers: kinds) { Preference = 6 };
        using var draft = new FakeModel(seed: 9, remembers: kinds) { Preference = 6 };
        var request = new GenerationRequest
        {
            Prompt = new[] { 1, 10, 23, 4, 1, 10 },
            MaxNewTokens = 120,
            Seed = 5,
            Sampling = new() { Temperature = 0.5f },
            Logprobs = 2
        };
        var options = new EngineOptions { Pages = 400, PageSize = 4, DraftModel = draft };
        GenerationResult plain = Runs.Alone(model, request, options);
        using var core = new EngineCore(model, options);
        GenerationHandle handle = core.Add(
            request with { Speculation = new() { Kind = kind, Branches = branches, MaxTokens = 8, Always = true } });
        core.Drain();
        Runs.Equal(plain, handle.Result(), $"{kind} {branches}");
        Assert.True(handle.Result().Usage.AcceptedTokens > 20, $"{handle.Result().Usage}");

        // What was verified went into the prefix cache, and goes on with the same bits.
        GenerationHandle again = core.Add(request with
        {
            Prompt = (int[])[.. request.Prompt.Span,
            .. plain.Choices[0].TokenIds.Take(60)],
            MaxNewTokens = 60,
            Seed = 5
        }, 2);
        core.Drain();
        Assert.True(again.Result().Usage.CachedTokens >= 32, $"{again.Result().Usage}");
        AllIsGivenBack(core);
    }

    [Theory]
    [InlineData(Remembers.States)]
    [InlineData(Remembers.Both)]
    public void APrefixIsGoneOnFromWhereItsPageEnds(Remembers kinds)
    {
        using var model = new FakeModel(remembers: kinds);
        using var core = new EngineCore(model,
            new EngineOptions { Pages = 200, PageSize = 8, TokenBudget = 64, MaxSequences = 8 });
        int[] text = [.. Enumerable.Range(0, 45).Select(i => i * 7 % 50)];
        var request = new GenerationRequest { Prompt = text, MaxNewTokens = 6, Logprobs = 1 };
        (int Cached, GenerationRequest Request)[] all =
        [
            (0, request), (40, request), (24, request with { Prompt = (int[])[.. text[..30], 1, 2, 3] }),
                (40, request with { Prompt = text[..41] }),
            (32, request with { Prompt = text[..40] }), (0, request with { Prompt = (int[])[9, .. text] }),
        ];
        for (int i = 0; i < all.Length; i++)
        {
            GenerationHandle handle = core.Add(all[i].Request, i + 1);
            core.Drain();
            Assert.Equal(all[i].Cached, handle.Result().Usage.CachedTokens);
            Runs.Equal(Runs.Alone(model, all[i].Request), handle.Result(), $"request {i}");
        }

        AllIsGivenBack(core);
    }

    /// <summary>
    /// States are given up before pages where only they are short; a prefix is then found as far as there is a state.
    /// </summary>
    [Fact]
    public void WithFewStatesTheCacheKeepsWhatItCan()
    {
        using var model = new FakeModel(remembers: Remembers.Both);
        using var core = new EngineCore(model,
            new EngineOptions { Pages = 100, States = 4, PageSize = 4, TokenBudget = 32, MaxSequences = 2 });
        int[] text = [.. Enumerable.Range(0, 60).Select(i => i * 11 % 50)];
        for (int i = 0; i < 12; i++)
        {
            GenerationRequest request = new() { Prompt = text[..(20 + 3 * i)], MaxNewTokens = 5, Logprobs = 0 };
            GenerationHandle handle = core.Add(request, i + 1);
            core.Drain();
            Runs.Equal(Runs.Alone(model, request), handle.Result(), $"request {i}");
        }

        Assert.True(core.Statistics.PrefixHits > 0);
        AllIsGivenBack(core);
    }

    /// <summary>
    /// However few states there are and however long the first turn was, the second begins where it ended: the last state of a
    /// chain is given up last.
    /// </summary>
    [Theory]
    [InlineData(Remembers.States)]
    [InlineData(Remembers.Both)]
    public void ASecondTurnReadsOnlyTheNewText(Remembers kinds)
    {
        using var model = new FakeModel(remembers: kinds);
        using var core = new EngineCore(model,
            new EngineOptions { Pages = 400, States = 5, PageSize = 4, TokenBudget = 32, MaxSequences = 2 });
        List<int> text = [.. Enumerable.Range(0, 90).Select(i => i * 11 % 50)];
        for (int turn = 0; turn < 5; turn++)
        {
            long before = core.Statistics.TokensSaved;
            GenerationRequest request = new() { Prompt = text.ToArray(), MaxNewTokens = 70 };
            GenerationHandle handle = core.Add(request, turn + 1);
            core.Drain();
            Runs.Equal(Runs.Alone(model, request), handle.Result(), $"turn {turn}");
            int known = text.Count - 3; // the new text of this turn is three tokens, and the last answer's last was never read
            long saved = core.Statistics.TokensSaved - before;
            Assert.True(turn == 0 ? saved == 0 : saved >= (known - 1) / 4 * 4, $"turn {turn}: {saved} of {known} tokens");
            text.AddRange(handle.Result().Choices[0].TokenIds);
            text.AddRange([turn, 7, 3]);
        }

        AllIsGivenBack(core);
    }

    /// <summary>
    /// Beside pages that are still there, states that were given up are kept anew by whoever computes them again: a conversation
    /// that was forgotten once is not forgotten for ever.
    /// </summary>
    [Theory]
    [InlineData(Remembers.States)]
    [InlineData(Remembers.Both)]
    public void AForgottenConversationIsRememberedAgain(Remembers kinds)
    {
        using var model = new FakeModel(remembers: kinds);
        using var core = new EngineCore(model,
            new EngineOptions { Pages = 400, States = 5, PageSize = 4, TokenBudget = 32, MaxSequences = 2 });
        List<int> text = [.. Enumerable.Range(0, 60).Select(i => i * 11 % 50)];
        long Turn(int number, int[] prompt)
        {
            long before = core.Statistics.TokensSaved;
            GenerationRequest request = new() { Prompt = prompt, MaxNewTokens = 9 };
            GenerationHandle handle = core.Add(request, number);
            core.Drain();
            Runs.Equal(Runs.Alone(model, request), handle.Result(), $"request {number}");
            if (number is not (> 10 and < 20))
                text.AddRange([.. handle.Result().Choices[0].TokenIds, number % 50, 7, 3]);
            return core.Statistics.TokensSaved - before;
        }

        Assert.Equal(0, Turn(1, [.. text]));
        for (int other = 11; other < 17; other++)
            Turn(other, [.. Enumerable.Range(0, 40).Select(i => (i * 7 + other) % 50)]);
        Assert.Equal(0, Turn(21, [.. text])); // its states had to go
        int known = text.Count - 3;
        Assert.InRange(Turn(22, [.. text]), (known - 1) / 4 * 4, known);
        AllIsGivenBack(core);
    }

    /// <summary>A draft model may remember in another kind than the model: its pages are not counted by the model's.</summary>
    [Fact]
    public void ADraftModelOfAnotherKindHasRoomOfItsOwn()
    {
        using var model = new FakeModel(remembers: Remembers.States);
        using var draft = new FakeModel(seed: 9);
        var options = new EngineOptions { MemoryBytes = 1 << 20, MaxSequences = 8, DraftModel = draft };
        using var core = new EngineCore(model, options);
        GenerationHandle handle = core.Add(new GenerationRequest
        {
            Prompt = Enumerable.Range(0, 45).Select(i => i * 7 % 50).ToArray(),
            MaxNewTokens = 40,
            Speculation = new() { Kind = SpeculationKind.DraftModel, MaxTokens = 4, Always = true },
        });
        core.Drain();
        Assert.Null(core.LastDraftFailure);
        Assert.True(handle.Result().Usage.DraftTokens > 0, "Nothing was drafted.");
    }

    /// <summary>One sequence and one page are enough, however many sequences there might be.</summary>
    [Fact]
    public void TheLeastMemoryThatIsAskedForIsEnough()
    {
        using var both = new FakeModel(remembers: Remembers.Both);
        using var states = new FakeModel(remembers: Remembers.States);
        long page = 16 * both.BytesPerPosition(KeyValueType.F32), state = both.BytesPerState;
        var least = new EngineOptions { MemoryBytes = 2 * state + page };
        Assert.Equal((1, 2), (least.PagesFor(both), least.StatesFor(both)));
        Assert.Equal(2, (least with { MemoryBytes = 2 * state }).StatesFor(states));
        var error = Assert.Throws<InvalidOptionException>(() =>
            (least with { MemoryBytes = least.MemoryBytes - 1 }).StatesFor(both));
        Assert.Contains($"one page of {page} bytes beside 2 states of {state} bytes", error.Message);
        error = Assert.Throws<InvalidOptionException>(() => (least with { States = 100 }).StatesFor(states));
        Assert.Contains($"100 states of {state} bytes", error.Message);
    }

    [Fact]
    public void TooFewStatesAreRefusedWithBothNumbers()
    {
        using var model = new FakeModel(remembers: Remembers.States);
        using var core = new EngineCore(model, new EngineOptions { States = 7, MaxSequences = 8 });
        var request = new GenerationRequest { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 4, Count = 4 };
        var error = Assert.Throws<RequestTooLargeException>(() => core.Check(request));
        Assert.Equal((8, 7), (error.Needed, error.Available));
        Assert.Contains("states", error.Message);
        core.Check(request with { Count = 3 });
        Assert.Throws<InvalidOptionException>(() => new EngineCore(model, new EngineOptions { States = 1 }));
        GenerationHandle handle = core.Add(request with { Count = 3 });
        core.Drain();
        Assert.Equal(3, handle.Result().Choices.Count);
    }

    [Fact]
    public void StatisticsAndLoadCountEveryKind()
    {
        using var model = new FakeModel(remembers: Remembers.Both);
        using var core = new EngineCore(model, new EngineOptions { Pages = 50, States = 40, PageSize = 8, MaxSequences = 8 });
        for (int i = 0; i < 3; i++)
            core.Add(new GenerationRequest { Prompt = Enumerable.Range(i, 20).ToArray(), MaxNewTokens = 10 }, i + 1);
        core.Step();
        core.Step();
        EngineStatistics statistics = core.Statistics;
        Assert.Equal(["pages", "states"], statistics.Memories.Select(memory => memory.Name));
        Assert.Equal((50, 9), (statistics.Memories[0].Units, statistics.Memories[0].Used));
        Assert.Equal((40, 3, 0), (statistics.Memories[1].Units, statistics.Memories[1].Used, statistics.Memories[1].Shared));
        Assert.Equal(6, statistics.Memories[1].Cached);
        Assert.Equal(model.BytesPerState, statistics.Memories[1].UnitBytes);
        Assert.Equal((50, 9), (statistics.Pages, statistics.PagesUsed));
        Assert.Equal((40, 9), (core.Load.States, core.Load.StatesInUse));
        core.Drain();
        AllIsGivenBack(core);
    }

    [Theory]
    [InlineData(Remembers.States)]
    [InlineData(Remembers.Both)]
    public void CancelledAndBrokenRequestsLeaveNothingBehind(Remembers kinds)
    {
        using var inner = new FakeModel(remembers: kinds);
        using var draft = new FakeModel(seed: 2, remembers: kinds);
        var random = new Random(5);
        var model = new FaultyModel(inner)
        {
            BeforePass = (pass, batch) =>
            {
                if (pass % 13 == 12)
                    throw new InvalidDataException($"now and then, {batch.Rows} rows");
            },
        };
        using var core = new EngineCore(model,
            new EngineOptions { Pages = 64, States = 40, PageSize = 8, TokenBudget = 99, MaxSequences = 16, DraftModel = draft });
        GenerationRequest[] requests = Mixture.Requests(100, seed: 21, inner.VocabularySize, drafts: true);
        for (int i = 0; i < requests.Length; i++)
        {
            GenerationHandle handle = core.Add(requests[i], i + 1);
            for (int steps = random.Next(4); steps > 0; steps--)
                core.Step();
            if (i % 7 == 0)
                handle.Cancel();
        }

        core.Drain();
        Assert.All(core.Statistics.Memories, memory => Assert.Equal(0, memory.Used));
        AllIsGivenBack(core);
    }

    [Fact]
    public void MemoryIsSharedOutBetweenPagesAndStates()
    {
        using var pages = new FakeModel();
        using var states = new FakeModel(remembers: Remembers.States);
        using var both = new FakeModel(remembers: Remembers.Both);
        var options = new EngineOptions { MemoryBytes = 1 << 20, MaxSequences = 8 };
        Assert.Equal((1 << 20) / (16 * pages.BytesPerPosition(KeyValueType.F32)), options.PagesFor(pages));

        // Two for each sequence come first, then the cache's part, then pages: never more than there is, and hardly less.
        long page = 16 * both.BytesPerPosition(KeyValueType.F32), state = both.BytesPerState;
        (int pageCount, int stateCount) = (options.PagesFor(both), options.StatesFor(both));
        Assert.InRange(pageCount * page + stateCount * state, (1 << 20) - page - state, 1 << 20);
        Assert.Equal(16 + Math.Min(((1 << 20) - 16 * state) / 4 / state, ((1 << 20) - 16 * state) / page), stateCount);
        Assert.Equal((1 << 20) / states.BytesPerState, options.StatesFor(states));
        Assert.Equal((1 << 16) + 16, (options with { MemoryBytes = 1L << 40 }).StatesFor(states));
        Assert.Equal(16 + 16, (options with { Pages = 16 }).StatesFor(states));
        Assert.Equal(5, (options with { States = 5 }).StatesFor(both));
        Assert.Equal(((1 << 20) - 5 * state) / page, (options with { States = 5 }).PagesFor(both));

        // Little memory is for few sequences at a time, not for none.
        EngineOptions small = options with { MemoryBytes = 64 * state, MaxSequences = 500, TokenBudget = 500 };
        Assert.Equal((32, 64),
            (small.StatesFor(both) - (int)Math.Min(32 * state / 4 / state, 32 * state / page), small.StatesFor(states)));
    }

    [Theory]
    [InlineData(Remembers.States, 1, "two states of")]
    [InlineData(Remembers.Both, 3, "beside 2 states of")]
    public void TooLittleMemoryForOneSequenceIsRefusedWithBothNumbers(Remembers kinds, int states, string words)
    {
        using var model = new FakeModel(remembers: kinds);
        var options = new EngineOptions { MemoryBytes = states * model.BytesPerState };
        var error = Assert.Throws<InvalidOptionException>(() => options.StatesFor(model));
        Assert.Contains(words, error.Message);
        Assert.Contains($"{options.MemoryBytes}", error.Message);
        Assert.Contains($"{model.BytesPerState} bytes", error.Message);
    }

    private static void AllIsGivenBack(EngineCore core)
    {
        core.Cache?.Clear();
        Assert.Equal(0, core.Cache?.Count ?? 0);
        for (int kind = 0; kind < core.Pools!.Count; kind++)
            Assert.Equal(core.Pools[kind].Units, core.Pools[kind].Free);
    }
}

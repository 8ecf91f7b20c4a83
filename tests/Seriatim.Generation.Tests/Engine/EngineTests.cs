namespace Seriatim.Generation.Tests;

/// <summary>The engine with its thread: streams, cancellation, failures, limits.</summary>
public sealed class EngineTests
{
    private static GenerationRequest Request(int prompt = 5, int newTokens = 20) =>
        new() { Prompt = Enumerable.Range(1, prompt).ToArray(), MaxNewTokens = newTokens, Seed = 0 };

    /// <summary>So many tokens that no machine is done with them before the test cancels it.</summary>
    private static GenerationRequest Endless => Request(newTokens: 1_000_000);

    [Fact]
    public async Task StreamAndResultAgree()
    {
        using var model = new FakeModel();
        using var engine = new GenerationEngine(model, new EngineOptions { Pages = 100 });
        GenerationHandle handle = engine.Submit(Request() with { Count = 2, Logprobs = 1 });
        var ids = new List<int>[] { [], [] };
        var ends = new List<FinishReason>();
        await foreach (GenerationUpdate update in handle)
        {
            ids[update.Choice].Add(update.TokenId!.Value);
            Assert.NotNull(update.Logprobs);
            if (update.Finish is { } reason)
                ends.Add(reason);
        }

        GenerationResult result = await handle.Completion;
        Assert.Equal([FinishReason.Length, FinishReason.Length], ends);
        Assert.Equal(result.Choices[0].TokenIds, ids[0]);
        Assert.Equal(result.Choices[1].TokenIds, ids[1]);
        Assert.NotEqual(ids[0], ids[1]);
        Assert.Equal((5, 0, 40), (result.Usage.PromptTokens, result.Usage.CachedTokens, result.Usage.NewTokens));
        Assert.NotNull(result.Timings.FirstToken);
    }

    [Fact]
    public async Task SuppressedIdsAreChosenByNoRequest()
    {
        using var model = new FakeModel();
        GenerationRequest greedy = Request() with { Sampling = SamplingOptions.Greedy };
        int first;
        using (var engine = new GenerationEngine(model, new EngineOptions { Pages = 100 }))
            first = (await engine.CompleteAsync(greedy)).Choices[0].TokenIds[0];
        using var banning = new GenerationEngine(model, new EngineOptions { Pages = 100, SuppressedIds = [first] });
        foreach (GenerationRequest request in new[] { greedy, Request(), Request() with { Beam = new BeamOptions { Beams = 3 } } })
            Assert.DoesNotContain(first, (await banning.CompleteAsync(request)).Choices[0].TokenIds);
        Assert.Throws<InvalidOptionException>(() => new GenerationEngine(model, new EngineOptions { SuppressedIds = [-1] }));
    }

    [Fact]
    public async Task CancellingEndsTheRequestAndNobodyElse()
    {
        using var model = new FakeModel(context: 2_000_000);
        using var engine = new GenerationEngine(model, new EngineOptions { Pages = 80_000 });
        using var source = new CancellationTokenSource();
        GenerationHandle cancelled = engine.Submit(Endless, source.Token);
        Task<GenerationResult> other = engine.CompleteAsync(Request());
        int count = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GenerationUpdate update in cancelled)
            {
                if (++count == 3)
                    source.Cancel();
            }
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.Completion);
        Assert.Equal(20, (await other).Choices[0].TokenIds.Count);
        await LeavingTheStreamCancels(engine);
        EngineStatistics statistics = await engine.GetStatisticsAsync();
        Assert.Equal((0, 0, 0), (statistics.Running, statistics.Waiting, statistics.PagesUsed));
    }

    [Fact]
    public async Task AFailingRequestDoesNotDisturbItsNeighbours()
    {
        using var calm = new FakeModel();
        using var model = new FakeModel { Poison = 48, Madness = 49 };
        GenerationResult expected = Runs.Alone(calm, Request() with { Sampling = Without(48, 49) });
        using var core = new EngineCore(model, new EngineOptions { Pages = 100 });
        GenerationRequest request = Request() with { Sampling = Without(48, 49) };
        GenerationHandle[] good = [core.Add(request, 1), core.Add(request, 4)];
        GenerationHandle poisoned = core.Add(request with { Prompt = new[] { 1, 48 } }, 2);
        GenerationHandle mad = core.Add(request with { Prompt = new[] { 1, 49 } }, 3);
        GenerationHandle stuck = core.Add(request with { Sampling = new() { Constraints = new() { Allowed = [3], Suppressed = [3] } } }, 5);
        core.Drain();
        foreach (GenerationHandle handle in good)
            Runs.Equal(expected, handle.Result(), "neighbour");
        await Assert.ThrowsAsync<InvalidDataException>(() => poisoned.Completion);
        Assert.Contains("finite", (await Assert.ThrowsAsync<NoCandidateException>(() => mad.Completion)).Message);
        Assert.Contains("constraints", (await Assert.ThrowsAsync<NoCandidateException>(() => stuck.Completion)).Message);
        core.Cache!.Clear();
        Assert.Equal(100, core.Pages().Free);
    }

    [SharedFact]
    public async Task ATokenizerWithoutTheTokenFailsOnlyItsRequest()
    {
        using var model = new FakeModel(vocabulary: 600);
        using var engine = new GenerationEngine(model, new EngineOptions { Pages = 100 });
        var tokenizer = Seriatim.Tokenizers.Tokenizer.Load(Shared.Path("models", "stories260K"));
        SamplingOptions beyond = new() { Constraints = new() { Allowed = [590] } };
        Task<GenerationResult> bad = engine.CompleteAsync(Request() with { Tokenizer = tokenizer, Sampling = beyond });
        GenerationResult good = await engine.CompleteAsync(Request());
        Assert.Equal(20, good.Choices[0].TokenIds.Count);
        Assert.Contains("590", (await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => bad)).Message);
    }

    [Fact]
    public async Task RequestsFromManyThreadsEqualThemselvesAlone()
    {
        using var model = new FakeModel(threads: 2);
        using var alone = new FakeModel();
        GenerationRequest[] requests = Mixture.Requests(80, seed: 31, model.VocabularySize);
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(alone, r with { Speculation = null }))];
        using var engine = new GenerationEngine(model, new EngineOptions { Pages = 48, PageSize = 8, TokenBudget = 64, MaxSequences = 24 });
        GenerationResult[] results = new GenerationResult[requests.Length];
        await Parallel.ForAsync(0, requests.Length, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, token) =>
        {
            // Half of them are only streamed, and checked by what came out.
            GenerationHandle handle = engine.Submit(requests[i], token);
            var ids = new SortedDictionary<int, List<int>>();
            if (i % 2 == 0)
            {
                await foreach (GenerationUpdate update in handle)
                {
                    ids.TryAdd(update.Choice, []);
                    ids[update.Choice].Add(update.TokenId!.Value);
                }
            }

            results[i] = await handle.Completion;
            if (i % 2 == 0)
                Assert.Equal(results[i].Choices.Select(c => c.TokenIds.ToArray()), ids.Values.Select(list => list.ToArray()));
        });
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], results[i], $"request {i}");
    }

    [Fact]
    public void TheDeadlineEndsWithWhatThereIs()
    {
        using var model = new FakeModel();
        var clock = new FakeClock();
        using var core = new EngineCore(model, new EngineOptions { Pages = 100, MaxSequences = 1, Clock = clock });
        GenerationRequest request = Request() with { Timeout = TimeSpan.FromSeconds(10) };
        GenerationHandle running = core.AddAt(request, 1, clock);
        GenerationHandle waiting = core.AddAt(request, 2, clock);
        GenerationHandle patient = core.AddAt(request with { Timeout = TimeSpan.MaxValue }, 3, clock);
        for (int i = 0; i < 7; i++)
            core.Step();
        clock.Now += TimeSpan.FromSeconds(11);
        core.Drain();
        Assert.Equal((7, FinishReason.Timeout), (running.Result().Choices[0].TokenIds.Count, running.Result().Choices[0].Finish));
        Assert.Equal((0, FinishReason.Timeout), (waiting.Result().Choices[0].TokenIds.Count, waiting.Result().Choices[0].Finish));
        Assert.Equal(20, patient.Result().Choices[0].TokenIds.Count);
    }

    [Fact]
    public async Task AFullQueueRefuses()
    {
        using var model = new FakeModel(context: 2_000_000);
        using var engine = new GenerationEngine(model, new EngineOptions { Pages = 80_000, MaxSequences = 1, MaxQueuedRequests = 3 });
        var handles = new List<GenerationHandle>();
        EngineOverloadedException? refused = null;
        while (refused is null && handles.Count < 100)
        {
            try
            {
                handles.Add(engine.Submit(Endless));
            }
            catch (EngineOverloadedException exception)
            {
                refused = exception;
            }
        }

        Assert.Equal(3, refused!.Limit);
        Assert.True(refused.Queued >= 3);
        foreach (GenerationHandle handle in handles)
            handle.Cancel();
        foreach (GenerationHandle handle in handles)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => handle.Completion);
    }

    [Fact]
    public async Task DisposingCancelsWhatIsUnderWay()
    {
        using var model = new FakeModel(context: 2_000_000);
        var engine = new GenerationEngine(model, new EngineOptions { Pages = 80_000 });
        GenerationHandle handle = engine.Submit(Endless);
        engine.Dispose();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => handle.Completion);
        handle.Cancel();
        Assert.Throws<ObjectDisposedException>(() => engine.Submit(Request()));
    }

    [Fact]
    public void AShortRequestGetsItsFirstTokenWhileLongPromptsAreRead()
    {
        using var model = new FakeModel(context: 20000);
        using var core = new EngineCore(model, new EngineOptions { Pages = 1000, TokenBudget = 64, PrefillChunk = 16, MaxSequences = 8 });
        GenerationHandle[] large = [.. Enumerable.Range(1, 7).Select(i => core.Add(new GenerationRequest { Prompt = new int[2000], MaxNewTokens = 1 }, i))];
        for (int i = 0; i < 5; i++)
            core.Step();
        GenerationHandle small = core.Add(Request(newTokens: 5), 8);
        for (int i = 0; i < 7; i++)
            core.Step();
        Assert.True(small.Completion.IsCompleted);
        Assert.DoesNotContain(large, handle => handle.Completion.IsCompleted);
    }

    [Fact]
    public void SteadyDecodingAllocatesLittle()
    {
        using var model = new FakeModel();
        using var core = new EngineCore(new Silent(model), new EngineOptions { Pages = 2000 });
        GenerationRequest request = Request(newTokens: 3000) with { Sampling = new() { Temperature = 0.8f, TopK = 10, TopP = 0.9f } };
        for (int i = 0; i < 8; i++)
            core.Add(request with { Seed = (ulong)i }, i + 1);
        for (int i = 0; i < 300; i++)
            core.Step();
        long before = GC.GetAllocatedBytesForCurrentThread();
        const int Steps = 500;
        for (int i = 0; i < Steps; i++)
            core.Step();
        long perToken = (GC.GetAllocatedBytesForCurrentThread() - before) / (Steps * 8);

        // The batch's arrays and segments, the stream's segments and the page tables; nothing that grows with the vocabulary or the past.
        Assert.True(perToken < 600, $"{perToken} bytes a token");
    }

    private static SamplingOptions Without(params int[] ids) => new() { Constraints = new() { Suppressed = ids } };

    private static async Task LeavingTheStreamCancels(GenerationEngine engine)
    {
        GenerationHandle left = engine.Submit(Endless);
        await foreach (GenerationUpdate update in left)
            break;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left.Completion);
    }
}

namespace Seriatim.Generation.Tests;

/// <summary>A stream that nobody reads is bounded, and holds nobody up.</summary>
public sealed class ReaderTests
{
    private static readonly GenerationRequest Long = new() { Prompt = new[] { 1, 2 }, MaxNewTokens = 300, Seed = 1 };

    [Fact]
    public async Task A_request_waits_for_its_reader_and_gives_its_pages_back()
    {
        using var model = new FakeModel();
        GenerationResult expected = Runs.Alone(model, Long);
        await using var engine = new GenerationEngine(model,
            new EngineOptions { Pages = 40, PrefixCache = false, MaxUnreadUpdates = 16 });
        GenerationHandle unread = engine.Submit(Long);
        while ((await engine.GetStatisticsAsync()) is not { Running: 0, Waiting: 1, Rows: >= 16 })
            await Task.Delay(1);
        EngineStatistics statistics = await engine.GetStatisticsAsync();
        Assert.Equal(0, statistics.PagesUsed);
        Assert.InRange(statistics.Rows, 16, 40);
        Runs.Equal(expected, await engine.CompleteAsync(Long), "another");
        var tokens = new List<int>();
        await foreach (GenerationUpdate update in unread)
            tokens.Add(update.TokenId!.Value);
        Assert.Equal(expected.Choices[0].TokenIds, tokens);
        Runs.Equal(expected, await unread.Completion, "the one that waited");
    }

    [Fact]
    public async Task Who_awaits_the_result_need_not_read()
    {
        using var model = new FakeModel();
        await using var engine = new GenerationEngine(model, new EngineOptions { Pages = 40, MaxUnreadUpdates = 4 });
        GenerationHandle handle = engine.Submit(Long);
        await Task.Delay(20);
        Runs.Equal(Runs.Alone(model, Long), await handle.Completion.WaitAsync(TimeSpan.FromSeconds(30)), "awaited");
    }

    [Fact]
    public async Task Time_runs_out_for_those_who_wait_for_a_reader_too()
    {
        using var model = new FakeModel();
        var clock = new FakeClock();
        await using var engine = new GenerationEngine(model,
            new EngineOptions { Pages = 40, MaxUnreadUpdates = 4, Clock = clock });
        GenerationHandle handle = engine.Submit(Long with { Timeout = TimeSpan.FromHours(1) });
        while ((await engine.GetStatisticsAsync()) is not { Running: 0, Waiting: 1, Rows: >= 4 })
            await Task.Delay(1);
        clock.Now += TimeSpan.FromHours(2);
        GenerationResult result = await handle.Outcome.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(FinishReason.Timeout, result.Choices[0].Finish);
        var finishes = new List<FinishReason?>();
        await foreach (GenerationUpdate update in handle)
            finishes.Add(update.Finish);
        Assert.Equal([null, null, null, null, FinishReason.Timeout], finishes);
    }

    [Fact]
    public async Task A_stream_is_read_once()
    {
        using var model = new FakeModel();
        await using var engine = new GenerationEngine(model, new EngineOptions { Pages = 40 });
        GenerationHandle handle = engine.Submit(Long with { MaxNewTokens = 2 });
        await foreach (GenerationUpdate _ in handle)
        {
        }

        Assert.Throws<InvalidOperationException>(() => handle.GetAsyncEnumerator());
    }

    [Fact]
    public void Nobody_waits_for_ever_behind_more_important_requests()
    {
        using var model = new FakeModel();
        foreach (int ageing in new[] { 0, 8 })
        {
            using var core = new EngineCore(model,
                new EngineOptions { Pages = 4, PageSize = 4, MaxSequences = 1, PrefixCache = false, AgeingSteps = ageing });
            var request = new GenerationRequest { Prompt = new[] { 1 }, MaxNewTokens = 6, Priority = 2 };
            core.Add(request, 1);
            GenerationHandle low = core.Add(request with { Priority = 0 }, 2);
            for (int i = 0; i < 100 && !low.Completion.IsCompleted; i++)
            {
                if (i % 4 == 0)
                    core.Add(request, 3 + i);
                core.Step();
            }

            Assert.Equal(ageing > 0, low.Completion.IsCompleted);
        }
    }

    [Fact]
    public async Task Health_tells_of_faults_and_of_the_end()
    {
        using var model = new FakeModel();
        var clock = new BrokenClock();
        var engine = new GenerationEngine(model, new EngineOptions { Pages = 40, Clock = clock });
        await engine.CompleteAsync(Long).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((EngineState.Working, 0L), (engine.Health.State, engine.Health.Faults));

        // An engine that has nothing to do reads its clock when somebody asks it something.
        int reads = 0;
        clock.Breaks = _ => reads++ == 0;
        await engine.GetStatisticsAsync();
        Runs.Equal(Runs.Alone(model, Long), await engine.CompleteAsync(Long).WaitAsync(TimeSpan.FromSeconds(30)), "later");
        Assert.Equal((EngineState.Working, 1L), (engine.Health.State, engine.Health.Faults));
        Assert.Contains("stands still", engine.Health.LastFault!.Message);
        Assert.False(engine.Completion.IsCompleted);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(async () =>
        {
            if (i % 2 == 0)
                engine.Dispose();
            else
                await engine.DisposeAsync();
        })));
        Assert.True(engine.Completion.IsCompletedSuccessfully);
        Assert.Equal(EngineState.Stopped, engine.Health.State);
    }
}

namespace Seriatim.Generation.Tests;

/// <summary>Who has many requests waits for room; who has one is refused.</summary>
public sealed class QueueTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Many_callers_with_many_requests_all_get_through_a_short_queue()
    {
        using var model = new FakeModel();
        using var engine = new GenerationEngine(model, new EngineOptions { Pages = 60, MaxQueuedRequests = 3, MaxSequences = 2 });
        var request = new GenerationRequest { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 4, Seed = 1 };
        GenerationResult expected = Runs.Alone(model, request);
        var reading = new EncodingRequest { Tokens = new[] { 4, 5 }, Pooling = PoolingKind.Last };
        int most = 0;
        async Task CallerAsync()
        {
            GenerationHandle[] handles = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => engine.SubmitWhenFreeAsync(request)));
            foreach (GenerationHandle handle in handles)
                Runs.Equal(expected, await handle.Completion, "waited");
            await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => engine.EncodeWhenFreeAsync(reading)));
            most = Math.Max(most, (await engine.GetStatisticsAsync()).Waiting);
        }

        await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => CallerAsync())).WaitAsync(Patience);
        Assert.InRange(most, 0, 3);
    }

    [Fact]
    public async Task Room_is_given_in_the_order_of_arrival_and_not_to_who_has_left()
    {
        using var model = new FakeModel(context: 2_000_000);
        using var engine = new GenerationEngine(model, new EngineOptions { Pages = 80_000, MaxSequences = 1, MaxQueuedRequests = 1 });
        var endless = new GenerationRequest { Prompt = new[] { 1 }, MaxNewTokens = 1_000_000 };
        GenerationHandle running = await engine.SubmitWhenFreeAsync(endless);
        while ((await engine.GetStatisticsAsync()).Running == 0)
            await Task.Delay(1);
        GenerationHandle queued = engine.Submit(endless);
        Assert.Throws<EngineOverloadedException>(() => engine.Submit(endless));
        using var leaving = new CancellationTokenSource();
        Task<GenerationHandle> left = engine.SubmitWhenFreeAsync(endless, leaving.Token);
        Task<GenerationHandle> first = engine.SubmitWhenFreeAsync(endless with { MaxNewTokens = 1 });
        Task<GenerationHandle> second = engine.SubmitWhenFreeAsync(endless with { MaxNewTokens = 1 });
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        Assert.False(first.IsCompleted || second.IsCompleted);
        running.Cancel();
        GenerationHandle one = await first.WaitAsync(Patience);
        Assert.False(second.IsCompleted);
        queued.Cancel();
        GenerationHandle two = await second.WaitAsync(Patience);
        await Task.WhenAll(one.Completion, two.Completion).WaitAsync(Patience);
        Assert.True(one.Number < two.Number);
    }

    [Fact]
    public async Task Asking_for_statistics_takes_no_place_in_the_queue()
    {
        using var model = new FakeModel();
        using var engine = new GenerationEngine(model, new EngineOptions { Pages = 60, MaxQueuedRequests = 1 });
        for (int i = 0; i < 200; i++)
        {
            Task<EngineStatistics>[] asked = [.. Enumerable.Range(0, 5).Select(_ => engine.GetStatisticsAsync())];
            await engine.CompleteAsync(new GenerationRequest { Prompt = new[] { 1 }, MaxNewTokens = 1 });
            await Task.WhenAll(asked);
        }
    }
}

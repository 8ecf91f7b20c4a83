namespace Seriatim.Generation.Tests;

/// <summary>An engine can be closed at any time, from any thread, as often as one likes; nobody waits for ever.</summary>
public sealed class DisposalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static GenerationRequest Endless => new() { Prompt = new[] { 1, 2 }, MaxNewTokens = 1_000_000, Seed = 0 };

    [Fact]
    public async Task Disposing_twice_and_from_many_threads_waits_and_throws_nothing()
    {
        for (int round = 0; round < 10; round++)
        {
            using var model = new FakeModel(context: 2_000_000);
            using var engine = new GenerationEngine(model, new EngineOptions { Pages = 80_000 });
            GenerationHandle[] handles = [.. Enumerable.Range(0, 4).Select(_ => engine.Submit(Endless))];
            long passes = 0;
            await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() =>
            {
                engine.Dispose();

                // Whoever comes back may free the weights: no pass is under way, and none follows.
                long seen = model.Passes;
                Thread.Sleep(2);
                Assert.Equal(seen, model.Passes);
                Interlocked.Exchange(ref passes, seen);
            }))).WaitAsync(Patience);
            engine.Dispose();
            Assert.Equal(passes, model.Passes);
            foreach (GenerationHandle handle in handles)
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => handle.Completion.WaitAsync(Patience));
        }
    }

    [Fact]
    public async Task After_disposal_every_verb_ends_with_an_error()
    {
        using var model = new FakeModel();
        var engine = new GenerationEngine(model, new EngineOptions { Pages = 10 });
        engine.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => engine.GetStatisticsAsync().WaitAsync(Patience));
        Assert.Throws<ObjectDisposedException>(() => engine.Submit(Endless with { MaxNewTokens = 2 }));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => engine.SubmitWhenFreeAsync(Endless with { MaxNewTokens = 2 }).WaitAsync(Patience));
        var reading = new EncodingRequest { Tokens = new[] { 1 }, Pooling = PoolingKind.Last };
        await Assert.ThrowsAsync<ObjectDisposedException>(() => engine.EncodeAsync(reading).WaitAsync(Patience));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => engine.EncodeWhenFreeAsync(reading).WaitAsync(Patience));
        Assert.Equal(TimeSpan.Zero, engine.Times.Passes);
    }

    [Fact]
    public async Task Requests_that_race_with_disposal_end()
    {
        using var model = new FakeModel();
        for (int round = 0; round < 200; round++)
        {
            using var engine = new GenerationEngine(model, new EngineOptions { Pages = 10, MaxQueuedRequests = 4 });
            using var start = new Barrier(3);
            Task submitting = Task.Run(async () =>
            {
                start.SignalAndWait();
                for (int i = 0; i < 20; i++)
                    await engine.CompleteAsync(Endless with { MaxNewTokens = 2 });
            });
            Task asking = Task.Run(async () =>
            {
                start.SignalAndWait();
                for (int i = 0; i < 20; i++)
                    await engine.GetStatisticsAsync();
            });
            start.SignalAndWait();
            Thread.SpinWait(round * 20);
            engine.Dispose();
            foreach (Task task in new[] { submitting, asking })
            {
                Exception? end = await Record.ExceptionAsync(() => task.WaitAsync(Patience));
                Assert.True(end is null or ObjectDisposedException or OperationCanceledException, $"{end}");
            }
        }
    }

    [Fact]
    public async Task Who_waits_for_room_does_not_wait_for_a_closed_engine()
    {
        using var model = new FakeModel(context: 2_000_000);
        var engine = new GenerationEngine(model, new EngineOptions { Pages = 80_000, MaxSequences = 1, MaxQueuedRequests = 1 });
        Task<GenerationHandle>[] waiting = [.. Enumerable.Range(0, 8).Select(_ => engine.SubmitWhenFreeAsync(Endless))];
        engine.Dispose();
        foreach (Task<GenerationHandle> task in waiting)
        {
            // Waiting when the engine closed: cancelled. Not yet at the door: refused.
            Exception? end = await Record.ExceptionAsync(async () => await (await task.WaitAsync(Patience)).Completion.WaitAsync(Patience));
            Assert.True(end is ObjectDisposedException or OperationCanceledException, $"{end}");
        }
    }
}

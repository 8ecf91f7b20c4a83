namespace Seriatim.Generation.Tests;

/// <summary>
/// Many who rent, use, give back, unload, drain and stop at random: nobody waits for ever, memory stays within the budget, what
/// was opened is closed once, and each request gives what it gives alone.
/// </summary>
public sealed class HostInterleavingTests
{
    private static readonly GenerationRequest Request = new() { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 3, Seed = 1 };

    [Fact]
    public async Task NobodyWaitsForEver()
    {
        using var model = new FakeModel();
        GenerationResult expected = Runs.Alone(model, Request);
        for (int seed = 0; seed < 40; seed++)
            await Run(seed, expected).WaitAsync(TimeSpan.FromSeconds(60));
    }

    private static async Task Run(int seed, GenerationResult expected)
    {
        var all = new Random(seed);
        var options = new EngineOptions { Pages = 4, PageSize = 16 };
        long each;
        using (var model = new FakeModel())
            each = EngineMemoryOf(model, options);
        int room = all.Next(1, 4);
        var host = new EngineHost(new EngineHostOptions
        {
            Threads = 1,
            MemoryBytes = room * each + all.Next(0, 20),
            KeepAlive = TimeSpan.FromMilliseconds(all.Next(0, 4)),
            RoomTimeout = all.Next(2) == 0 ? TimeSpan.FromMilliseconds(all.Next(1, 30)) : TimeSpan.FromSeconds(20),
        });
        int alive = 0, opened = 0, closed = 0;
        for (int i = 0; i < 4; i++)
        {
            int delay = all.Next(0, 3);
            bool fails = all.Next(8) == 0;
            host.Add($"{i}", async token =>
            {
                await Task.Delay(delay, token);
                if (fails)
                    throw new InvalidDataException("broken");
                Interlocked.Increment(ref opened);
                Assert.InRange(Interlocked.Increment(ref alive), 0, room + 1);
                var model = new FakeModel();
                return new HostedModel
                {
                    Model = model,
                    WeightBytes = 0,
                    Options = options,
                    Close = async () =>
                    {
                        await Task.Yield();
                        model.Dispose();
                        Interlocked.Decrement(ref alive);
                        Interlocked.Increment(ref closed);
                    },
                };
            }, new HostedModelOptions { ExpectedBytes = all.Next(2) == 0 ? each : null });
        }

        Task[] users = [.. Enumerable.Range(0, 6)
            .Select(user => Task.Run(() => Use(host, new Random(100 * seed + user), expected)))];
        await Task.WhenAny(Task.WhenAll(users), Task.Delay(all.Next(5, 60)));
        if (all.Next(2) == 0)
            await host.DrainAsync(TimeSpan.FromMilliseconds(all.Next(0, 10)));
        await Task.WhenAll(host.StopAsync(), host.DisposeAsync().AsTask(), Task.Run(host.Dispose));
        await Task.WhenAll(users);
        Assert.Equal((0, 0L), (alive, host.MemoryInUse));
        Assert.Equal(opened, closed);
        Assert.All(host.Models, status => Assert.Equal((HostedModelState.Unloaded, 0), (status.State, status.Leases)));
    }

    private static async Task Use(EngineHost host, Random random, GenerationResult expected)
    {
        for (int i = 0; i < 30; i++)
        {
            string name = $"{random.Next(4)}";
            using var token = new CancellationTokenSource();
            if (random.Next(4) == 0)
                token.CancelAfter(random.Next(0, 5));
            try
            {
                if (random.Next(6) == 0)
                {
                    await host.UnloadAsync(name, token.Token);
                    continue;
                }

                await using ModelLease lease = await host.RentAsync(name, token.Token);
                Assert.InRange(host.MemoryInUse, 1, host.MemoryBytes);
                if (random.Next(2) == 0)
                    Runs.Equal(expected, await lease.Engine.CompleteAsync(Request), name);
                else if (random.Next(2) == 0)
                    _ = lease.Engine.CompleteAsync(Request).ContinueWith(task => task.Exception, TaskScheduler.Default);
                if (random.Next(3) == 0)
                    await Task.Delay(random.Next(0, 3));
            }
            catch (Exception exception) when (exception is OperationCanceledException or HostStoppedException
                or HostMemoryException or ObjectDisposedException
                || (exception is InvalidDataException && exception.Message == "broken"))
            {
                // The host may stop, a caller may leave, room may be short, and a file may be broken; nothing else happens.
            }
        }
    }

    private static long EngineMemoryOf(IGenerationModel model, EngineOptions options) => EngineMemory.Of(model, options);
}

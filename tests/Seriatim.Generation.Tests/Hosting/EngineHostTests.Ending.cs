using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Seriatim.Generation.Tests;

/// <content>How it ends, how engines take turns, and what can be seen of it.</content>
public sealed partial class EngineHostTests
{
    [Fact]
    public async Task DrainingLetsRequestsEndAndNothingBegin()
    {
        var log = new Events();
        await using var host = new EngineHost(new EngineHostOptions { Threads = 1, LoggerFactory = log });
        using var own = new FakeModel();
        GenerationEngine engine = host.NewEngine(own, Small);
        host.Add("a", new Opened().Open);
        ModelLease lease = await host.RentAsync("a");
        Task<GenerationResult>[] running = [lease.Engine.CompleteAsync(Short with { MaxNewTokens = 200 }),
            engine.CompleteAsync(Short with { MaxNewTokens = 200 })];
        Assert.False(await host.DrainAsync(TimeSpan.FromMilliseconds(1)));
        await Assert.ThrowsAsync<HostStoppedException>(() => host.RentAsync("a"));
        Assert.Throws<HostStoppedException>(() => host.NewEngine(own, Small));
        Assert.Throws<HostStoppedException>(() => host.Add("b", new Opened().Open));
        Task<bool> draining = host.DrainAsync(Timeout.InfiniteTimeSpan);
        await Task.WhenAll(running);
        await Task.Delay(20);
        Assert.False(draining.IsCompleted);
        lease.Dispose();
        Assert.True(await draining);
        await Task.WhenAll(host.StopAsync(), host.StopAsync(), host.DisposeAsync().AsTask());
        host.Dispose();
        Assert.Equal(EngineState.Stopped, engine.Health.State);
        Assert.Contains("stopped", (await Assert.ThrowsAsync<HostStoppedException>(() => host.RentAsync("a"))).Message);
        Assert.Equal([(1, "Opening"), (9, "Drained"), (9, "Drained"), (8, "Unloaded")], log.All);
        Assert.Equal(0, host.MemoryInUse);
    }

    [Fact]
    public async Task StoppingEndsWhatRunsAndWhatIsBeingOpened()
    {
        var host = new EngineHost(new EngineHostOptions { Threads = 1 });
        var opened = new Opened { PassTime = 2 };
        host.Add("a", opened.Open);
        host.Add("slow", async token =>
        {
            await Task.Delay(Timeout.Infinite, token);
            throw new InvalidOperationException("Not reached.");
        });
        ModelLease lease = await host.RentAsync("a");
        Task<GenerationResult> running = lease.Engine.CompleteAsync(Short with { MaxNewTokens = 900 });
        Task<ModelLease> slow = host.RentAsync("slow");
        await host.DisposeAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await Assert.ThrowsAnyAsync<Exception>(() => slow);
        lease.Dispose();
        Assert.Equal((1, 1), (opened.Times, opened.Closed));
        Assert.All(host.Models, model => Assert.Equal(HostedModelState.Unloaded, model.State));
        Assert.Equal(0, host.MemoryInUse);
    }

    /// <summary>
    /// Passes of two engines take turns: neither makes many more steps than the other, and never two at a time.
    /// </summary>
    [Fact]
    public async Task TwoEnginesComputeInTurn()
    {
        await using var host = new EngineHost(new EngineHostOptions { Threads = 1 });
        int inside = 0, most = 0;
        var order = new List<string>();
        GenerationEngine Engine(string name, FakeModel model) => host.NewEngine(new FaultyModel(model)
        {
            BeforePass = (_, _) =>
            {
                most = Math.Max(most, Interlocked.Increment(ref inside));
                order.Add(name);
                Thread.Sleep(1);
                Interlocked.Decrement(ref inside);
            },
        }, Small);
        using FakeModel first = new(), second = new(seed: 2);
        await using GenerationEngine a = Engine("a", first), b = Engine("b", second);
        GenerationRequest request = Short with { MaxNewTokens = 120 };
        await Task.WhenAll(a.CompleteAsync(request), b.CompleteAsync(request));
        Assert.Equal(1, most);
        int firstB = order.IndexOf("b");
        int lastA = order.LastIndexOf("a");
        string[] both = [.. order.Skip(Math.Max(firstB, order.IndexOf("a")))];
        both = [.. both.Take(Math.Min(lastA, order.LastIndexOf("b")) - Math.Max(firstB, order.IndexOf("a")) + 1)];
        int ofA = both.Count(name => name == "a");
        Assert.InRange(ofA, 0.4 * both.Length, 0.6 * both.Length);
        Assert.True(both.Length > 150, $"{both.Length} passes while both ran");
    }

    [Fact]
    public async Task ModelsThatThrowWhenTheyAreClosedAndWatchersThatThrowHarmNobody()
    {
        var log = new Events();
        await using var host = new EngineHost(new EngineHostOptions { Threads = 1, LoggerFactory = log });
        host.Changed += _ => throw new InvalidOperationException("a watcher");
        host.Add("a", async token =>
        {
            HostedModel model = await new Opened().Open(token);
            return new HostedModel
            {
                Model = model.Model,
                WeightBytes = model.WeightBytes,
                Options = model.Options,
                Close = () => throw new InvalidOperationException("a close"),
            };
        });
        for (int i = 0; i < 2; i++)
        {
            await using (ModelLease lease = await host.RentAsync("a"))
                await lease.Engine.CompleteAsync(Short);
            await host.UnloadAsync("a");
            Assert.Equal((0L, HostedModelState.Unloaded), (host.MemoryInUse, State(host, "a")));
        }

        Assert.Equal(2, log.All.Count(one => one.Item1 == 11));
        Assert.True(log.All.Count(one => one.Item1 == 12) >= 6);
    }

    [Fact]
    public async Task StatesAndMemoryCanBeWatched()
    {
        await using var host = new EngineHost(new EngineHostOptions { Threads = 1, MemoryBytes = 1L << 30 });
        var seen = new List<(string, HostedModelState)>();
        host.Changed += status =>
        {
            lock (seen)
                seen.Add((status.Name, status.State));
        };
        host.Add("a", new Opened().Open);
        var values = new Dictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, own) =>
        {
            if (instrument.Meter.Name == EngineHost.MeterName)
                own.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => values[instrument.Name] = value);
        listener.Start();
        (await host.RentAsync("a")).Dispose();
        listener.RecordObservableInstruments();
        Assert.Contains(values, pair => pair.Key == "seriatim.host.memory.used");
        await host.UnloadAsync("a");
        await Until(() => seen.Count == 4);
        Assert.Equal([("a", HostedModelState.Opening), ("a", HostedModelState.Ready), ("a", HostedModelState.Closing),
            ("a", HostedModelState.Unloaded)], seen);
    }

    internal static async Task Until(Func<bool> holds)
    {
        for (int i = 0; i < 2000 && !holds(); i++)
            await Task.Delay(5);
        Assert.True(holds());
    }
}

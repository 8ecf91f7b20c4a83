using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Seriatim.Generation.Tests;

/// <summary>
/// Several models on one host: opened once, kept a while, unloaded by least use, within one memory; drained and stopped.
/// </summary>
public sealed partial class EngineHostTests
{
    private static readonly GenerationRequest Short = new() { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 5, Seed = 1 };
    private static readonly EngineOptions Small = new() { Pages = 64, PageSize = 16 };

    [Fact]
    public async Task AModelIsOpenedOnceHoweverManyAskAndGivesWhatItGivesAlone()
    {
        await using var host = new EngineHost(new EngineHostOptions { Threads = 1 });
        var opened = new Opened();
        host.Add("a", opened.Open);
        GenerationResult expected;
        using (var model = new FakeModel())
            expected = Runs.Alone(model, Short);
        Task<GenerationResult>[] all = [.. Enumerable.Range(0, 20).Select(_ => Task.Run(async () =>
        {
            await using ModelLease lease = await host.RentAsync("a");
            return await lease.Engine.CompleteAsync(Short);
        }))];
        foreach (GenerationResult result in await Task.WhenAll(all))
            Runs.Equal(expected, result, "hosted");
        Assert.Equal(1, opened.Times);
        HostedModelStatus status = host.Models.Single();
        Assert.Equal((HostedModelState.Ready, 0, EngineState.Working), (status.State, status.Leases, status.Health!.State));
        Assert.Equal(host.MemoryInUse, status.Bytes);
        Assert.Equal(Opened.Weights + 64 * 16 * KeyValuePool.BytesPerPosition(1, 1, 16, KeyValueType.F32), status.Bytes);
    }

    [Fact]
    public async Task AModelIsKeptForAWhileAfterItsLastUse()
    {
        var clock = new ManualClock();
        await using var host = new EngineHost(new EngineHostOptions
        {
            Threads = 1,
            Clock = clock,
            KeepAlive = TimeSpan.FromMinutes(5),
        });
        var opened = new Opened();
        host.Add("a", opened.Open);
        host.Add("never", new Opened().Open, new HostedModelOptions { KeepAlive = TimeSpan.Zero });
        host.Add("always", new Opened().Open, new HostedModelOptions { KeepAlive = Timeout.InfiniteTimeSpan });
        foreach (string name in (string[])["a", "never", "always"])
            (await host.RentAsync(name)).Dispose();
        await Until(() => State(host, "never") == HostedModelState.Unloaded);
        clock.Advance(TimeSpan.FromMinutes(4));
        (await host.RentAsync("a")).Dispose();
        clock.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(HostedModelState.Ready, State(host, "a"));
        ModelLease held = await host.RentAsync("a");
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(HostedModelState.Ready, State(host, "a"));
        held.Dispose();
        held.Dispose();
        clock.Advance(TimeSpan.FromMinutes(5));
        await Until(() => State(host, "a") == HostedModelState.Unloaded);
        Assert.Equal(HostedModelState.Ready, State(host, "always"));
        Assert.Equal((1, 1), (opened.Times, opened.Closed));
        await using ModelLease again = await host.RentAsync("a");
        await again.Engine.CompleteAsync(Short);
        Assert.Equal(2, opened.Times);
    }

    [Fact]
    public async Task TheLeastRecentlyUsedMakesRoomAndWhatIsInUseStays()
    {
        var clock = new ManualClock();
        var a = new Opened();
        long each = Opened.Weights + EngineMemoryOf(Small);
        await using var host = new EngineHost(new EngineHostOptions
        {
            Threads = 1,
            Clock = clock,
            MemoryBytes = 2 * each + 10,
            RoomTimeout = TimeSpan.FromSeconds(30),
        });
        foreach (string name in (string[])["a", "b", "c", "d"])
        {
            host.Add(name, (name == "a" ? a : new Opened()).Open,
                new HostedModelOptions { ExpectedBytes = name == "d" ? each : null });
        }
        await Use(host, clock, "a");
        await Use(host, clock, "b");
        await Use(host, clock, "a");
        await Use(host, clock, "c");
        Assert.Equal([HostedModelState.Ready, HostedModelState.Unloaded, HostedModelState.Ready, HostedModelState.Unloaded],
            host.Models.Select(model => model.State));
        Assert.InRange(host.MemoryInUse, 2 * each, 2 * each);

        // Both are in use: the third waits until one is given back.
        ModelLease first = await host.RentAsync("a");
        ModelLease second = await host.RentAsync("c");
        Task<ModelLease> third = host.RentAsync("d");
        await Task.Delay(30);
        Assert.False(third.IsCompleted);
        first.Dispose();
        await using (ModelLease lease = await third)
            Assert.Equal((HostedModelState.Unloaded, 1), (State(host, "a"), a.Closed));

        // Nobody gives one back: after a while it is refused with the numbers and the names.
        await using ModelLease fourth = await host.RentAsync("d");
        Task<ModelLease> late = host.RentAsync("b");
        await Until(() => State(host, "b") == HostedModelState.Opening);
        await Task.Delay(30);
        clock.Advance(TimeSpan.FromSeconds(31));
        var refused = await Assert.ThrowsAsync<HostMemoryException>(() => late);
        Assert.Equal((each, 10L, 2 * each + 10), (refused.Needed, refused.Available, refused.Budget));
        Assert.Contains("in use: c, d", refused.Message);
        Assert.Equal(2 * each, host.MemoryInUse);
        second.Dispose();
    }

    [Fact]
    public async Task WhatCanNeverFitIsRefusedByNumbers()
    {
        long each = Opened.Weights + EngineMemoryOf(Small);
        await using var host = new EngineHost(new EngineHostOptions { Threads = 1, MemoryBytes = each - 1 });
        var opened = new Opened();
        Assert.Contains((each - 1).ToString("N0", System.Globalization.CultureInfo.InvariantCulture),
            Assert.Throws<HostMemoryException>(() =>
                host.Add("known", opened.Open, new HostedModelOptions { ExpectedBytes = each })).Message);
        host.Add("a", opened.Open);
        var refused = await Assert.ThrowsAsync<HostMemoryException>(() => host.RentAsync("a"));
        Assert.Equal((each, each - 1), (refused.Needed, refused.Budget));
        Assert.Equal((1, 1), (opened.Times, opened.Closed));
        Assert.Equal(0, host.MemoryInUse);
        Assert.Same(refused, host.Models.Single().OpenFault);
        using var model = new FakeModel();
        Assert.Throws<HostMemoryException>(() => host.NewEngine(model, Small with { Pages = 1_000_000 }));
        using (GenerationEngine engine = host.NewEngine(model, Small))
        {
            Assert.Equal(EngineMemoryOf(Small), host.MemoryInUse);
            await engine.CompleteAsync(Short);
        }

        await Until(() => host.MemoryInUse == 0);
    }

    [Fact]
    public async Task AnOpeningThatFailsIsToldToAllWhoWaitAndTriedAgainForTheNext()
    {
        await using var host = new EngineHost(new EngineHostOptions { Threads = 1 });
        var gate = new TaskCompletionSource();
        int times = 0;
        var opened = new Opened();
        host.Add("a", async token =>
        {
            await gate.Task;
            return Interlocked.Increment(ref times) == 1
                ? throw new InvalidDataException("no such file")
                : await opened.Open(token);
        });
        Task<ModelLease>[] waiting = [.. Enumerable.Range(0, 5).Select(_ => host.RentAsync("a"))];
        using var gone = new CancellationTokenSource();
        Task<ModelLease> leaving = host.RentAsync("a", gone.Token);
        gone.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        gate.SetResult();
        foreach (Task<ModelLease> one in waiting)
            Assert.Equal("no such file", (await Assert.ThrowsAsync<InvalidDataException>(() => one)).Message);
        await using ModelLease lease = await host.RentAsync("a");
        await lease.Engine.CompleteAsync(Short);
        Assert.Null(host.Models.Single().OpenFault);
    }

    [Fact]
    public async Task NamesAndOptionsThatMeanNothingAreRefused()
    {
        Assert.Throws<InvalidOptionException>(() =>
            new EngineHost(new EngineHostOptions { Threads = Environment.ProcessorCount + 1 }));
        Assert.Throws<InvalidOptionException>(() => new EngineHost(new EngineHostOptions { MemoryBytes = 0 }));
        Assert.Throws<InvalidOptionException>(() =>
            new EngineHost(new EngineHostOptions { KeepAlive = TimeSpan.FromSeconds(-2) }));
        await using var host = new EngineHost(new EngineHostOptions { Threads = 1 });
        Assert.Contains("none at all", (await Assert.ThrowsAsync<UnknownModelException>(() => host.RentAsync("a"))).Message);
        host.Add("b", new Opened().Open);
        host.Add("c", new Opened().Open);
        Assert.Contains("It has b, c.", (await Assert.ThrowsAsync<UnknownModelException>(() => host.RentAsync("a"))).Message);
        await Assert.ThrowsAsync<UnknownModelException>(() => host.UnloadAsync("a"));
        Assert.Throws<ArgumentException>(() => host.Add("b", new Opened().Open));
        Assert.Throws<InvalidOptionException>(() =>
            host.Add("d", new Opened().Open, new HostedModelOptions { ExpectedBytes = -1 }));
    }

    [Fact]
    public async Task UnloadingWaitsForLeasesAndRequestsAndTheNextOneOpensAnew()
    {
        await using var host = new EngineHost(new EngineHostOptions { Threads = 1 });
        var opened = new Opened();
        host.Add("a", opened.Open);
        await host.UnloadAsync("a");
        ModelLease lease = await host.RentAsync("a");
        Task<GenerationResult> running = lease.Engine.CompleteAsync(Short with { MaxNewTokens = 300 });
        Task unloading = host.UnloadAsync("a");
        Task<ModelLease> next = host.RentAsync("a");
        await Task.Delay(20);
        Assert.False(unloading.IsCompleted || next.IsCompleted);
        lease.Dispose(); // the request runs on
        await unloading;
        Assert.Equal(300, (await running).Usage.NewTokens);
        await using ModelLease anew = await next;
        await anew.Engine.CompleteAsync(Short);
        Assert.Equal((2, 1), (opened.Times, opened.Closed));
        Assert.NotSame(lease.Engine, anew.Engine);
    }

    [Fact]
    public async Task AnEngineThatWasStoppedIsReplaced()
    {
        await using var host = new EngineHost(new EngineHostOptions { Threads = 1 });
        var opened = new Opened();
        host.Add("a", opened.Open);
        ModelLease lease = await host.RentAsync("a");
        var told = new TaskCompletionSource<HostedModelStatus>();
        host.Changed += status => told.TrySetResult(status);
        await lease.Engine.DisposeAsync();
        HostedModelStatus status = await told.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((HostedModelState.Ready, EngineState.Stopped), (status.State, status.Health!.State));
        Assert.Equal(EngineState.Stopped, host.Models.Single().Health!.State);
        lease.Dispose();
        await using ModelLease anew = await host.RentAsync("a");
        await anew.Engine.CompleteAsync(Short);
        Assert.Equal(2, opened.Times);
    }

    private static long EngineMemoryOf(EngineOptions options)
    {
        using var model = new FakeModel();
        return EngineMemory.Of(model, options);
    }

    private static HostedModelState State(EngineHost host, string name) => host.Models.Single(model => model.Name == name).State;

    private static async Task Use(EngineHost host, ManualClock clock, string name)
    {
        await using ModelLease lease = await host.RentAsync(name);
        clock.Advance(TimeSpan.FromSeconds(1));
    }

    /// <summary>Opens a fake model and counts.</summary>
    internal sealed class Opened
    {
        public const long Weights = 1000;

        private int _times;
        private int _closed;

        /// <summary>Milliseconds that each pass takes longer.</summary>
        public int PassTime { get; init; }

        public int Times => Volatile.Read(ref _times);

        public int Closed => Volatile.Read(ref _closed);

        public Task<HostedModel> Open(CancellationToken token)
        {
            Interlocked.Increment(ref _times);
            var model = new FakeModel();
            return Task.FromResult(new HostedModel
            {
                Model = PassTime == 0 ? model : new FaultyModel(model) { BeforePass = (_, _) => Thread.Sleep(PassTime) },
                WeightBytes = Weights,
                Options = Small,
                Close = () =>
                {
                    model.Dispose();
                    Interlocked.Increment(ref _closed);
                    return ValueTask.CompletedTask;
                },
            });
        }
    }

    private sealed class Events : ILoggerFactory, ILogger
    {
        public List<(int, string?)> All { get; } = [];

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            lock (All)
                All.Add((eventId.Id, eventId.Name));
        }

        public void Dispose()
        {
        }
    }
}

using Microsoft.Extensions.Logging;

namespace Seriatim.Generation.Tests;

/// <summary>What an operator has to know is said, each thing with its number.</summary>
public sealed class LogTests : ILogger
{
    private readonly List<(int Id, LogLevel Level, string Text)> _events = [];

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        lock (_events)
            _events.Add((eventId.Id, logLevel, formatter(state, exception)));
    }

    [Fact]
    public void Preemptions_evictions_and_failed_passes_are_told()
    {
        using var model = new FakeModel { Poison = 48 };
        var options = new EngineOptions { Pages = 14, PageSize = 4, TokenBudget = 64, MaxSequences = 16, Logger = this };
        using var core = new EngineCore(model, options);
        TokenConstraints noPoison = new() { Suppressed = [48] };
        var request = new GenerationRequest
        {
            Prompt = new int[20],
            MaxNewTokens = 20,
            Sampling = new() { Constraints = noPoison },
        };
        core.Add(request, 1);
        core.Add(request with { Prompt = Enumerable.Range(0, 18).ToArray(), Priority = 1 }, 2);
        core.Add(request with { Prompt = Enumerable.Range(3, 18).ToArray(), Priority = 1 }, 3);
        core.Add(request with { Prompt = new[] { 48 } }, 4);
        core.Drain();
        Assert.Superset(new HashSet<int> { 3, 4, 5 }, Ids());
        Assert.Contains(_events,
            one => one is { Id: 4, Level: LogLevel.Debug, Text: "Request 1 gave its pages back and is computed again later." });
        Assert.Contains(_events, one => one is { Id: 5, Level: LogLevel.Warning });
    }

    [Fact]
    public async Task Faults_draft_failures_and_full_queues_are_told()
    {
        using var model = new FakeModel();
        using var inner = new FakeModel(seed: 2);
        var draft = new FaultyModel(inner) { BeforePass = (number, _) => throw new InvalidDataException("draft") };
        var clock = new BrokenClock { Breaks = read => read == 20 };
        await using var engine = new GenerationEngine(model, new EngineOptions
        {
            Pages = 100,
            Clock = clock,
            DraftModel = draft,
            Logger = this,
            MaxQueuedRequests = 1,
        });
        var request = new GenerationRequest
        {
            Prompt = new[] { 1, 2 },
            MaxNewTokens = 40,
            Speculation = new() { Kind = SpeculationKind.DraftModel, Always = true },
        };
        for (int i = 0; i < 3; i++)
            await engine.CompleteAsync(request).ContinueWith(_ => { }, TaskScheduler.Default);
        GenerationHandle[] many = [.. Enumerable.Range(0, 200).Select(_ => Try(engine, request)).OfType<GenerationHandle>()];
        Assert.Superset(new HashSet<int> { 2, 7 }, Ids());
        Assert.True(Ids().Contains(6) || engine.Health.Faults == 0);
        foreach (GenerationHandle handle in many)
            handle.Cancel();
    }

    private static GenerationHandle? Try(GenerationEngine engine, GenerationRequest request)
    {
        try
        {
            return engine.Submit(request);
        }
        catch (EngineOverloadedException)
        {
            return null;
        }
    }

    private HashSet<int> Ids()
    {
        lock (_events)
            return [.. _events.Select(one => one.Id)];
    }
}

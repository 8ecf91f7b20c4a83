using System.Collections.Concurrent;
using Seriatim.Generation;
using Seriatim.Server;

namespace Seriatim.Cluster;

/// <summary>The engines of this silo, for its own door and those of others.</summary>
/// <param name="server">The server whose models they run.</param>
/// <param name="options">Times of the cluster.</param>
/// <param name="name">Name of this silo.</param>
internal sealed class Replica(ServerCore server, ClusterOptions options, string name) : IReplica
{
    /// <summary>How long doors have to fetch what is handed over.</summary>
    private static readonly TimeSpan Mercy = TimeSpan.FromSeconds(10);

    /// <summary>How long an engine in the midst of a step is waited for.</summary>
    public static readonly TimeSpan LookTime = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<Guid, ReplicaRun> _runs = new();
    private volatile bool _draining;

    /// <summary>Name of this silo.</summary>
    public string Name => name;

    /// <summary>The durable requests of this silo's door.</summary>
    public KeptRequests? Kept { get; set; }

    /// <summary>Runs under way here.</summary>
    public int Running => _runs.Count;

    public async Task<RunReceipt> StartAsync(RunOrder order)
    {
        // What this silo's own door has open goes on until its clients have it, if need be here.
        if (_draining && order.Door != name)
            return new RunReceipt { Answer = RunAnswer.Draining, Detail = "it is about to stop" };
        if (server.Models.TryFind(order.Model) is not { } served)
            return new RunReceipt { Answer = RunAnswer.NoModel, Detail = $"it has no model {order.Model}" };
        ModelUse? use = null;
        try
        {
            use = await served.UseAsync(server.State.Killed).ConfigureAwait(false);
            if (use.Fingerprint != order.Fingerprint)
            {
                RunReceipt other = Other(use, order);
                use.Dispose();
                return other;
            }

            RequestState state = RequestState.FromBytes(order.State,
                new RequestStateSources { Tokenizer = use.Opened.Tokenizer });
            var run = new ReplicaRun(use, use.Engine.Submit(state), order.Door, server.Clock);
            _runs[order.Run] = run;
            if (_draining && order.Door != name)
                run.HandOver();
            return new RunReceipt { Answer = RunAnswer.Started, Load = Load(use.Name, use) };
        }
        catch (EngineOverloadedException failure)
        {
            RunReceipt full = new() { Answer = RunAnswer.Full, Detail = failure.Message, Load = Load(use!.Name, use) };
            use.Dispose();
            return full;
        }
        catch (Exception failure)
        {
            use?.Dispose();
            return new RunReceipt { Answer = RunAnswer.Refused, Detail = failure.Message };
        }
    }

    public async Task<RunNews> ReadAsync(Guid id)
    {
        if (!_runs.TryGetValue(id, out ReplicaRun? run))
            return new RunNews { End = RunEnd.Gone };
        RunNews news = await run.ReadAsync(options.Heartbeat, options.MostUpdates).ConfigureAwait(false);
        news = news with { Load = Load(run.Use.Name, run.Use) };
        if (news.End != RunEnd.None)
            await ForgetAsync(id).ConfigureAwait(false);
        return news;
    }

    public Task EndAsync(Guid id)
    {
        _ = ForgetAsync(id);
        return Task.CompletedTask;
    }

    public async Task<RunNews> ReadKeptAsync(string number, int prompt, int from) => Kept is { } kept
        ? await kept.ReadAsync(number, prompt, from).ConfigureAwait(false) : new RunNews { End = RunEnd.Gone };

    public Task EndKeptAsync(string number, bool forget)
    {
        Kept?.End(number, forget);
        return Task.CompletedTask;
    }

    public async Task<SiloReport> ReportAsync() => new()
    {
        IsDraining = _draining,
        Version = ModelIdentity.Version,
        Models = await Task.WhenAll(server.Models.Models.Select(ReportAsync)).ConfigureAwait(false),
    };

    /// <summary>Takes nothing of other doors any more, hands over what runs for them, and waits until they have it.</summary>
    public async Task DrainAsync()
    {
        _draining = true;
        long begin = server.Clock.GetTimestamp();
        while (_runs.Values.Where(run => run.Door != name).ToArray() is { Length: > 0 } others
            && server.Clock.GetElapsedTime(begin) < Mercy)
        {
            foreach (ReplicaRun run in others)
                run.HandOver();
            await Task.Delay(LookTime).ConfigureAwait(false);
        }
    }

    /// <summary>Ends runs that nobody has asked for in a long time: their doors are gone, or had them go on elsewhere.</summary>
    public async Task SweepAsync()
    {
        foreach ((Guid id, ReplicaRun run) in _runs)
        {
            if (run.Unasked > options.Lease)
                await ForgetAsync(id).ConfigureAwait(false);
        }
    }

    private static RunReceipt Other(ModelUse use, RunOrder order) => new()
    {
        Answer = RunAnswer.OtherModel,
        Detail = $"its {use.Name} is {use.Fingerprint} and the door's is {order.Fingerprint}",
        Load = Load(use.Name, use),
    };

    private static ModelReport Load(string model, ModelUse use)
    {
        EngineLoad load = use.Engine.Load;
        return new ModelReport
        {
            Name = model,
            Fingerprint = use.Fingerprint,
            Running = load.Running,
            Waiting = load.Waiting,
            MostWaiting = use.Engine.Options.MaxQueuedRequests,
            Pages = load.Pages,
            PagesInUse = load.PagesInUse,
        };
    }

    private static async Task<ModelReport> ReportAsync(ServedModel model)
    {
        if (model.Opened is not { } opened)
            return new ModelReport { Name = model.Name };
        try
        {
            EngineLoad load = opened.Engine.Load;
            Task<uint[]> pages = opened.Engine.GetCachedPagesAsync(ModelReport.MostPages);
            return new ModelReport
            {
                Name = model.Name,
                Fingerprint = ModelIdentity.Of(opened, model.Adapter?.Name),
                Running = load.Running,
                Waiting = load.Waiting,
                MostWaiting = opened.Engine.Options.MaxQueuedRequests,
                Pages = load.Pages,
                PagesInUse = load.PagesInUse,

                // An engine in the midst of a long step is not waited for: what it told before holds.
                CachedPages = await Task.WhenAny(pages, Task.Delay(LookTime)).ConfigureAwait(false) == pages
                    ? await pages.ConfigureAwait(false) : null,
            };
        }
        catch (Exception failure) when (failure is ObjectDisposedException or OperationCanceledException)
        {
            // It is being unloaded.
            return new ModelReport { Name = model.Name };
        }
    }

    private async Task ForgetAsync(Guid id)
    {
        if (_runs.TryRemove(id, out ReplicaRun? run))
            await run.DisposeAsync().ConfigureAwait(false);
    }
}

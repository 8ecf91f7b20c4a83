using System.Text.Json;
using Microsoft.Extensions.Logging;
using Seriatim.Generation;
using Seriatim.Server;

namespace Seriatim.Cluster;

/// <summary>
/// Takes the requests of this silo's server, has each run where it is best run, and keeps what is needed to have it go on
/// elsewhere.
/// </summary>
internal sealed class Door : IRequestRoute
{
    private readonly ServerCore _server;
    private readonly string _store;
    private long _numbers;

    public Door(ServerCore server, ClusterOptions options, SiloTable silos, Replica own, IKeptStore store, ILogger logger)
    {
        (_server, Options, Silos, Own, Logger) = (server, options, silos, own, logger);
        _store = ClusterStores.KindOf(options.Membership);
        own.Kept = Kept = new KeptRequests(this, store);
        silos.Add(own.Name, own, isHere: true);
    }

    public ClusterOptions Options { get; }

    public SiloTable Silos { get; }

    /// <summary>The engines of this silo.</summary>
    public Replica Own { get; }

    public ILogger Logger { get; }

    public DoorCounts Counts { get; } = new();

    /// <summary>Requests that outlive this silo.</summary>
    public KeptRequests Kept { get; }

    /// <summary>Whether the server ends at once.</summary>
    public bool IsKilled => _server.State.Killed.IsCancellationRequested;

    public TimeProvider Clock => _server.Clock;

    /// <summary>What is wrong with the store of the membership; null: nothing.</summary>
    public string? StoreFailure { get; set; }

    public async Task<GenerationHandle> SubmitAsync(
        ModelUse use, GenerationRequest request, KeptPart? kept, CancellationToken cancellationToken)
    {
        // What is code of the program's own cannot travel.
        if (request.Strategy is not null || request.Sampling.Processors.Count > 0)
            return use.Engine.Submit(request, cancellationToken);

        // Checked, and decided, here: what is wrong with a request is told by this silo's own engine, as without a cluster.
        var durable = (KeptRequest?)kept?.Request;
        int prompt = kept?.Prompt ?? 0;
        RequestState state = durable is null ? use.Engine.Decide(request)
            : await durable.OpenAsync(use, prompt, request).ConfigureAwait(false);
        var stream = new DoorStream(this, use, state, Interlocked.Increment(ref _numbers), cancellationToken)
        {
            Kept = durable is { IsKept: true } ? durable : null,
            Prompt = prompt,
        };
        await stream.BeginAsync().ConfigureAwait(false);
        return stream.Handle;
    }

    public IKeptRequest Keep(KeptHead head) => Kept.Add(head);

    public Task<IKeptRequest?> TakeAsync(string number, string owner) => Kept.TakeAsync(number, owner);

    public Task<IKeptRequest?> FindAsync(string number, string owner) => Kept.FindAsync(number, owner);

    public Task ForgetAsync(string number) => Kept.ForgetAsync(number);

    /// <summary>Forgets the response of a request, if it is here.</summary>
    public void ForgetResponse(string number) => _server.Responses.Remove($"resp_{number}");

    public async Task DrainAsync()
    {
        ClusterLog.HandingOver(Logger, Own.Running);
        await Own.DrainAsync().ConfigureAwait(false);
    }

    /// <summary>A silo has said nothing where it had to: it gets no requests of this door until it tells how it is.</summary>
    public void NoteSilent(KnownSilo silo, Exception failure)
    {
        if (Silos.Silence(silo))
        {
            string reason = failure is TimeoutException ? $"for {Options.Silence.TotalSeconds} s" : failure.Message;
            ClusterLog.Silent(Logger, silo.Name, reason);
        }
    }

    /// <summary>A silo has another model under a name: that is said once, and it gets no requests of this door.</summary>
    public void NoteOther(KnownSilo silo, string model, string own, string other)
    {
        if (Silos.IsNewDifference(silo, model, own, other))
            ClusterLog.OtherModel(Logger, silo.Name, model, $"{other} there, {own} here");
    }

    public void WriteMetrics(MetricsText text)
    {
        Counts.Write(text);
        foreach (SiloView silo in Views())
        {
            text.Gauge("seriatim:cluster_silo_up", "1: the silo takes requests of this door; 0: it is silent or drains.", "",
                silo.State is SiloView.Active ? 1 : 0, $"silo=\"{silo.Name}\"");
        }

        text.Plain("seriatim:cluster_store_up", "gauge", "1: the store of the membership is reached; 0: it is not.",
            StoreFailure is null ? 1 : 0);
    }

    public void WriteStatus(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("cluster"u8, Options.Name);
        json.WriteString("silo"u8, Own.Name);
        json.WriteStartObject("membership"u8);
        json.WriteString("kind"u8, _store);
        json.WriteBoolean("reachable"u8, StoreFailure is null);
        if (StoreFailure is { } failure)
            json.WriteString("failure"u8, failure);
        json.WriteEndObject();
        json.WriteStartArray("silos"u8);
        foreach (SiloView silo in Views())
            silo.Write(json);
        json.WriteEndArray();
        json.WriteStartObject("door"u8);
        foreach ((string name, _, _, long value) in Counts.Read())
            json.WriteNumber(name, value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private IReadOnlyList<SiloView> Views() => Silos.Read(SiloView.Of);
}

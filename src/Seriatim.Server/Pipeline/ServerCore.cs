using Microsoft.Extensions.Logging;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>What all requests of a server share.</summary>
internal sealed class ServerCore : IAsyncDisposable
{
    /// <param name="options">As configured.</param>
    /// <param name="host">What opens the models; the server ends it.</param>
    /// <param name="logger">Hears of requests and faults.</param>
    public ServerCore(SeriatimServerOptions options, EngineHost host, ILogger logger)
    {
        options.Check();
        (Options, Logger, Clock) = (options, logger, host.Clock);
        Models = new ModelRegistry(options, host);
        Keys = new ApiKeys(options, Clock);
        Requests = new RequestRing(options.RememberedRequests, options.RemembersPrompts);
        Responses = new ResponseStore(options.RememberedResponses, options.RememberedResponseBytes);
        Jobs = new JobRunner(this);
        KeptResponses = new KeptResponses(this);
    }

    public SeriatimServerOptions Options { get; }

    public ILogger Logger { get; }

    public TimeProvider Clock { get; }

    public ModelRegistry Models { get; }

    public ApiKeys Keys { get; }

    public ServerState State { get; } = new();

    public ServerMetrics Metrics { get; } = new();

    public RequestRing Requests { get; }

    public ResponseStore Responses { get; }

    public JobRunner Jobs { get; }

    /// <summary>Responses that were asked for at other servers.</summary>
    public KeptResponses KeptResponses { get; }

    /// <summary>What takes requests to the engines of several servers; null: each runs in the engine here.</summary>
    public IRequestRoute? Route { get; set; }

    public async ValueTask DisposeAsync()
    {
        State.Kill();
        await Models.DisposeAsync().ConfigureAwait(false);
        State.Dispose();
    }
}

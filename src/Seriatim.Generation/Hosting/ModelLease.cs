namespace Seriatim.Generation;

/// <summary>
/// The right to use a model of a host: as long as it is not disposed, the model stays loaded. Requests that run when it is
/// disposed run on, and the model is unloaded only when they have ended.
/// </summary>
public sealed class ModelLease : IAsyncDisposable, IDisposable
{
    private readonly EngineHost _host;
    private readonly HostEntry _entry;
    private int _disposed;

    internal ModelLease(EngineHost host, HostEntry entry, HostedModel model, GenerationEngine engine) =>
        (_host, _entry, Model, Engine) = (host, entry, model, engine);

    /// <summary>Name of the model.</summary>
    public string Name => _entry.Name;

    /// <summary>What was opened.</summary>
    public HostedModel Model { get; }

    /// <summary>Its engine, which other leases share.</summary>
    public GenerationEngine Engine { get; }

    /// <summary>Gives the lease back, once.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            _host.Return(_entry);
    }

    /// <summary>As <see cref="Dispose"/>.</summary>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}

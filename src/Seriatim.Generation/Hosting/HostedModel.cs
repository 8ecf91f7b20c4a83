namespace Seriatim.Generation;

/// <summary>A model that a host has opened: what its engine needs, and what is given back with it.</summary>
public sealed class HostedModel : IAsyncDisposable
{
    private readonly object _closing = new();
    private Task? _closed;

    /// <summary>The model. Let it compute with <see cref="EngineHost.Ops"/>: all engines share these threads.</summary>
    public required IGenerationModel Model { get; init; }

    /// <summary>Bytes of its weights.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>Options of its engine; the host adds its clock and its logger.</summary>
    public EngineOptions Options { get; init; } = new();

    /// <summary>Gives back what the model holds; called once, after its engine has stopped.</summary>
    public Func<ValueTask>? Close { get; init; }

    /// <summary>A model that is disposed when the host unloads it.</summary>
    /// <param name="model">The model, in the memory of the host's device.</param>
    /// <param name="ops">The host's.</param>
    /// <param name="options">Options of its engine; null: the defaults.</param>
    public static HostedModel Of(Model model, IOps ops, EngineOptions? options = null) => new()
    {
        Model = new LoadedModel(model, ops),
        WeightBytes = model.WeightBytes,
        Options = options ?? new EngineOptions(),
        Close = () =>
        {
            model.Dispose();
            return ValueTask.CompletedTask;
        },
    };

    /// <summary>Gives back what the model holds, once.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_closing)
            return new ValueTask(_closed ??= CloseAsync());
    }

    private async Task CloseAsync()
    {
        if (Close is not null)
            await Close().ConfigureAwait(false);
    }
}

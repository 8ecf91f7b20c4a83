using System.Diagnostics;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>A model of the server: its names, and how it is opened by the host.</summary>
internal sealed class ServedModel
{
    private readonly EngineHost _host;
    private readonly ServedModelOptions _options;
    private readonly Lock _gate = new();
    private ModelParts? _parts;
    private OpenedModel? _opened;
    private EngineTotals _past;
    private TimeSpan _loading;

    public ServedModel(ServedModelOptions options, EngineHost host, SeriatimServerOptions server)
    {
        (_options, _host) = (options, host);
        Name = options.Name ?? NameOf(options.Model);
        RequireName($"model {options.Model}");
        IsKept = (options.KeepAlive ?? server.Host.KeepAlive) == Timeout.InfiniteTimeSpan;
        LanguageModelOptions own = options.Options;
        LanguageModelOptions open = own with
        {
            Threads = 0,
            Host = host,
            LoggerFactory = own.LoggerFactory ?? server.Host.LoggerFactory,
            Engine = own.Engine with { MaxUnreadUpdates = server.MaxUnreadTokens },
        };
        host.Add(Name, token => OpenAsync(open, token), new HostedModelOptions { KeepAlive = options.KeepAlive });
        Adapters = [.. own.Adapters.Select(adapter => new ServedModel(this, adapter))];
    }

    /// <summary>An adapter of a model, which is opened, kept and closed with it.</summary>
    private ServedModel(ServedModel parent, AdapterFile adapter)
    {
        (_options, _host, Parent, Adapter, Name) = (parent._options, parent._host, parent, adapter, adapter.Name);
        RequireName($"adapter {adapter.Path}");
        IsKept = parent.IsKept;
    }

    public string Name { get; }

    /// <summary>The model that this is an adapter of; null: it is a model.</summary>
    public ServedModel? Parent { get; }

    /// <summary>The adapter that requests of this name ask for; null: none.</summary>
    public AdapterFile? Adapter { get; }

    /// <summary>Its adapters, each a model name of its own.</summary>
    public IReadOnlyList<ServedModel> Adapters { get; } = [];

    /// <summary>The name that the host has it by.</summary>
    public string HostName => Parent?.Name ?? Name;

    /// <summary>What it is opened by.</summary>
    public string Source => _options.Model;

    /// <summary>Name and aliases.</summary>
    public IEnumerable<string> Names => Parent is null ? [Name, .. _options.Aliases] : [Name];

    /// <summary>Whether it is opened at the start, an adapter with its model.</summary>
    public bool Preloads => _options.Preload;

    /// <summary>Whether the server keeps it open for ever: no request shortens that.</summary>
    public bool IsKept { get; }

    /// <summary>When it was offered, in seconds since 1970.</summary>
    public long Created { get; } = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>How it is.</summary>
    public HostedModelStatus Status => _host.Models.First(model => model.Name == HostName);

    /// <summary>The model if it is open now; for numbers about it.</summary>
    public OpenedModel? Opened
    {
        get
        {
            if (Parent is not null)
                return Parent.Opened;
            lock (_gate)
                return _opened;
        }
    }

    /// <summary>What all its engines have counted so far, those that have ended too.</summary>
    public EngineTotals Totals
    {
        get
        {
            if (Parent is not null)
                return Parent.Totals;
            lock (_gate)
                return _past + (_opened?.Engine.Totals ?? default);
        }
    }

    /// <summary>Opens it if it is not open, and keeps it open until the use is disposed.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <param name="looks">Whether it is only looked at, so that what an earlier request said of its staying holds on.</param>
    public async Task<ModelUse> UseAsync(CancellationToken cancellationToken, bool looks = false)
    {
        ModelLease lease = await _host.RentAsync(HostName, cancellationToken).ConfigureAwait(false);
        try
        {
            // What an earlier request said of how long it stays was for that one.
            if (!looks)
                _host.SetKeepAlive(HostName, null);
            return new ModelUse(this, lease, (Parent ?? this).OpenedOver(lease));
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>Refuses an adapter, where what is done is done with the model as it is.</summary>
    /// <exception cref="ModelTaskException">It is one.</exception>
    public void RequireNoAdapter()
    {
        if (Parent is not null)
        {
            throw new ModelTaskException($"{Name} is an adapter of {Parent.Name} and generates texts; this is done with models "
                + $"as they are. Ask {Parent.Name}.");
        }
    }

    /// <summary>The name of a model that is given none.</summary>
    public static string NameOf(string model) =>
        Path.Exists(model) && !LocalModels.BuiltIn().Contains(model) ? ModelsFolder.NameOf(model) : model;

    private void RequireName(string what)
    {
        if (Name.Length == 0 || Name.Any(char.IsControl))
            throw new ServerConfigurationException($"The name of the {what} is empty or has control characters.");
    }

    private async Task<HostedModel> OpenAsync(LanguageModelOptions options, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        ModelParts parts = await ModelParts.LoadAsync(Source, options, cancellationToken, Name).ConfigureAwait(false);
        lock (_gate)
        {
            Forget();
            (_parts, _loading) = (parts, Stopwatch.GetElapsedTime(start));
        }

        return new HostedModel
        {
            Model = parts.Computing,
            WeightBytes = parts.WeightBytes,
            Options = SequenceMemory.Fit(parts.EngineOptions, parts.Computing, parts.Model.Spec.Context),
            Close = () => CloseAsync(parts),
        };
    }

    /// <summary>The parts and the engine that the host has made for them, once for each opening.</summary>
    private OpenedModel OpenedOver(ModelLease lease)
    {
        lock (_gate)
        {
            if (_opened?.Engine != lease.Engine)
            {
                Forget();
                _opened = new OpenedModel(_parts!, lease.Engine, _loading);
            }

            return _opened!;
        }
    }

    /// <summary>The engine is not this model's any more; what it has counted is.</summary>
    private void Forget()
    {
        _past += _opened?.Engine.Totals ?? default;
        _opened = null;
    }

    private async ValueTask CloseAsync(ModelParts parts)
    {
        OpenedModel? opened;
        lock (_gate)
        {
            opened = _opened;
            if (_parts == parts)
            {
                Forget();
                _parts = null;
            }
        }

        if (opened is not null)
            await opened.DisposeAsync().ConfigureAwait(false);
        else
            parts.Dispose();
    }
}

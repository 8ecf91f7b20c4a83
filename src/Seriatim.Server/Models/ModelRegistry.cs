using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>
/// The models of the server by name and alias, over the host that opens and unloads them. Two under one name are an error at
/// start, not a surprise later.
/// </summary>
internal sealed class ModelRegistry : IAsyncDisposable
{
    private readonly SeriatimServerOptions _options;
    private readonly Lock _gate = new();
    private ServedModel[] _models = [];
    private Dictionary<string, ServedModel> _byName = new(StringComparer.Ordinal);

    /// <param name="options">The models.</param>
    /// <param name="host">What opens them.</param>
    /// <exception cref="ServerConfigurationException">Two models have one name, or there is none at all.</exception>
    public ModelRegistry(SeriatimServerOptions options, EngineHost host)
    {
        (Host, _options) = (host, options);
        foreach (ServedModelOptions model in options.Models)
            Add(new ServedModel(model, host, options));
        foreach (ServedModelOptions model in Found(options))
            Add(new ServedModel(model, host, options));
        if (_models.Length == 0)
        {
            throw new ServerConfigurationException("There is no model to serve. Name one (-m, Models), a folder of models "
                + "(--models-dir, ModelsFolder), or offer the built-in ones (BuiltInModels).");
        }
    }

    public EngineHost Host { get; }

    /// <summary>All models, in the order they were given.</summary>
    public IReadOnlyList<ServedModel> Models => _models;

    /// <summary>The model that a request names; the only one where it names none.</summary>
    /// <exception cref="ApiException">There is no such model, or several and none was named.</exception>
    public ServedModel Find(string? name)
    {
        if (name is null)
        {
            // Whoever names none means the model as it is, and none of its adapters.
            ServedModel[] models = [.. _models.Where(model => model.Parent is null)];
            return models.Length == 1 ? models[0] : throw ApiException.Invalid(
                $"model is missing, and the server has {models.Length}: {Names()}. Name one.", "model", "missing_field");
        }

        return TryFind(name) ?? throw new ApiException(new ApiError(404, ApiError.InvalidRequest,
            $"There is no model {name} here. There are {Names()}.", "model_not_found", "model"));
    }

    /// <summary>The model of a name or alias; null: there is none.</summary>
    public ServedModel? TryFind(string name) => _byName.GetValueOrDefault(name)
        ?? (name.EndsWith(":latest", StringComparison.Ordinal) ? _byName.GetValueOrDefault(name[..^":latest".Length]) : null);

    /// <summary>Stops the host: what runs is cancelled, models are closed.</summary>
    public ValueTask DisposeAsync() => Host.DisposeAsync();

    private string Names() => string.Join(", ", _models.Select(model => model.Name));

    /// <summary>Offers a model that was fetched or written while the server runs, unless its name is known already.</summary>
    /// <param name="model">What it is opened by.</param>
    /// <param name="name">Its name; null: the same.</param>
    /// <returns>False: there is one of that name.</returns>
    public bool Offer(string model, string? name = null)
    {
        name ??= model;
        lock (_gate)
        {
            if (TryFind(name) is not null)
                return false;
            var options = new ServedModelOptions { Model = model, Name = name, Options = _options.ModelOptions };
            Add(new ServedModel(options, Host, _options));
            return true;
        }
    }

    /// <summary>Readers see the models before or after it: nothing that they read is changed.</summary>
    private void Add(ServedModel model)
    {
        Dictionary<string, ServedModel> byName = new(_byName, StringComparer.Ordinal);
        ServedModel[] all = [model, .. model.Adapters];
        foreach (ServedModel one in all)
        {
            foreach (string name in one.Names)
            {
                if (byName.TryGetValue(name, out ServedModel? other))
                    throw Twice(name, other, one);
                byName.Add(name, one);
            }
        }

        (_byName, _models) = (byName, [.. _models, .. all]);
    }

    private static ServerConfigurationException Twice(string name, ServedModel one, ServedModel other) => new(
        $"Two models are called {name}: {one.Adapter?.Path ?? one.Source} and {other.Adapter?.Path ?? other.Source}. "
            + (other.Adapter is { } adapter
                ? $"Give the adapter another name (--lora-modules NAME={adapter.Path}, or AdapterFile)."
                : $"Give one another name (-m {other.Source}=NAME, or ServedModelOptions.Name)."));

    private static IEnumerable<ServedModelOptions> Found(SeriatimServerOptions options)
    {
        IEnumerable<ServedModelOptions> found = options.BuiltInModels
            ? LocalModels.BuiltIn().Select(name => new ServedModelOptions { Model = name }) : [];
        if (options.ModelsFolder is { } folder)
            found = found.Concat(ModelsFolder.Find(folder));

        // One that was named, perhaps with options of its own, stands for the one that was found.
        HashSet<string> given = [.. options.Models.Select(model => model.Model)];
        return found.Where(model => !given.Contains(model.Model)).Select(model => model with { Options = options.ModelOptions });
    }
}

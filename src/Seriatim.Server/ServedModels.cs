namespace Seriatim.Server;

/// <summary>The models of a server that runs, for the app that it is part of: a service of the container.</summary>
public sealed class ServedModels
{
    private readonly ServerCore _server;

    internal ServedModels(ServerCore server) => _server = server;

    /// <summary>Names of all models, in the order in which they were given.</summary>
    public IReadOnlyList<string> Names => [.. _server.Models.Models.Select(model => model.Name)];

    /// <summary>What a model is opened by; null: there is none of that name.</summary>
    /// <param name="name">Its name, or an alias.</param>
    public string? SourceOf(string name) => _server.Models.TryFind(name)?.Source;

    /// <summary>
    /// Offers a further model, which is opened when it is asked for. Opened as the options of the server say
    /// (<see cref="SeriatimServerOptions.ModelOptions"/>).
    /// </summary>
    /// <param name="model">What it is opened by: a folder, a GGUF file, a built-in name or a hub id.</param>
    /// <param name="name">The name that requests ask for.</param>
    /// <returns>False: there is a model of that name already.</returns>
    /// <exception cref="ServerConfigurationException">The name is empty or has control characters.</exception>
    public bool Offer(string model, string name) => _server.Models.Offer(model, name);
}

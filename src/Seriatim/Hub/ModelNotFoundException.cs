namespace Seriatim;

/// <summary>
/// There is no model of that name: no folder, no built-in model, nothing on the hub, or (offline) nothing in the cache.
/// </summary>
/// <param name="message">What was looked for and what to do.</param>
public sealed class ModelNotFoundException(string message) : ModelHubException(message);

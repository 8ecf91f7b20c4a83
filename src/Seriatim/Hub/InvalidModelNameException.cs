namespace Seriatim;

/// <summary>The name can be neither a folder that is there, nor a built-in model, nor a hub id.</summary>
/// <param name="message">What was given and what is allowed.</param>
public sealed class InvalidModelNameException(string message) : ModelHubException(message);

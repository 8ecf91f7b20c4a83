namespace Seriatim.Server;

/// <summary>
/// The server cannot start as it was configured: two models under one name, a file of keys that says nothing, ...
/// </summary>
/// <param name="message">What is wrong and what to do.</param>
public sealed class ServerConfigurationException(string message) : SeriatimException(message);

namespace Seriatim.Cli;

/// <summary>Something the user gave cannot be used; the message says what and what to do.</summary>
internal sealed class UserErrorException(string message) : Exception(message);

namespace Seriatim.Cli;

/// <summary>Something users did wrong or have to decide; the message is meant for them.</summary>
internal class UserErrorException(string message) : SeriatimException(message);

namespace Seriatim.Generation;

/// <summary>A set of values that our shapes cannot say; those who read a schema say which keyword wanted it.</summary>
internal sealed class CannotExpressException(string reason) : Exception(reason);

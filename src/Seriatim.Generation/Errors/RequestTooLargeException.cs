namespace Seriatim.Generation;

/// <summary>A request needs more of something than the engine has altogether, so that it could never run.</summary>
public sealed class RequestTooLargeException : GenerationException
{
    internal RequestTooLargeException(string what, long needed, long available, string advice)
        : base($"The request needs {needed} {what}; the engine has {available}. {advice}") =>
        (Needed, Available) = (needed, available);

    /// <summary>What the request needs at most.</summary>
    public long Needed { get; }

    /// <summary>What the engine has altogether.</summary>
    public long Available { get; }
}

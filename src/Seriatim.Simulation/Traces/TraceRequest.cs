namespace Seriatim.Simulation;

/// <summary>One request of a trace.</summary>
internal readonly record struct TraceRequest
{
    /// <summary>Seconds after the beginning at which it comes, if the answer before has come by then; NaN: not said.</summary>
    public required double At { get; init; }

    /// <summary>Where <see cref="At"/> is not said: seconds from the end of the answer before until it comes.</summary>
    public double Think { get; init; }

    /// <summary>Number of its conversation, from 0.</summary>
    public required int Conversation { get; init; }

    /// <summary>Tokens that it has beyond the conversation so far.</summary>
    public required int Prompt { get; init; }

    /// <summary>Tokens of its answer.</summary>
    public required int Output { get; init; }

    /// <summary>Number of what its conversation begins with, and others too; -1: nothing.</summary>
    public int Prefix { get; init; }

    /// <summary>Tokens of that.</summary>
    public int PrefixTokens { get; init; }

    /// <summary>Tokens that go before its own: the prefix, and what was asked and answered so far.</summary>
    public int History { get; init; }

    /// <summary>Number of the conversation's next request; -1: it is the last.</summary>
    public int Next { get; init; }

    /// <summary>All tokens of its prompt.</summary>
    public int Length => History + Prompt;
}

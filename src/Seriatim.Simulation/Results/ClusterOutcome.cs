namespace Seriatim.Simulation;

/// <summary>What came of a simulation. Nothing of it depends on the machine that simulated.</summary>
internal sealed record ClusterOutcome
{
    /// <summary>What decided where requests went.</summary>
    public required string Routing { get; init; }

    /// <summary>Replicas.</summary>
    public required int Replicas { get; init; }

    /// <summary>Requests of the trace: completed, refused, or not sent.</summary>
    public required int Requests { get; init; }

    /// <summary>Requests whose answer is complete.</summary>
    public required int Completed { get; init; }

    /// <summary>Requests that were refused, because all replicas were full.</summary>
    public required int Refused { get; init; }

    /// <summary>Requests of conversations that were refused before.</summary>
    public required int NotSent { get; init; }

    /// <summary>Seconds until the last answer was complete.</summary>
    public required double Seconds { get; init; }

    /// <summary>Tokens of prompts of completed requests.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>Of these, tokens that were computed already where the request first ran.</summary>
    public required long CachedTokens { get; init; }

    /// <summary>Tokens of answers.</summary>
    public required long NewTokens { get; init; }

    /// <summary>Tokens of answers a second.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>Cached tokens as a share of those of prompts.</summary>
    public required double HitRate { get; init; }

    /// <summary>Seconds from a client's request to its first token.</summary>
    public required TimeSpread FirstToken { get; init; }

    /// <summary>Seconds of a further token, the mean of each request.</summary>
    public required TimeSpread TokenTime { get; init; }

    /// <summary>Steps of all replicas.</summary>
    public required long Steps { get; init; }

    /// <summary>Rows of them.</summary>
    public required long Rows { get; init; }

    /// <summary>How often a request gave its pages back to others.</summary>
    public required long Preemptions { get; init; }

    /// <summary>Share of the time that replicas made steps.</summary>
    public required double BusyShare { get; init; }

    /// <summary>Seconds of replicas that were there, for 1,000 tokens of answers.</summary>
    public required double ReplicaSecondsPerThousandTokens { get; init; }

    /// <summary>Seconds of steps for 1,000 tokens of answers.</summary>
    public required double BusySecondsPerThousandTokens { get; init; }

    /// <summary>Replicas that were killed.</summary>
    public required int Killed { get; init; }

    /// <summary>Replicas that were frozen.</summary>
    public required int Frozen { get; init; }

    /// <summary>How often a stream went on elsewhere.</summary>
    public required int Resumed { get; init; }

    /// <summary>Rows that were computed by runs that did not come to their end: for nothing.</summary>
    public required long LostRows { get; init; }

    /// <summary>Rows of prompts and tokens that were computed once more where a stream went on.</summary>
    public required long RepeatedRows { get; init; }

    /// <summary>Seconds without anything new of streams that went on elsewhere.</summary>
    public required TimeSpread Still { get; init; }
}

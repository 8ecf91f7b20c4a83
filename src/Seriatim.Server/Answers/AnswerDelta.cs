using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>A piece of one of a job's answers, as it streams out.</summary>
/// <param name="Choice">Which answer, from 0.</param>
/// <param name="Part">The piece.</param>
internal readonly record struct AnswerDelta(int Choice, AnswerPart Part)
{
    /// <summary>Log-probabilities of the tokens since the last delta, if they were asked for.</summary>
    public IReadOnlyList<TokenLogprobs>? Logprobs { get; init; }

    /// <summary>Tokens since the last delta.</summary>
    public IReadOnlyList<int>? TokenIds { get; init; }

    /// <summary>Why the answer ended; with its end.</summary>
    public FinishReason? Finish { get; init; }

    /// <summary>Whether the answer has calls of tools; with its end.</summary>
    public bool HasCalls { get; init; }
}

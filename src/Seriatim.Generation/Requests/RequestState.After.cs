namespace Seriatim.Generation;

/// <content>A state put together from what has come out since.</content>
public sealed partial class RequestState
{
    /// <summary>
    /// The state of a request that has streamed so many tokens since this one: for whoever has its stream, and not the engine
    /// that ran it. Null where the stream does not tell the whole state: several sequences at a time, scores of beams and of the
    /// prompt, and what Mirostat and processors of users remember besides tokens. Then the request is run again from
    /// this state, and gives the same once more.
    /// </summary>
    /// <param name="tokens">All tokens that it has streamed since, none of which is its last.</param>
    /// <param name="elapsed">Time since it was submitted.</param>
    internal RequestState? After(IReadOnlyList<(int Token, TokenLogprobs? Logprobs)> tokens, TimeSpan elapsed)
    {
        RequestState state = Copy();
        state.Elapsed = elapsed;
        if (tokens.Count == 0)
            return state;
        if (!TellsAll(Request) || LiveList.Count != 1 || FinishedList.Count > 0
            || LiveList[0].NewTokens + tokens.Count >= Request.MaxNewTokens)
        {
            return null;
        }

        state.HasBegun = true;
        state.Queued ??= TimeSpan.Zero;
        state.FirstToken ??= elapsed;
        SequenceState sequence = state.LiveList[0];
        foreach ((int token, TokenLogprobs? logprobs) in tokens)
        {
            sequence.List.Add(token);
            if (sequence.Scores is not { } scores)
                continue;
            if (logprobs is null)
                return null;
            scores.Add(logprobs);
            sequence.LogprobSum += logprobs.Chosen.Logprob;
        }

        return state;
    }

    /// <summary>This state, at a later time of its clock.</summary>
    internal RequestState At(TimeSpan elapsed)
    {
        RequestState state = Copy();
        state.Elapsed = elapsed;
        return state;
    }

    private static bool TellsAll(GenerationRequest request) => request is
    {
        Strategy: null, Beam: null, MaskPredict: null, Count: 1, BestOf: null or 1, PromptLogprobs: null,
        Sampling: { Mirostat: null, Processors.Count: 0 },
    };
}

namespace Seriatim.Generation;

/// <summary>Refuses states that no engine can have written.</summary>
internal static class StateChecks
{
    public static void Check(RequestState state)
    {
        GenerationRequest request = state.Request;
        Require(request is { MaxNewTokens: not null, EndIds: not null, Seed: not null }, "request", "undecided",
            "MaxNewTokens, EndIds and Seed set");
        int width = Strategy.Of(request).WidthOf(request);
        Require(state.Live.Count <= width, "number of live sequences", state.Live.Count, $"at most {width}");
        foreach (SequenceState sequence in state.Live.Concat(state.Finished))
            Check(sequence, request);
        Require(state.Live.All(sequence => sequence.Finish is null), "finish of a live sequence", "set", "none");
        Require(state.Finished.All(sequence => sequence.Finish is not null), "finish of a finished sequence", "missing", "a reason");
        int indices = state.Live.Select(sequence => sequence.Index).Distinct().Count();
        Require(indices == state.Live.Count, "index of live sequences", "given twice", "one for each");
        Require(state.HasBegun || state is { Live.Count: 1, Finished.Count: 0 }, "number of sequences", state.Live.Count,
            "one, as the strategy has not begun");
        Require((state.PromptLogprobs is null) == (request.PromptLogprobs is null)
            && (state.PromptLogprobs?.Count ?? 0) < Math.Max(1, request.Prompt.Length), "number of prompt log-probabilities",
            state.PromptLogprobs?.Count ?? 0, $"fewer than the {request.Prompt.Length} tokens of the prompt, if they are asked for");
        foreach (TimeSpan time in new[] { state.Elapsed, state.Queued ?? default, state.FirstToken ?? default, state.Sampling })
            Require(time >= TimeSpan.Zero, "time", time, "zero or more");
        long least = Math.Min(Math.Min(state.CachedTokens, state.ForwardRows), Math.Min(state.DraftTokens, state.AcceptedTokens));
        Require(Math.Min(least, Math.Min(state.Preemptions, state.Steps)) >= 0, "counter", least, "zero or more");
    }

    private static void Check(SequenceState sequence, GenerationRequest request)
    {
        Require(sequence.Index >= 0, "index of a sequence", sequence.Index, "zero or more");
        int most = request.MaxNewTokens!.Value;
        Require(sequence.NewTokens >= 0 && sequence.NewTokens <= most, "number of new tokens", sequence.NewTokens, $"0 to {most}");
        Require(request.Strategy is { Remembers: false }
            || CollectionsEqual(sequence.Tokens, request.Prompt.Span), "beginning of a sequence", "another", "the prompt");
        Require(sequence.Logprobs is null || sequence.Logprobs.Count == sequence.NewTokens, "number of log-probabilities",
            sequence.Logprobs?.Count ?? 0, $"one for each of the {sequence.NewTokens} new tokens");
        int groups = request.Beam?.Groups ?? 1;
        Require(request.Strategy is not null || (sequence.Group >= 0 && sequence.Group < groups), "group of a sequence",
            sequence.Group, $"0 to {groups - 1}");
    }

    private static bool CollectionsEqual(IReadOnlyList<int> tokens, ReadOnlySpan<int> prompt)
    {
        for (int i = 0; i < prompt.Length; i++)
        {
            if (tokens[i] != prompt[i])
                return false;
        }

        return true;
    }

    private static void Require(bool holds, string what, object found, string needed)
    {
        if (!holds)
            throw new InvalidStateException(what, FormattableString.Invariant($"{found}"), needed);
    }
}

namespace Seriatim.Generation;

/// <summary>Refuses states that no engine can have written.</summary>
internal static class StateChecks
{
    private const long MostRows = long.MaxValue / 4;

    private static readonly TimeSpan LongestTime = TimeSpan.FromDays(100 * 366);

    public static void Check(RequestState state)
    {
        GenerationRequest request = state.Request;
        Require(request is { MaxNewTokens: not null, EndIds: not null, Seed: not null }, "request", "undecided",
            "MaxNewTokens, EndIds and Seed set");
        Require(Strategy.Of(request).Name == state.StrategyName, "strategy", state.StrategyName,
            $"{Strategy.Of(request).Name}, as the request says");
        int width = Strategy.Of(request).WidthOf(request);
        Require(state.Live.Count >= 1 && state.Live.Count <= width, "number of live sequences", state.Live.Count,
            $"1 to {width}");
        foreach (SequenceState sequence in state.Live.Concat(state.Finished))
            Check(sequence, request);
        Require(state.Live.All(sequence => sequence.Finish is null), "finish of a live sequence", "set", "none");
        Require(state.Finished.All(sequence => sequence.Finish is not null), "finish of a finished sequence",
            "missing", "a reason");
        int indices = state.Live.Select(sequence => sequence.Index).Distinct().Count();
        Require(indices == state.Live.Count, "index of live sequences", "given twice", "one for each");
        Require(state.LeastNextIndex > state.Live.Max(sequence => sequence.Index), "next index", state.LeastNextIndex,
            "above those of the live sequences");
        Require(request.Strategy is not null || state.HasBegun || state is { Live.Count: 1, Finished.Count: 0 },
            "number of sequences", state.Live.Count, "one, as the strategy has not begun");
        Require((state.PromptLogprobs is null) == (request.PromptLogprobs is null)
            && (state.PromptLogprobs?.Count ?? 0) < Math.Max(1, request.Prompt.Length), "number of prompt log-probabilities",
            state.PromptLogprobs?.Count ?? 0,
            $"fewer than the {request.Prompt.Length} tokens of the prompt, if they are asked for");
        foreach (TimeSpan time in new[] { state.Elapsed, state.Queued ?? default, state.FirstToken ?? default, state.Sampling })
        {
            Require(time >= TimeSpan.Zero && time < LongestTime, "time", time,
                FormattableString.Invariant($"zero to {LongestTime}"));
        }
        long least = Math.Min(Math.Min(state.CachedTokens, state.ForwardRows), Math.Min(state.DraftTokens, state.AcceptedTokens));
        Require(Math.Min(least, state.Preemptions) >= 0, "counter", Math.Min(least, state.Preemptions), "zero or more");
        long most = Math.Max(state.ForwardRows, Math.Max(state.DraftTokens, state.AcceptedTokens));
        Require(most <= MostRows, "counter", most, $"at most {MostRows}");
        if (request is { Strategy: null, Beam: { } beam })
            CheckChosen(state, beam.Groups);
    }

    /// <summary>What groups of beams that are done chose last.</summary>
    private static void CheckChosen(RequestState state, int groups)
    {
        Require(state.Numbers.Count % 2 == 0, "number of numbers", state.Numbers.Count, "pairs of a group and a token");
        for (int i = 0; i < state.Numbers.Count; i += 2)
        {
            int group = state.Numbers[i];
            Require(group >= 0 && group < groups && state.Live.All(beam => beam.Group != group), "group that is done", group,
                $"one of 0 to {groups - 1} without live beams");
        }
    }

    private static void Check(SequenceState sequence, GenerationRequest request)
    {
        Require(sequence.Index >= 0, "index of a sequence", sequence.Index, "zero or more");
        int most = request.MaxNewTokens!.Value;
        Require(sequence.NewTokens >= 0 && sequence.NewTokens <= most, "number of new tokens", sequence.NewTokens,
            $"0 to {most}");
        Require(request.Strategy is { Remembers: false }
            || CollectionsEqual(sequence.Tokens, request.Prompt.Span), "beginning of a sequence", "another", "the prompt");
        Require(sequence.Finish is null || Enum.IsDefined(sequence.Finish.Value), "finish of a sequence",
            sequence.Finish ?? default, string.Join(", ", Enum.GetNames<FinishReason>()));
        Require(sequence.Finish is not null || sequence.NewTokens < Math.Max(1, most) || !Strategy.Of(request).Remembers,
            "number of new tokens of a live sequence", sequence.NewTokens, $"fewer than {most}");
        Require(sequence.Logprobs is null || !sequence.Logprobs.Contains(null!), "log-probabilities of a token",
            "null", "numbers");
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

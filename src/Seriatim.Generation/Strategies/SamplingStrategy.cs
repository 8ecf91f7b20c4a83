namespace Seriatim.Generation;

/// <summary>Sampling of one or more continuations, each by itself, with or without drafts.</summary>
internal sealed class SamplingStrategy : Strategy
{
    [ThreadStatic]
    private static List<int>? _path;

    public static SamplingStrategy Instance { get; } = new();

    public override string Name => "sampling";

    public override int WidthOf(GenerationRequest request) => request.BestOf ?? request.Count;

    public override bool Streams(GenerationRequest request) => !Ranks(request);

    public override void Wish(RequestState state, WishList wishes)
    {
        foreach (SequenceState sequence in state.LiveList)
            wishes.Read(sequence);
    }

    public override void Take(StrategyStep step)
    {
        RequestState state = step.State;
        SequenceState ready = step.Ready[0];
        ReadOnlySpan<float> logits = step.Logits(ready);
        if (!state.HasBegun)
        {
            foreach (SequenceState sequence in Expand(step))
                step.Extend(sequence, step.Choose(sequence, logits), logits);
        }
        else if (step.Drafted == 0)
        {
            step.Extend(ready, step.Choose(ready, logits), logits);
        }
        else
        {
            Verify(step, ready);
        }
    }

    public override void End(StrategyStep step, FinishReason reason)
    {
        if (!step.State.HasBegun)
            Expand(step);
        base.End(step, reason);
    }

    public override IEnumerable<SequenceState> Choices(RequestState state) => Ranks(state.Request)
        ? state.Finished.OrderByDescending(MeanLogprob).ThenBy(sequence => sequence.Index).Take(state.Request.Count)
        : base.Choices(state);

    public override double? ScoreOf(RequestState state, SequenceState sequence) =>
        Ranks(state.Request) ? MeanLogprob(sequence) : null;

    private static double MeanLogprob(SequenceState sequence) =>
        sequence.NewTokens == 0 ? 0 : sequence.LogprobSum / sequence.NewTokens;

    private static bool Ranks(GenerationRequest request) => request.BestOf is { } best && best > request.Count;

    /// <summary>The prompt is there: it is continued as often as was asked for.</summary>
    private static SequenceState[] Expand(StrategyStep step)
    {
        RequestState state = step.State;
        state.HasBegun = true;
        for (int i = 1, width = Instance.WidthOf(state.Request); i < width; i++)
            step.Fork(state.Live[0]);
        return [.. state.Live];
    }

    /// <summary>
    /// Walks down the drafted tree as long as the token that is chosen, exactly as plain decoding chooses it, was drafted. The
    /// first one that was not is kept, too: it comes from the model itself.
    /// </summary>
    private static void Verify(StrategyStep step, SequenceState sequence)
    {
        Draft draft = step.DraftOf(sequence);
        List<int> path = _path ??= [];
        path.Clear();
        path.Add(0);
        int at = -1;
        while (true)
        {
            ReadOnlySpan<float> logits = step.Logits(sequence, at + 1);
            int token = step.Choose(sequence, logits);
            if (step.Extend(sequence, token, logits) is not null)
                break;
            at = draft.Child(at, token);
            if (at < 0 || at >= step.Drafted)
                break;
            path.Add(at + 1);
        }

        step.Accept(sequence, path);
    }
}

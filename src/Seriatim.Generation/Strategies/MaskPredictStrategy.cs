namespace Seriatim.Generation;

/// <summary>
/// Mask-Predict (Ghazvininejad et al., 2019, section 4): the length first, then a target of masks that is filled in at once;
/// pass by
/// pass the least certain tokens are masked and predicted again. All candidates of a request step together; what differs
/// between the
/// public codes stands in <see cref="MaskPredictSpec"/>.
/// </summary>
/// <remarks>
/// <see cref="RequestState.Steps"/> counts the passes of the decoder. <see cref="RequestState.Numbers"/> begins with how many
/// there will
/// be, and has for each live sequence whether it was cut to the most new tokens, how many of its places are masked, and which.
/// </remarks>
internal sealed class MaskPredictStrategy : Strategy
{
    public static MaskPredictStrategy Instance { get; } = new();

    public override string Name => "mask-predict";

    public override bool Remembers => false;

    public override int WidthOf(GenerationRequest request) => request.MaskPredict!.LengthCandidates;

    /// <summary>No token is final before the last pass.</summary>
    public override bool Streams(GenerationRequest request) => false;

    public override void Check(GenerationRequest request, int vocabulary)
    {
        MaskPredictOptions options = request.MaskPredict!;
        OptionCheck.AtLeast("MaskPredict.Iterations", options.Iterations ?? 1, 1);
        OptionCheck.AtLeast("MaskPredict.LengthCandidates", options.LengthCandidates, 1);
        OptionCheck.Contradiction(request.Count > options.LengthCandidates, "Count", request.Count,
            $"at most the {options.LengthCandidates} length candidates can be returned");
        const string AtOnce = "a target is filled in at once, with the most probable tokens";
        OptionCheck.Contradiction(request.BestOf is not null, "BestOf", request.BestOf, AtOnce);
        OptionCheck.Contradiction(request.Sampling.HasWarpers && request.Sampling.Temperature != 0, "Sampling", "set", AtOnce);
        TokenConstraints constraints = request.Sampling.Constraints with { Suppressed = [] };
        bool scores = (request.Sampling with { Constraints = constraints }).HasScores;
        OptionCheck.Contradiction(request.Sampling.HasTruncation || scores, "Sampling", "set", AtOnce);
        OptionCheck.Contradiction(request.Speculation is not null, "Speculation", "set", AtOnce);
        OptionCheck.Contradiction(request.StopStrings.Count > 0, "StopStrings", "set", AtOnce);
        OptionCheck.Contradiction(request.StopIds.Count > 0, "StopIds", "set", AtOnce);
        OptionCheck.Contradiction(request.ForcedPrefix.Count > 0, "ForcedPrefix", "set", AtOnce);
        OptionCheck.Contradiction(request.ForcedEndId is not null, "ForcedEndId", request.ForcedEndId, AtOnce);
        OptionCheck.Contradiction(request.IgnoreEndIds, "IgnoreEndIds", "true", AtOnce);
    }

    public override void Wish(RequestState state, WishList wishes)
    {
        if (!state.HasBegun)
        {
            wishes.ReadSource(state.LiveList[0], state.Request.EncoderInput.Length);
            return;
        }

        var targets = new List<(SequenceState, IReadOnlyList<int>)>();
        List<Place> places = PlacesOf(state);
        for (int i = 0; i < places.Count; i++)
            targets.Add((state.LiveList[i], places[i].Masked));
        wishes.ReadTargets(targets);
    }

    public override void Take(StrategyStep step)
    {
        RequestState state = step.State;
        if (!state.HasBegun)
        {
            Begin(step);
            return;
        }

        List<Place> places = PlacesOf(state);
        for (int i = 0; i < places.Count; i++)
            Predict(step, state.LiveList[i], places[i].Masked);
        step.NoteTokens();

        // A pass that masks nothing changes nothing: it needs no model.
        do
            places = Mask(step, places);
        while (places.Count > 0 && places.TrueForAll(place => place.Masked.Count == 0));
    }

    public override void End(StrategyStep step, FinishReason reason)
    {
        ArgumentNullException.ThrowIfNull(step);
        foreach (SequenceState sequence in step.State.LiveList.ToArray())
            Finish(step.State, sequence, reason);
    }

    public override IEnumerable<SequenceState> Choices(RequestState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Finished.OrderByDescending(sequence => sequence.Score).ThenBy(sequence => sequence.Index)
            .Take(state.Request.Count);
    }

    public override double? ScoreOf(RequestState state, SequenceState sequence) => sequence.Score;

    /// <summary>What lies in the frame, up to the first end; the mask is no text.</summary>
    internal override IReadOnlyList<int> TextTokens(IGenerationModel model, RequestState state, SequenceState sequence)
    {
        MaskPredictSpec spec = model.MaskPredict!;
        int predicted = sequence.List.Count == 0 ? 0 : spec.Predicted(sequence.List.Count);
        HashSet<int> ends = [.. state.Request.EndIds ?? []];
        return [.. sequence.List.Skip(spec.First).Take(predicted).TakeWhile(id => !ends.Contains(id))
            .Where(id => id != spec.MaskId)];
    }

    /// <summary>The lengths are known: each candidate begins as masks.</summary>
    private static void Begin(StrategyStep step)
    {
        RequestState state = step.State;
        MaskPredictSpec spec = step.MaskPredict;
        GenerationRequest request = state.Request;
        int[] lengths = Lengths(spec.Length, step.Logits(state.LiveList[0]), request);
        int most = step.MaxNewTokens;
        int[] fitting = [.. lengths.Select(length => Math.Max(Math.Min(Math.Max(length, request.MinNewTokens), most),
            spec.Frame is null ? 1 : 2))];
        state.HasBegun = true;
        for (int i = 1; i < lengths.Length; i++)
            step.Fork(state.LiveList[0]);
        var places = new List<Place>();
        for (int i = 0; i < lengths.Length; i++)
        {
            SequenceState sequence = state.LiveList[i];
            sequence.List.AddRange(Enumerable.Repeat(spec.MaskId, fitting[i]));
            sequence.Scores = [.. sequence.List.Select(id => Certain(id))];
            if (spec.Frame is { } frame)
            {
                (sequence.List[0], sequence.List[^1]) = (frame.Begin, frame.End);
                (sequence.Scores[0], sequence.Scores[^1]) = (Certain(frame.Begin), Certain(frame.End));
            }

            int[] all = [.. Enumerable.Range(spec.First, spec.Predicted(fitting[i]))];
            places.Add(new Place(fitting[i] < lengths[i], all));
        }

        int passes = request.MaskPredict!.Iterations ?? places.Max(place => place.Masked.Count);
        Keep(state, Math.Max(1, passes), places);
        if (places.TrueForAll(place => place.Masked.Count == 0))
            Mask(step, places, last: true);
    }

    /// <summary>The candidates: the most probable classes, or the lengths around the most probable one.</summary>
    private static int[] Lengths(LengthSpec spec, ReadOnlySpan<float> logits, GenerationRequest request)
    {
        int count = request.MaskPredict!.LengthCandidates, source = request.EncoderInput.Length;
        int classes = logits.Length - spec.Excluded;
        if (!spec.TriesNeighbours && count > classes)
        {
            throw new InvalidOptionException("MaskPredict.LengthCandidates", count,
                $"at most {classes} are allowed, the lengths that the model knows");
        }

        float[] scores = logits.ToArray();
        if (Array.Exists(scores, float.IsNaN))
            throw new NoCandidateException("the model's logits of lengths are not numbers", 0);
        int[] best = [.. Enumerable.Range(spec.Excluded, classes).OrderByDescending(c => scores[c]).Take(count)];
        return spec.TriesNeighbours
            ? [.. Enumerable.Range(0, count).Select(i => spec.Clamp(spec.LengthOf(best[0], source) + i - count / 2))]
            : [.. best.Select(c => spec.LengthOf(c, source))];
    }

    /// <summary>The masked places get their most probable ids.</summary>
    private static void Predict(StrategyStep step, SequenceState sequence, IReadOnlyList<int> masked)
    {
        IReadOnlyList<int> suppressed = step.State.Request.Sampling.Constraints.Suppressed;
        for (int row = 0; row < masked.Count; row++)
        {
            ReadOnlySpan<float> logits = step.Logits(sequence, row);
            if (!LogitsScan.TryMax(logits, out float max) || !float.IsFinite(max))
                throw new NoCandidateException("the model's logits are not finite numbers", masked[row]);
            int best = suppressed.Count == 0 ? logits.IndexOf(max) : MostLikely(logits, suppressed, masked[row]);
            double total = max + PlainMath.Log(LogitsScan.SumExp(logits, max));
            step.Replace(sequence, masked[row], best);
            sequence.Scores![masked[row]] = step.Score(logits, best, total);
        }

        // A candidate of the frame alone says nothing: its sum of no log-probabilities must not win.
        sequence.Score = masked.Count == 0 && step.MaskPredict.Predicted(sequence.List.Count) == 0
            ? float.MinValue
            : sequence.Scores!.Sum(score => score.Chosen.Logprob) / sequence.List.Count;
    }

    /// <summary>The most probable id that may be given; the lower one of equal ones.</summary>
    private static int MostLikely(ReadOnlySpan<float> logits, IReadOnlyList<int> suppressed, int place)
    {
        float[] allowed = logits.ToArray();
        foreach (int id in suppressed)
            allowed[id] = float.NegativeInfinity;
        return LogitsScan.TryMax(allowed, out float max) && float.IsFinite(max)
            ? allowed.IndexOf(max)
            : throw new NoCandidateException("every id is suppressed", place);
    }

    /// <summary>
    /// A pass is over: the least certain places are masked, or all ends. Returns what is masked; nothing at the end.
    /// </summary>
    private static List<Place> Mask(StrategyStep step, List<Place> places, bool last = false)
    {
        RequestState state = step.State;
        MaskPredictSpec spec = step.MaskPredict;
        int passes = state.Numbers[0];
        last |= ++state.Steps >= passes;
        List<Place> next = [.. places.Select((place, i) => place with
        {
            Masked = last ? [] : LeastCertain(spec, state.LiveList[i], state.Steps, passes),
        })];
        if (state.Request.MaskPredict!.StreamsSteps)
        {
            int best = Enumerable.Range(0, next.Count).MaxBy(i => state.LiveList[i].Score);
            step.Tell(state.LiveList[best], state.Steps, passes, next[best].Masked);
        }

        if (last)
        {
            SequenceState[] all = [.. state.LiveList];
            for (int i = 0; i < all.Length; i++)
                Finish(state, all[i], next[i].IsCut ? FinishReason.Length : FinishReason.EndOfSequence);
            return [];
        }

        for (int i = 0; i < next.Count; i++)
        {
            foreach (int place in next[i].Masked)
                step.Replace(state.LiveList[i], place, spec.MaskId);
        }

        Keep(state, passes, next);
        return next;
    }

    /// <summary>The places with the lowest log-probabilities, those before others that are alike; ascending.</summary>
    private static int[] LeastCertain(MaskPredictSpec spec, SequenceState sequence, int pass, int passes)
    {
        int length = sequence.List.Count;
        IEnumerable<int> places = Enumerable.Range(spec.First, spec.Predicted(length));
        IEnumerable<int> lowest = places.OrderBy(place => sequence.Scores![place].Chosen.Logprob).ThenBy(place => place)
            .Take(spec.MaskedIn(length, pass, passes));
        IEnumerable<int> masks = spec.MasksPredictedMasks ? places.Where(place => sequence.List[place] == spec.MaskId) : [];
        return [.. lowest.Union(masks).Order()];
    }

    private static void Finish(RequestState state, SequenceState sequence, FinishReason reason)
    {
        sequence.Finish = reason;
        (sequence.Stream, sequence.Sampler) = (null, null);
        state.LiveList.Remove(sequence);
        state.FinishedList.Add(sequence);
    }

    private static TokenLogprobs Certain(int id) =>
        new() { Chosen = new TokenLogprob { TokenId = id, Logprob = 0 }, Top = [], Rank = 0 };

    private static void Keep(RequestState state, int passes, List<Place> places)
    {
        state.Numbers.Clear();
        state.Numbers.Add(passes);
        foreach (Place place in places)
        {
            state.Numbers.Add(place.IsCut ? 1 : 0);
            state.Numbers.Add(place.Masked.Count);
            foreach (int masked in place.Masked)
                state.Numbers.Add(masked);
        }
    }

    private static List<Place> PlacesOf(RequestState state)
    {
        var places = new List<Place>();
        int at = 1;
        for (int i = 0; i < state.Live.Count; i++)
        {
            bool isCut = state.Numbers[at++] != 0;
            int[] masked = new int[state.Numbers[at++]];
            for (int j = 0; j < masked.Length; j++)
                masked[j] = state.Numbers[at++];
            places.Add(new Place(isCut, masked));
        }

        return places;
    }

    /// <summary>What is remembered of a candidate.</summary>
    /// <param name="IsCut">Whether it is shorter than the model said.</param>
    /// <param name="Masked">The places that the next pass predicts.</param>
    private sealed record Place(bool IsCut, IReadOnlyList<int> Masked);
}

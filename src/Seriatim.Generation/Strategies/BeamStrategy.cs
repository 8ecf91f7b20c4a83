namespace Seriatim.Generation;

/// <summary>
/// Beam search by the definition of transformers 4.46: processors work on log-probabilities; the best 2 x beams candidates are
/// visited in order; one that ends, by an id or because its text reaches a stop string, counts only among the first beams.
/// Beams share their pages until they differ.
/// </summary>
internal sealed class BeamStrategy : Strategy
{
    public static BeamStrategy Instance { get; } = new();

    public override string Name => "beams";

    public override int WidthOf(GenerationRequest request) => request.Beam!.Beams;

    public override bool Streams(GenerationRequest request) => false;

    public override void Check(GenerationRequest request, int vocabulary)
    {
        BeamOptions beam = request.Beam ?? throw new InvalidOptionException("Beam", null, "beam search needs its options");
        OptionCheck.Between("Beam.Beams", beam.Beams, 2, Math.Max(2, vocabulary / 2));
        if (!double.IsFinite(beam.LengthPenalty))
            throw new InvalidOptionException("Beam.LengthPenalty", beam.LengthPenalty, "a finite number is allowed");
        OptionCheck.NotNegative("Beam.DiversityPenalty", beam.DiversityPenalty);
        if (beam.Groups < 1 || beam.Beams % beam.Groups != 0)
            throw new InvalidOptionException("Beam.Groups", beam.Groups, $"a divisor of the {beam.Beams} beams is allowed");
        OptionCheck.Contradiction(beam.Groups == 1 && beam.DiversityPenalty != 0, "Beam.DiversityPenalty", beam.DiversityPenalty,
            "it needs more than one of Beam.Groups");
        OptionCheck.Contradiction(request.Count > beam.Beams, "Count", request.Count,
            $"at most the {beam.Beams} beams can be returned");
        OptionCheck.Contradiction(request.BestOf is not null, "BestOf", request.BestOf,
            "beam search returns its best Count by itself");
        OptionCheck.Contradiction(request.Sampling.HasWarpers && request.Sampling.Temperature != 0, "Sampling", "set",
            "temperature and truncation do not apply to beam search");
        OptionCheck.Contradiction(request.Sampling.HasTruncation, "Sampling", "set", "truncation does not apply to beam search");
        OptionCheck.Contradiction(request.Speculation is not null, "Speculation", "set",
            "drafts are for sampling, not for beam search");
    }

    public override void Wish(RequestState state, WishList wishes) => wishes.ReadTogether(state.Live);

    public override void Take(StrategyStep step)
    {
        RequestState state = step.State;
        BeamGroup[] groups = GroupsOf(state);
        if (!state.HasBegun)
            Begin(state);
        foreach (BeamGroup beams in groups)
        {
            if (beams.Beams.Count > 0)
                Score(step, groups, beams);
        }

        Advance(step, groups);
        if (state.Live.Count == 0 || state.Live[0].NewTokens >= step.MaxNewTokens)
            End(step, FinishReason.Length);
    }

    public override void End(StrategyStep step, FinishReason reason)
    {
        RequestState state = step.State;
        SequenceState[] live = [.. state.Live];
        foreach (SequenceState beam in live)
            Keep(state, beam.Group, beam, beam.Score, reason);

        // The time was over before the first token: then each hypothesis is empty, and its score the sum of nothing.
        for (int i = 0; state.Finished.Count < state.Request.Count && live is [{ NewTokens: 0 } root]; i++)
            state.FinishedList.Add(Ended(root, i, 0, reason));
        SequenceState[] best = [.. Ranked(state).Take(state.Request.Count)];
        state.LiveList.Clear();
        state.FinishedList.Clear();
        state.FinishedList.AddRange(best);
    }

    public override IEnumerable<SequenceState> Choices(RequestState state) => state.Finished;

    public override double? ScoreOf(RequestState state, SequenceState sequence) => sequence.Score;

    private static IEnumerable<SequenceState> Ranked(RequestState state) =>
        state.Finished.OrderBy(sequence => sequence.Group).OrderByDescending(sequence => sequence.Score);

    /// <summary>
    /// The beams of each group; before the first step all of them begin with the prompt. A group without is done.
    /// </summary>
    private static BeamGroup[] GroupsOf(RequestState state)
    {
        BeamOptions options = state.Request.Beam!;
        var groups = new BeamGroup[options.Groups];
        for (int i = 0; i < groups.Length; i++)
            groups[i] = new BeamGroup(i, options.Beams / options.Groups);
        foreach (SequenceState beam in state.Live)
        {
            if (state.HasBegun)
                groups[beam.Group].Beams.Add(beam);
        }

        foreach (BeamGroup group in state.HasBegun ? [] : groups)
            group.Beams.Add(state.Live[0]);

        // What a group chose in its last step, (group, token): the groups after it keep away from that for ever.
        for (int i = 0; i + 1 < state.Numbers.Count; i += 2)
            groups[state.Numbers[i]].Chosen.Add(state.Numbers[i + 1]);
        return groups;
    }

    private static void Begin(RequestState state)
    {
        state.HasBegun = true;

        // Its text is of interest only where it may end a beam; the others' is made at the end.
        if (state.Request.StopStrings.Count == 0)
            state.Live[0].Stream = null;
    }

    /// <summary>Finds the next beams of a group among the candidates of all its beams.</summary>
    private static void Score(StrategyStep step, BeamGroup[] groups, BeamGroup beams)
    {
        int wanted = 2 * beams.Size;
        List<BeamCandidate> candidates = [];
        for (int beam = 0; beam < beams.Beams.Count; beam++)
        {
            SequenceState sequence = beams.Beams[beam];
            LogitsRow scores = LoadLogprobs(step, sequence);
            sequence.Sampler!.ApplyScores(scores);
            Penalise(step.State.Request.Beam!, groups, beams, scores);
            foreach (ulong key in scores.Top(wanted))
            {
                int id = LogitsRow.IdOf(key);
                candidates.Add(new BeamCandidate(sequence.Score + scores.Values[id], beam, id));
            }
        }

        candidates.Sort();
        if (candidates.Count > wanted)
            candidates.RemoveRange(wanted, candidates.Count - wanted);
        if (candidates.Count == 0)
            throw new NoCandidateException("the constraints leave no beam", beams.Beams[0].NewTokens);
        Choose(step, beams, candidates);
    }

    private static LogitsRow LoadLogprobs(StrategyStep step, SequenceState sequence)
    {
        ReadOnlySpan<float> logits = step.Logits(sequence);
        double total = step.LogSumExp(sequence);
        if (!double.IsFinite(total))
            throw new NoCandidateException("the model's logits are not finite numbers", sequence.NewTokens);
        return step.LoadLogprobs(sequence, logits, total);
    }

    /// <summary>Hamming diversity: a token loses the penalty for each beam of an earlier group that has just chosen it.</summary>
    private static void Penalise(BeamOptions options, BeamGroup[] groups, BeamGroup beams, LogitsRow scores)
    {
        if (options.DiversityPenalty == 0)
            return;
        for (int earlier = 0; earlier < beams.Number; earlier++)
        {
            foreach (int token in groups[earlier].Chosen)
                scores.Logits[token] -= (float)options.DiversityPenalty;
        }

        scores.Touch();
    }

    private static void Choose(StrategyStep step, BeamGroup beams, List<BeamCandidate> candidates)
    {
        int length = beams.Beams[0].NewTokens + 1;
        for (int rank = 0; rank < candidates.Count && beams.Next.Count < beams.Size; rank++)
        {
            BeamCandidate candidate = candidates[rank];
            SequenceState beam = beams.Beams[candidate.Beam];
            if (ReasonToEnd(step, beam, candidate.Token) is not { } reason)
                beams.Next.Add(candidate);
            else if (rank < beams.Size)
                Keep(step, beams, beam, candidate, reason);
        }

        BeamOptions options = step.State.Request.Beam!;
        SequenceState[] kept = [.. step.State.Finished.Where(sequence => sequence.Group == beams.Number)];
        beams.Chosen.AddRange(beams.Next.Select(next => next.Token));
        beams.IsDone = beams.Next.Count == 0 || (kept.Length >= beams.Size && (options.EarlyStopping
            || kept.Min(h => h.Score) >= candidates[0].Score / PlainMath.Pow(length, options.LengthPenalty)));
    }

    /// <summary>Why a beam ends with a token; null: it does not.</summary>
    private static FinishReason? ReasonToEnd(StrategyStep step, SequenceState beam, int token)
    {
        if (step.ReasonOf(token) is { } reason)
            return reason;
        if (beam.Sampler!.Grammar is { HasEnds: false })
        {
            SamplerChain after = beam.Sampler.Copy();
            after.Accept(token);
            if (step.EndsByGrammar(after, beam.NewTokens + 1))
                return FinishReason.Grammar;
        }

        bool mayStop = beam.NewTokens + 1 >= step.State.Request.MinNewTokens;
        return mayStop && beam.Stream is { } text && text.WouldStop(token) ? FinishReason.StopString : null;
    }

    private static void Keep(StrategyStep step, BeamGroup beams, SequenceState beam, in BeamCandidate candidate,
        FinishReason reason)
    {
        SequenceState ended = Ended(beam, beam.Index, 0, reason);
        step.Note(ended, candidate.Token, step.Logits(beam));
        Keep(step.State, beams.Number, ended, candidate.Score, reason);
    }

    /// <summary>Keeps a finished beam if it is among the best of its group.</summary>
    private static void Keep(RequestState state, int group, SequenceState beam, double sum, FinishReason reason)
    {
        BeamOptions options = state.Request.Beam!;
        double score = sum / PlainMath.Pow(beam.NewTokens, options.LengthPenalty);
        if (beam.NewTokens == 0 || double.IsNegativeInfinity(score))
            return;
        SequenceState[] kept = [.. state.Finished.Where(sequence => sequence.Group == group)];
        if (kept.Length >= options.Beams / options.Groups)
        {
            SequenceState worst = kept.MinBy(h => h.Score)!;
            if (score <= worst.Score)
                return;
            state.FinishedList.Remove(worst);
        }

        SequenceState ended = Ended(beam, beam.Index, score, reason);
        ended.Group = group;
        state.FinishedList.Add(ended);
    }

    private static SequenceState Ended(SequenceState beam, int index, double score, FinishReason reason) =>
        new(index, [.. beam.List], beam.PromptLength)
        {
            Score = score,
            Group = beam.Group,
            Scores = beam.Scores is null ? null : [.. beam.Scores],
            Finish = reason,
        };

    /// <summary>
    /// Makes the next beams of what was chosen: the last one that continues a beam goes on as that beam, others fork from it.
    /// </summary>
    private static void Advance(StrategyStep step, BeamGroup[] groups)
    {
        RequestState state = step.State;
        var uses = new Dictionary<SequenceState, int>();
        foreach (BeamGroup beams in groups)
        {
            foreach (BeamCandidate next in beams.Kept)
                uses[beams.Beams[next.Beam]] = uses.GetValueOrDefault(beams.Beams[next.Beam]) + 1;
        }

        var chosen = new List<(SequenceState Sequence, SequenceState Parent, BeamCandidate Candidate)>();
        foreach (BeamGroup beams in groups)
        {
            foreach (BeamCandidate next in beams.Kept)
            {
                SequenceState parent = beams.Beams[next.Beam];
                SequenceState child = --uses[parent] == 0 ? parent : step.Fork(parent);
                child.Group = beams.Number;
                chosen.Add((child, parent, next));
            }
        }

        state.Numbers.Clear();
        foreach (BeamGroup beams in groups)
        {
            if (beams.Kept.Count > 0)
                continue;
            foreach (int token in beams.Chosen)
            {
                state.Numbers.Add(beams.Number);
                state.Numbers.Add(token);
            }
        }

        state.LiveList.Clear();
        foreach ((SequenceState sequence, SequenceState parent, BeamCandidate candidate) in chosen)
        {
            state.LiveList.Add(sequence);
            step.Append(sequence, candidate.Token, step.Logits(parent));
            sequence.Stream?.Append(candidate.Token, sequence.NewTokens >= state.Request.MinNewTokens, out _);
            sequence.Score = candidate.Score;
        }
    }

    /// <summary>Beams that are chosen among each other, in one step.</summary>
    private sealed class BeamGroup(int number, int size)
    {
        public int Number { get; } = number;

        public int Size { get; } = size;

        public List<SequenceState> Beams { get; } = [];

        /// <summary>How the beams go on.</summary>
        public List<BeamCandidate> Next { get; } = [];

        /// <summary>The tokens that it has just chosen, or chose in its last step.</summary>
        public List<int> Chosen { get; } = [];

        /// <summary>Enough hypotheses, and no running beam can become better than the worst of them.</summary>
        public bool IsDone { get; set; }

        public IReadOnlyList<BeamCandidate> Kept => IsDone ? [] : Next;
    }
}

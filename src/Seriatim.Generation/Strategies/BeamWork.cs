namespace Seriatim.Generation;

/// <summary>
/// Beam search by the definition of transformers 4.46: processors work on log-probabilities; the best 2 x beams candidates are
/// visited in order; one that ends counts only among the first beams. Beams share their pages until they differ.
/// </summary>
internal sealed class BeamWork(
    EngineContext context, GenerationRequest request, GenerationHandle handle, SamplerChain chain, RequestLimits limits)
    : GenerationWork(context, request, handle, chain, limits)
{
    private readonly BeamOptions _options = request.Beam!;
    private readonly float[] _logprobs = new float[context.Model.VocabularySize];
    private readonly List<BeamCandidate> _candidates = [];
    private BeamGroup[] _groups = [];

    public override bool IsLockstep => true;

    protected override void Step(SequenceGroup group, ReadOnlySpan<PlannedSegment> segments, StepRows rows, int row)
    {
        if (_groups.Length == 0)
            Begin(group.Live[0]);
        foreach (BeamGroup beams in _groups)
        {
            if (!beams.IsDone)
                Score(beams, group, rows, row);
        }

        Advance(group);
        if (Array.TrueForAll(_groups, g => g.IsDone))
            Finish(group, FinishReason.Length);
        else if (group.Live[0].NewTokens >= MaxNewTokens)
            Finish(group, FinishReason.Length);
    }

    protected override void Expire(SequenceGroup group, FinishReason reason)
    {
        if (_groups.Length == 0)
            Begin(group.Live[0]);
        Finish(group, reason);
    }

    private void Begin(Sequence root)
    {
        _groups = new BeamGroup[_options.Groups];
        for (int i = 0; i < _groups.Length; i++)
            _groups[i] = new BeamGroup(_options.Beams / _options.Groups, _options) { Beams = [root] };
    }

    /// <summary>Finds the next beams of a group among the candidates of all its beams.</summary>
    private void Score(BeamGroup beams, SequenceGroup group, StepRows rows, int row)
    {
        int wanted = 2 * beams.Size;
        _candidates.Clear();
        for (int beam = 0; beam < beams.Beams.Count; beam++)
        {
            Sequence sequence = beams.Beams[beam];
            LogitsRow scores = LoadLogprobs(sequence, rows.Logits(row + group.Live.IndexOf(sequence)));
            Chain.ApplyScores(scores);
            Penalise(beams, scores);
            foreach (ulong key in scores.Top(wanted))
            {
                int id = LogitsRow.IdOf(key);
                _candidates.Add(new BeamCandidate(sequence.Score + scores.Logits[id], beam, id));
            }
        }

        _candidates.Sort();
        if (_candidates.Count > wanted)
            _candidates.RemoveRange(wanted, _candidates.Count - wanted);
        if (_candidates.Count == 0)
            throw new NoCandidateException("the constraints leave no beam", group.Live[0].NewTokens);
        Choose(beams);
    }

    private LogitsRow LoadLogprobs(Sequence sequence, ReadOnlySpan<float> logits)
    {
        double total = LogprobReader.LogSumExp(logits);
        if (!double.IsFinite(total))
            throw new NoCandidateException("the model's logits are not finite numbers", sequence.NewTokens);
        for (int id = 0; id < logits.Length; id++)
            _logprobs[id] = (float)(logits[id] - total);
        return Load(sequence, _logprobs);
    }

    /// <summary>Hamming diversity: a token loses the penalty for each beam of an earlier group that has just chosen it.</summary>
    private void Penalise(BeamGroup beams, LogitsRow scores)
    {
        if (_options.DiversityPenalty == 0)
            return;
        foreach (BeamGroup earlier in _groups)
        {
            if (earlier == beams)
                break;
            foreach (BeamCandidate chosen in earlier.Next)
                scores.Logits[chosen.Token] -= (float)_options.DiversityPenalty;
        }

        scores.Touch();
    }

    private void Choose(BeamGroup beams)
    {
        int length = beams.Beams[0].NewTokens + 1;
        beams.Next.Clear();
        for (int rank = 0; rank < _candidates.Count && beams.Next.Count < beams.Size; rank++)
        {
            BeamCandidate candidate = _candidates[rank];
            if (!IsEndId(candidate.Token))
                beams.Next.Add(candidate);
            else if (rank < beams.Size)
                beams.Keep(candidate.Score, [.. NewTokensOf(beams.Beams[candidate.Beam]), candidate.Token]);
        }

        beams.NoteStep(_candidates[0].Score, length);
    }

    /// <summary>
    /// Makes the next beams of what was chosen: the last one that continues a beam takes its memory over, others fork from it.
    /// </summary>
    private void Advance(SequenceGroup group)
    {
        List<Sequence> parents = [.. group.Live];
        int[] uses = new int[parents.Count];
        foreach (BeamGroup beams in _groups)
        {
            foreach (BeamCandidate next in beams.IsDone ? [] : beams.Next)
                uses[parents.IndexOf(beams.Beams[next.Beam])]++;
        }

        group.Live.Clear();
        var chosen = new List<(Sequence Sequence, BeamCandidate Candidate)>();
        foreach (BeamGroup beams in _groups)
        {
            List<Sequence> old = beams.Beams;
            beams.Beams = [];
            foreach (BeamCandidate next in beams.IsDone ? [] : beams.Next)
            {
                int parent = parents.IndexOf(old[next.Beam]);
                Sequence child = --uses[parent] == 0 ? parents[parent] : parents[parent].Fork(group.Live.Count);
                beams.Beams.Add(child);
                group.Live.Add(child);
                chosen.Add((child, next));
            }
        }

        foreach (Sequence parent in parents)
        {
            if (!group.Live.Contains(parent))
                parent.Release();
        }

        foreach ((Sequence sequence, BeamCandidate candidate) in chosen)
        {
            sequence.Tokens.Add(candidate.Token);
            sequence.Score = candidate.Score;
        }

        NoteToken();
    }

    private void Finish(SequenceGroup group, FinishReason reason)
    {
        foreach (BeamGroup beams in _groups)
        {
            if (beams.IsDone)
                continue;
            foreach (Sequence beam in beams.Beams)
                beams.Keep(beam.Score, [.. NewTokensOf(beam)]);
        }

        group.Release();
        group.Live.Clear();
        BeamHypothesis[] best = [.. _groups.SelectMany(g => g.Hypotheses).OrderByDescending(h => h.Score).Take(Request.Count)];
        var choices = new GenerationChoice[best.Length];
        for (int i = 0; i < choices.Length; i++)
        {
            choices[i] = ChoiceOf(i, best[i], reason);
            Handle.WriteChoice(choices[i]);
        }

        Complete(group, choices, choices.Sum(c => c.TokenIds.Count));
    }

    private GenerationChoice ChoiceOf(int index, BeamHypothesis hypothesis, FinishReason reason)
    {
        int[] tokens = hypothesis.Tokens;
        bool ends = tokens.Length > 0 && IsEndId(tokens[^1]);
        if (ends)
            reason = Request.StopIds.Contains(tokens[^1]) ? FinishReason.StopId : FinishReason.EndOfSequence;
        string text = "";
        if (NewText() is { } stream)
        {
            foreach (int token in ends ? tokens[..^1] : tokens)
                stream.Append(token, mayStop: false, out _);
            stream.Flush(mayStop: false, out _);
            text = stream.All;
        }

        return new GenerationChoice(index, tokens, text, reason, hypothesis.Score, null);
    }

    private static IEnumerable<int> NewTokensOf(Sequence sequence) => sequence.Tokens.Skip(sequence.PromptLength);
}

namespace Seriatim.Generation;

/// <summary>
/// Beam search by the definition of transformers 4.46: processors work on log-probabilities; the best 2 x beams candidates are
/// visited in order; one that ends, by an id or because its text reaches a stop string, counts only among the first beams.
/// Beams share their pages until they differ.
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

        Advance(group, rows, row);
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
        Choose(beams, group, rows, row);
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

    private void Choose(BeamGroup beams, SequenceGroup group, StepRows rows, int row)
    {
        int length = beams.Beams[0].NewTokens + 1;
        beams.Next.Clear();
        for (int rank = 0; rank < _candidates.Count && beams.Next.Count < beams.Size; rank++)
        {
            BeamCandidate candidate = _candidates[rank];
            Sequence beam = beams.Beams[candidate.Beam];
            if (ReasonToEnd(beam, candidate.Token) is not { } reason)
            {
                beams.Next.Add(candidate);
            }
            else if (rank < beams.Size)
            {
                TokenLogprobs? last = Logprobs(rows.Logits(row + group.Live.IndexOf(beam)), candidate.Token);
                beams.Keep(candidate.Score, [.. NewTokensOf(beam), candidate.Token], reason,
                    last is null ? null : [.. beam.Logprobs ?? [], last]);
            }
        }

        beams.NoteStep(_candidates[0].Score, length);
    }

    /// <summary>Why a beam ends with a token; null: it does not.</summary>
    private FinishReason? ReasonToEnd(Sequence beam, int token)
    {
        if (IsEndId(token))
            return Request.StopIds.Contains(token) ? FinishReason.StopId : FinishReason.EndOfSequence;
        return Request.StopStrings.Count > 0 && TextOf([.. NewTokensOf(beam), token]).Stopped ? FinishReason.StopString : null;
    }

    /// <summary>Text up to a stop string if there is one. Decoders cannot be copied, so it is made anew.</summary>
    private (TextStream Stream, bool Stopped) TextOf(ReadOnlySpan<int> tokens)
    {
        TextStream stream = NewText()!;
        bool stopped = false;
        for (int i = 0; i < tokens.Length && !stopped; i++)
            stream.Append(tokens[i], i + 1 >= Request.MinNewTokens, out stopped);
        return (stream, stopped);
    }

    private TokenLogprobs? Logprobs(ReadOnlySpan<float> logits, int token) =>
        Request.Logprobs is { } top ? LogprobReader.Read(Context.Scratch, logits, token, top) : null;

    /// <summary>
    /// Makes the next beams of what was chosen: the last one that continues a beam takes its memory over, others fork from it.
    /// </summary>
    private void Advance(SequenceGroup group, StepRows rows, int row)
    {
        List<Sequence> parents = [.. group.Live];
        int[] uses = new int[parents.Count];
        foreach (BeamGroup beams in _groups)
        {
            foreach (BeamCandidate next in beams.IsDone ? [] : beams.Next)
                uses[parents.IndexOf(beams.Beams[next.Beam])]++;
        }

        group.Live.Clear();
        var chosen = new List<(Sequence Sequence, int Parent, BeamCandidate Candidate)>();
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
                chosen.Add((child, parent, next));
            }
        }

        foreach (Sequence parent in parents)
        {
            if (!group.Live.Contains(parent))
                parent.Release();
        }

        foreach ((Sequence sequence, int parent, BeamCandidate candidate) in chosen)
        {
            if (Logprobs(rows.Logits(row + parent), candidate.Token) is { } logprobs)
                (sequence.Logprobs ??= []).Add(logprobs);
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
                beams.Keep(beam.Score, [.. NewTokensOf(beam)], null, beam.Logprobs?.ToArray());
        }

        group.Release();
        group.Live.Clear();
        BeamHypothesis[] best = [.. _groups.SelectMany(g => g.Hypotheses).OrderByDescending(h => h.Score).Take(Request.Count)];

        // The time was over before the first token: then each hypothesis is empty, and its score the sum of nothing.
        if (best.Length == 0)
            best = [.. Enumerable.Repeat(new BeamHypothesis([], 0, null, Request.Logprobs is null ? null : []), Request.Count)];
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
        reason = hypothesis.Reason ?? reason;
        string text = "";
        if (Request.Tokenizer is not null)
        {
            bool ends = hypothesis.Reason is FinishReason.EndOfSequence or FinishReason.StopId;
            (TextStream stream, bool stopped) = TextOf(ends ? tokens[..^1] : tokens);
            if (!stopped)
                stream.Flush(mayStop: false, out _);
            text = stream.All;
        }

        return new GenerationChoice
        {
            Index = index,
            TokenIds = tokens,
            Text = text,
            Finish = reason,
            Score = hypothesis.Score,
            Logprobs = hypothesis.Logprobs,
        };
    }

    private static IEnumerable<int> NewTokensOf(Sequence sequence) => sequence.Tokens.Skip(sequence.PromptLength);
}

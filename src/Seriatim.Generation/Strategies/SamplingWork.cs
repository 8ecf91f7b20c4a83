using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <summary>Sampling of one or more continuations, each by itself, with or without drafts.</summary>
internal sealed class SamplingWork(
    EngineContext context, GenerationRequest request, GenerationHandle handle, SamplerChain chain, RequestLimits limits)
    : GenerationWork(context, request, handle, chain, limits)
{
    private readonly int _width = limits.Width;
    private readonly bool _streams = limits.Width == request.Count;
    private readonly bool _scores = request.Logprobs is not null || limits.Width > request.Count;
    private readonly List<Sequence> _finished = [];
    private readonly List<int> _path = [];
    private bool _expanded;

    public override bool IsLockstep => false;

    protected override void Step(SequenceGroup group, ReadOnlySpan<PlannedSegment> segments, StepRows rows, int row)
    {
        PlannedSegment segment = segments[0];
        if (!_expanded)
        {
            Expand(group);
            for (int i = 0; i < _width; i++)
                Extend(group.Live[i], rows.Logits(row));
        }
        else if (segment.Drafts == 0)
        {
            Extend(segment.Sequence, rows.Logits(row));
        }
        else
        {
            Verify(segment, rows);
        }

        Retire(group);
    }

    protected override void Expire(SequenceGroup group, FinishReason reason)
    {
        if (!_expanded)
            Expand(group);
        foreach (Sequence sequence in group.Live)
        {
            string rest = sequence.Text?.Flush(mayStop: false, out _) ?? "";
            sequence.Finish = reason;
            if (_streams)
                Handle.Write(new GenerationUpdate { Choice = sequence.Id.Index, Text = rest, Finish = reason });
        }

        Retire(group);
    }

    private void Expand(SequenceGroup group)
    {
        _expanded = true;
        Sequence root = group.Live[0];
        root.State = Chain.NewState();
        for (int i = 1; i < _width; i++)
        {
            group.Live.Add(root.Memory is null
                ? new Sequence(root.Id with { Index = i }, [.. root.Tokens], root.PromptLength)
                : root.Fork(i));
        }
        foreach (Sequence sequence in group.Live)
        {
            sequence.Text = NewText();
            sequence.Logprobs = _scores ? [] : null;
        }
    }

    private void Extend(Sequence sequence, ReadOnlySpan<float> logits)
    {
        int token = Chain.Choose(Load(sequence, logits));
        sequence.Tokens.Add(token);
        NoteToken();
        TokenLogprobs? logprobs = null;
        if (_scores)
        {
            logprobs = LogprobReader.Read(Context.Scratch, logits, token, Request.Logprobs ?? 0);
            sequence.Logprobs!.Add(logprobs);
            sequence.LogprobSum += logprobs.Chosen.Logprob;
        }

        FinishReason? reason = ReasonToEnd(sequence);
        string text = AppendText(sequence, token, ref reason);
        sequence.Finish = reason;
        if (_streams)
        {
            Handle.Write(new GenerationUpdate
            {
                Choice = sequence.Id.Index,
                TokenId = token,
                Text = text,
                Logprobs = Request.Logprobs is null ? null : logprobs,
                Finish = reason,
            });
        }
    }

    private string AppendText(Sequence sequence, int token, ref FinishReason? reason)
    {
        if (sequence.Text is not { } stream)
            return "";
        bool mayStop = sequence.NewTokens >= Request.MinNewTokens;
        string text = "";
        bool stopped = false;
        if (reason is not (FinishReason.EndOfSequence or FinishReason.StopId))
            text = stream.Append(token, mayStop, out stopped);
        if (!stopped && reason is not null)
            text += stream.Flush(mayStop, out stopped);
        if (stopped)
            reason = FinishReason.StopString;
        return text;
    }

    /// <summary>
    /// Walks down the drafted tree as long as the token that is chosen, exactly as plain decoding chooses it, was drafted. The
    /// first one that was not is kept, too: it comes from the model itself.
    /// </summary>
    private void Verify(in PlannedSegment segment, StepRows rows)
    {
        Sequence sequence = segment.Sequence;
        Draft draft = sequence.Draft;
        _path.Clear();
        _path.Add(0);
        int at = -1;
        while (true)
        {
            Extend(sequence, rows.Logits(at + 1));
            if (sequence.Finish is not null)
                break;
            at = draft.Child(at, sequence.Tokens[^1]);
            if (at < 0 || at >= segment.Drafts)
                break;
            _path.Add(at + 1);
        }

        DraftTokens += segment.Drafts;
        AcceptedTokens += _path.Count - 1;
        if (draft.IsChain(segment.Drafts))
            sequence.Memory!.Commit(_path.Count);
        else
            sequence.Memory!.CommitPath(CollectionsMarshal.AsSpan(_path));
        sequence.Speculation?.Verified(segment.Drafts, _path.Count - 1);
        draft.Clear();
    }

    private void Retire(SequenceGroup group)
    {
        for (int i = group.Live.Count - 1; i >= 0; i--)
        {
            Sequence sequence = group.Live[i];
            if (sequence.Finish is null)
                continue;
            sequence.Release();
            _finished.Add(sequence);
            group.Live.RemoveAt(i);
        }

        if (group.Live.Count > 0)
            return;
        bool ranks = _width > Request.Count;
        IEnumerable<Sequence> order = ranks
            ? _finished.OrderByDescending(MeanLogprob).ThenBy(s => s.Id.Index).Take(Request.Count)
            : _finished.OrderBy(s => s.Id.Index);
        GenerationChoice[] choices = [.. order.Select((sequence, index) => new GenerationChoice
        {
            Index = index,
            TokenIds = sequence.Tokens[sequence.PromptLength..],
            Text = sequence.Text?.All ?? "",
            Finish = sequence.Finish!.Value,
            Score = ranks ? MeanLogprob(sequence) : null,
            Logprobs = Request.Logprobs is null ? null : sequence.Logprobs,
        })];
        if (!_streams)
            WriteAll(choices);
        Complete(group, choices, _finished.Sum(s => s.NewTokens));
    }

    private void WriteAll(GenerationChoice[] choices)
    {
        foreach (GenerationChoice choice in choices)
            Handle.WriteChoice(choice);
    }

    private static double MeanLogprob(Sequence sequence) =>
        sequence.NewTokens == 0 ? 0 : sequence.LogprobSum / sequence.NewTokens;
}

namespace Seriatim.Generation;

/// <summary>What sampling and beam search share: scoring the prompt, noticing the end, and the result.</summary>
internal abstract class GenerationWork(
    EngineContext context, GenerationRequest request, GenerationHandle handle, SamplerChain chain,
    RequestLimits limits) : IGroupWork
{
    private readonly HashSet<int> _endIds = [.. request.IgnoreEndIds ? [] : limits.EndIds];
    private readonly HashSet<int> _stopIds = [.. request.StopIds];
    private readonly List<TokenLogprobs>? _prompt = request.PromptLogprobs is null ? null : [];
    private long? _firstToken;
    private long _taking;
    private bool _cancelled;
    private TimeSpan _sampling;

    public abstract bool IsLockstep { get; }

    public bool IsEncoding => false;

    public bool IsCancelled => handle.IsCancelled;

    public bool IsDone { get; private set; }

    protected EngineContext Context => context;

    protected GenerationRequest Request => request;

    protected GenerationHandle Handle => handle;

    protected SamplerChain Chain => chain;

    protected int MaxNewTokens => limits.MaxNewTokens;

    public long DraftTokens { get; set; }

    public long AcceptedTokens { get; set; }

    public bool WantsPromptRows(Sequence sequence) =>
        _prompt is not null && sequence.Length + 1 < sequence.PromptLength && _prompt.Count < sequence.PromptLength - 1;

    public void Take(SequenceGroup group, ReadOnlySpan<PlannedSegment> segments, StepRows rows)
    {
        PlannedSegment segment = segments[0];
        _taking = context.Clock.GetTimestamp();
        bool isEnd = segment.First + segment.Rows == segment.Sequence.Tokens.Count;
        bool scored = _prompt is not null && segment.First + 1 < segment.Sequence.PromptLength && segment.Outputs == Outputs.All;
        try
        {
            if (scored)
                ScorePrompt(segment, rows);
            if (isEnd && MaxNewTokens == 0)
                Expire(group, FinishReason.Length);
            else if (isEnd)
                Step(group, segments, rows, scored ? segment.Rows - 1 : 0);
        }
        catch (Exception exception)
        {
            // No token to choose, a tokenizer without the token, no memory for a list: this request ends, its neighbours do not.
            Fail(exception);
        }

        _sampling += context.Clock.GetElapsedTime(_taking);
        _taking = 0;
    }

    public void Expire(SequenceGroup group)
    {
        try
        {
            Expire(group, FinishReason.Timeout);
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    public void Cancel(SequenceGroup group)
    {
        _cancelled = true;
        try
        {
            Expire(group, FinishReason.Cancelled);
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    public void Fail(Exception exception)
    {
        IsDone = true;
        handle.Fail(exception);
    }

    /// <summary>Takes the last rows of sequences, from <paramref name="row"/> on.</summary>
    protected abstract void Step(SequenceGroup group, ReadOnlySpan<PlannedSegment> segments, StepRows rows, int row);

    /// <summary>Ends all sequences as they are.</summary>
    protected abstract void Expire(SequenceGroup group, FinishReason reason);

    /// <summary>Why a sequence ends with its last token; null: it does not.</summary>
    protected FinishReason? ReasonToEnd(Sequence sequence)
    {
        int token = sequence.Tokens[^1];
        if (_endIds.Contains(token))
            return FinishReason.EndOfSequence;
        if (_stopIds.Contains(token))
            return FinishReason.StopId;
        return sequence.NewTokens >= MaxNewTokens ? FinishReason.Length : null;
    }

    protected bool IsEndId(int token) => _endIds.Contains(token) || _stopIds.Contains(token);

    /// <summary>Loads a row for the processors.</summary>
    protected LogitsRow Load(Sequence sequence, ReadOnlySpan<float> logits)
    {
        LogitsRow row = context.Row;
        row.Load(logits);
        (row.Tokens, row.PromptLength, row.State) = (sequence.Tokens, sequence.PromptLength, sequence.State);
        (row.Seed, row.SequenceIndex, row.EncoderInput) = (handle.Seed, sequence.Id.Index, request.EncoderInput);
        return row;
    }

    protected void NoteToken() => _firstToken ??= context.Clock.GetTimestamp();

    protected TextStream? NewText() => request.Tokenizer is { } tokenizer
        ? new TextStream(tokenizer, request.EncoderInput.IsEmpty ? request.Prompt.Span : default, request.StopStrings)
        : null;

    protected void Complete(SequenceGroup group, IReadOnlyList<GenerationChoice> choices, int newTokens)
    {
        IsDone = true;
        if (_cancelled)
        {
            handle.CompleteCancelled();
            return;
        }

        TimeProvider clock = context.Clock;
        long now = clock.GetTimestamp();
        handle.Complete(new GenerationResult
        {
            Choices = choices,
            PromptLogprobs = _prompt,
            Usage = new GenerationUsage
            {
                PromptTokens = request.Prompt.Length + request.EncoderInput.Length,
                CachedTokens = group.CachedTokens,
                NewTokens = newTokens,
                ForwardRows = group.ForwardRows,
                DraftTokens = DraftTokens,
                AcceptedTokens = AcceptedTokens,
                Preemptions = group.Preemptions,
            },
            Timings = new GenerationTimings
            {
                Queued = clock.GetElapsedTime(group.Submitted, group.FirstAdmitted ?? now),
                FirstToken = _firstToken is { } first ? clock.GetElapsedTime(group.Submitted, first) : null,
                Total = clock.GetElapsedTime(group.Submitted, now),
                Sampling = _sampling + (_taking == 0 ? TimeSpan.Zero : clock.GetElapsedTime(_taking, now)),
            },
            Seed = handle.Seed,
        });
    }

    private void ScorePrompt(in PlannedSegment segment, StepRows rows)
    {
        Sequence sequence = segment.Sequence;
        for (int row = 0; row < segment.Rows; row++)
        {
            // The row at position p scores the token at p + 1; after a preemption some are known already.
            int scored = segment.First + row + 1;
            if (scored < sequence.PromptLength && _prompt!.Count == scored - 1)
            {
                _prompt.Add(LogprobReader.Read(context.Scratch, rows.Logits(row), sequence.Tokens[scored],
                    request.PromptLogprobs!.Value));
            }
        }
    }
}

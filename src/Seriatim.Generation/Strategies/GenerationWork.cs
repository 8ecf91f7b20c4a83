using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <summary>
/// A request in an engine: drives its strategy from wishes to rows to the next state, scores its prompt, and tells its handle.
/// </summary>
internal sealed class GenerationWork : IGroupWork
{
    private readonly EngineContext _context;
    private readonly GenerationHandle _handle;
    private readonly HashSet<int> _endIds;
    private readonly HashSet<int> _stopIds;
    private readonly TextStream? _text;
    private readonly long _submitted;
    private long _taking;
    private bool _cancelled;

    /// <param name="context">The engine's.</param>
    /// <param name="state">The state to go on from.</param>
    /// <param name="handle">Who waits for it.</param>
    /// <param name="limits">What follows from the request and the engine.</param>
    /// <param name="submitted">When it came in, in ticks of the clock.</param>
    public GenerationWork(EngineContext context, RequestState state, GenerationHandle handle, RequestLimits limits,
        long submitted)
    {
        (_context, _handle, _submitted, State) = (context, handle, submitted, state);
        (Strategy, MaxNewTokens) = (limits.Strategy, limits.MaxNewTokens);
        GenerationRequest request = state.Request;
        _endIds = [.. request.IgnoreEndIds ? [] : limits.EndIds];
        _stopIds = [.. request.StopIds];
        Streams = Strategy.Streams(request);
        _text = request.Tokenizer is { } tokenizer
            ? new TextStream(tokenizer, request.EncoderInput.IsEmpty && Strategy.Remembers ? request.Prompt.Span : default,
                request.StopStrings, request.ShownIds)
            : null;
        var chain = new SamplerChain(request, limits.EndIds, limits.MaxNewTokens, context.Model.VocabularySize);
        foreach (SequenceState sequence in state.LiveList)
            Equip(sequence, chain);
    }

    public RequestState State { get; }

    public Strategy Strategy { get; }

    public int MaxNewTokens { get; }

    /// <summary>Whether tokens go out as they come.</summary>
    public bool Streams { get; }

    public IReadOnlyList<SequenceState> Live => State.LiveList;

    public bool IsExported => _handle.WantsState;

    public bool IsPaused => _handle.IsPaused;

    public bool IsCancelled => _handle.IsCancelled;

    public bool IsDone { get; private set; }

    public void Wish(WishList wishes)
    {
        bool scores = State.PromptScores is { } prompt && prompt.Count < State.Request.Prompt.Length - 1;
        wishes.Scored = scores ? State.Request.Prompt.Length : 0;
        Strategy.Wish(State, wishes);
        if (!Strategy.Remembers)
            RequireRoom(wishes);
    }

    public void Take(SequenceGroup group, ReadOnlySpan<PlannedSegment> segments, int first, StepRows rows)
    {
        PlannedSegment segment = segments[0];
        _taking = _context.Clock.GetTimestamp();
        bool scored = State.PromptScores is not null && !segment.Wish.IsWhole
            && segment.First + 1 < segment.Sequence.PromptLength && segment.Outputs == Outputs.All;
        try
        {
            if (scored)
                ScorePrompt(segment, first, rows);
            if (segment.IsEnd)
                Step(group, segments, first, scored ? segment.Rows - 1 : 0, rows);
        }
        catch (Exception exception)
        {
            // No token to choose, a processor that throws, no memory for a list: this request ends, its neighbours do not.
            Fail(exception);
        }

        State.Sampling += _context.Clock.GetElapsedTime(_taking);
        _taking = 0;
    }

    public void Expire(SequenceGroup group) => End(group, FinishReason.Timeout);

    public void Cancel(SequenceGroup group)
    {
        _cancelled = true;
        End(group, FinishReason.Cancelled);
    }

    public void Fail(Exception exception)
    {
        IsDone = true;
        _handle.Used = Usage(State.FinishedList.Concat(State.LiveList));
        _handle.Fail(exception);
    }

    public void Export(SequenceGroup group)
    {
        try
        {
            Settle(group);
            _handle.GiveState(Leave);
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    /// <summary>Whether a token ends a sequence by itself, and how.</summary>
    public FinishReason? ReasonOf(int token) =>
        _endIds.Contains(token) ? FinishReason.EndOfSequence : _stopIds.Contains(token) ? FinishReason.StopId : null;

    public void NoteToken()
    {
        if (State.FirstToken is not null)
            return;
        State.FirstToken = State.Elapsed + _context.Clock.GetElapsedTime(_submitted);
        State.Request.Watch?.Invoke(new RequestMoment(RequestMomentKind.FirstToken, 0));
    }

    public void Emit(in GenerationUpdate update) => _handle.Write(update);

    private void Step(SequenceGroup group, ReadOnlySpan<PlannedSegment> segments, int first, int firstRow, StepRows rows)
    {
        StrategyStep step = _context.Step;
        step.Begin(this, segments, first, firstRow, rows);
        try
        {
            if (MaxNewTokens == 0)
                Strategy.End(step, FinishReason.Length);
            else
                Strategy.Take(step);
        }
        finally
        {
            step.Leave();
        }

        if (State.LiveList.Count > group.Width)
        {
            throw new InvalidOperationException(
                $"The strategy {State.StrategyName} has {State.LiveList.Count} live sequences; it said "
                    + $"that there are at most {group.Width} (WidthOf).");
        }

        if (State.LiveList.Count == 0)
            Complete(group);
    }

    private void End(SequenceGroup group, FinishReason reason)
    {
        StrategyStep step = _context.Step;
        try
        {
            step.Begin(this, [], 0, 0, null);
            Strategy.End(step, reason);
            Complete(group);
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
        finally
        {
            step.Leave();
        }
    }

    /// <summary>
    /// The state for whoever takes it away, or a copy. Its time in this engine is counted, and goes on only here.
    /// </summary>
    private RequestState Leave(bool leaves)
    {
        TimeSpan elapsed = State.Elapsed + _context.Clock.GetElapsedTime(_submitted);
        RequestState given = leaves ? State : State.Copy();
        given.Elapsed = elapsed;
        if (!leaves)
            return given;
        IsDone = true;
        given.Give();
        return given;
    }

    /// <summary>What a sequence needs in this process, from what it is.</summary>
    private void Equip(SequenceState sequence, SamplerChain chain)
    {
        if (sequence.Sampler is null)
        {
            sequence.Sampler = chain.Copy();
            sequence.Sampler.Restore(sequence.SavedSampler, CollectionsMarshal.AsSpan(sequence.List)[sequence.PromptLength..]);
        }

        if (_text is null || sequence.Stream is not null)
            return;
        sequence.Stream = _text.Copy();
        for (int i = sequence.PromptLength; i < sequence.List.Count; i++)
            sequence.Stream.Append(sequence.List[i], i + 1 - sequence.PromptLength >= State.Request.MinNewTokens, out _);
    }

    /// <summary>Sequences that are read at once may have grown beyond what a step, or the model, takes.</summary>
    private void RequireRoom(WishList wishes)
    {
        int together = State.Request.EncoderInput.Length + wishes.Items.Where(wish => wish.Together != 0).Sum(wish => wish.Rows);
        foreach (Wish wish in wishes.Items)
        {
            if (wish.Rows > _context.Model.ContextLength)
                throw new PromptTooLongException("The sequence", wish.Rows, 0, _context.Model.ContextLength);
            int rows = wish.Together != 0 || wish.IsSource ? together
                : State.Request.MaskPredict is null ? wish.Rows : State.Request.EncoderInput.Length + wish.Rows;
            if (rows > _context.Options.TokenBudget)
            {
                throw new RequestTooLargeException("rows in one step", rows, _context.Options.TokenBudget,
                    "A sequence is read at once; make TokenBudget larger.");
            }
        }
    }

    /// <summary>Writes down what the engine knows of the request.</summary>
    private void Settle(SequenceGroup group)
    {
        TimeProvider clock = _context.Clock;
        if (State.Queued is null && group.FirstAdmitted is { } admitted)
            (State.Queued, State.CachedTokens) = (State.Elapsed + clock.GetElapsedTime(_submitted, admitted), group.CachedTokens);
        State.ForwardRows += group.ForwardRows;
        State.Preemptions += group.Preemptions;
        (group.ForwardRows, group.Preemptions) = (0, 0);
    }

    private void Complete(SequenceGroup group)
    {
        IsDone = true;
        List<GenerationChoice> choices = [];
        foreach (SequenceState sequence in Strategy.Choices(State)
            ?? throw new InvalidOperationException($"The strategy {State.StrategyName} gave null for its choices."))
        {
            choices.Add(ChoiceOf(choices.Count, sequence));
        }

        if (!Streams)
        {
            foreach (GenerationChoice choice in choices)
                _handle.WriteChoice(choice);
        }

        Settle(group);
        _handle.Used = Usage(State.FinishedList);
        if (_cancelled)
        {
            _handle.CompleteCancelled();
            return;
        }

        TimeSpan total = State.Elapsed + _context.Clock.GetElapsedTime(_submitted);
        TimeSpan sampling = State.Sampling + (_taking == 0 ? TimeSpan.Zero : _context.Clock.GetElapsedTime(_taking));
        _handle.Complete(new GenerationResult
        {
            Choices = choices,
            PromptLogprobs = State.PromptScores,
            Usage = _handle.Used,
            Timings = new GenerationTimings
            {
                Queued = State.Queued ?? total,
                FirstToken = State.FirstToken,
                Total = total,
                Sampling = sampling,
            },
            Seed = State.Seed,
        });
    }

    /// <summary>What it has used for sequences.</summary>
    private GenerationUsage Usage(IEnumerable<SequenceState> sequences) => new()
    {
        PromptTokens = State.Request.Prompt.Length + State.Request.EncoderInput.Length,
        CachedTokens = State.CachedTokens,
        NewTokens = sequences.Sum(s => s.NewTokens),
        ForwardRows = State.ForwardRows,
        DraftTokens = State.DraftTokens,
        AcceptedTokens = State.AcceptedTokens,
        Preemptions = State.Preemptions,
    };

    private GenerationChoice ChoiceOf(int index, SequenceState sequence) => new()
    {
        Index = index,
        TokenIds = Strategy.Remembers ? sequence.List[sequence.PromptLength..] : [.. sequence.List],
        Text = sequence.FinishedText ?? TextOf(sequence),
        Finish = sequence.Finish ?? throw new InvalidOperationException(
            $"The strategy {State.StrategyName} gave sequence {sequence.Index} for a choice, which is not finished."),
        Score = Strategy.ScoreOf(State, sequence),
        Logprobs = State.Request.Logprobs is null ? null : sequence.Scores ?? [],
    };

    /// <summary>The text of a sequence that was not streamed: up to a stop string if there is one.</summary>
    public string TextOf(SequenceState sequence)
    {
        if (_text is null)
            return "";
        TextStream stream = _text.Copy();
        bool stopped = false;
        IReadOnlyList<int> tokens = Strategy.TextTokens(_context.Model, State, sequence);
        for (int i = 0; i < tokens.Count && !stopped; i++)
            stream.Append(tokens[i], i + 1 >= State.Request.MinNewTokens, out stopped);
        if (!stopped)
            stream.Flush(mayStop: false, out _);
        return stream.All;
    }

    private void ScorePrompt(in PlannedSegment segment, int index, StepRows rows)
    {
        Sequence sequence = segment.Sequence;
        List<TokenLogprobs> prompt = State.PromptScores!;
        for (int row = 0; row < segment.Rows; row++)
        {
            // The row at position p scores the token at p + 1; after a preemption some are known already.
            int scored = segment.First + row + 1;
            if (scored < sequence.PromptLength && prompt.Count == scored - 1)
            {
                prompt.Add(LogprobReader.Read(_context.Scratch, rows.Logits(index, row), sequence.Tokens[scored],
                    State.Request.PromptLogprobs!.Value));
            }
        }
    }
}

namespace Seriatim.Generation;

/// <summary>
/// What a strategy may do with the rows of a pass. The one place where tokens are appended: whatever remembers tokens (penalties,
/// processors, text, log-probabilities, the clock) learns of each exactly once.
/// </summary>
/// <remarks>Valid during the call it was given to; the engine uses it again.</remarks>
public sealed class StrategyStep
{
    private readonly EngineContext _context;
    private readonly List<SequenceState> _ready = [];
    private GenerationWork? _current;
    private StepRows? _rows;

    internal StrategyStep(EngineContext context) => _context = context;

    /// <summary>The request.</summary>
    /// <exception cref="InvalidOperationException">The step is over.</exception>
    public RequestState State => Work.State;

    /// <summary>The sequences whose wishes are fulfilled: one, or all that were wished together.</summary>
    public IReadOnlyList<SequenceState> Ready => _ready;

    /// <summary>Most new tokens of a sequence.</summary>
    public int MaxNewTokens => Work.MaxNewTokens;

    internal GenerationRequest Request => Work.State.Request;

    /// <summary>The drafts of a sequence, the first of which were verified in this step.</summary>
    internal Draft DraftOf(SequenceState sequence) => sequence.Lane!.Draft;

    /// <summary>How many rows of drafts were verified with the sequence.</summary>
    internal int Drafted { get; private set; }

    /// <summary>Logits of a row: of the last token (row 0), or of one of the rows of a whole sequence that were wished.</summary>
    /// <param name="sequence">One of <see cref="Ready"/>.</param>
    /// <param name="row">From 0, in the order of the wish.</param>
    /// <returns>V numbers (of classifiers: the classes), until the step is over.</returns>
    /// <exception cref="ArgumentOutOfRangeException">It has not so many rows.</exception>
    public ReadOnlySpan<float> Logits(SequenceState sequence, int row = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        return Rows.Logits(SegmentOf(sequence), FirstRow + row);
    }

    /// <summary>A hidden row of a sequence that was read as a whole.</summary>
    /// <param name="sequence">One of <see cref="Ready"/>.</param>
    /// <param name="row">Position.</param>
    /// <returns>E numbers, until the step is over.</returns>
    public ReadOnlySpan<float> Hidden(SequenceState sequence, int row) => Rows.Hidden(SegmentOf(sequence), row);

    /// <summary>
    /// Chooses a token as the request's <see cref="SamplingOptions"/> say, with the random numbers of this sequence and step.
    /// Changes nothing.
    /// </summary>
    /// <param name="sequence">A live sequence.</param>
    /// <param name="logits">V numbers.</param>
    /// <exception cref="NoCandidateException">No token is left, or the logits are not numbers.</exception>
    /// <exception cref="InvalidOperationException">The sequence is not live.</exception>
    public int Choose(SequenceState sequence, ReadOnlySpan<float> logits)
    {
        RequireLive(sequence);
        return SamplerOf(sequence).Choose(Load(sequence, logits));
    }

    /// <summary>
    /// Appends a token to a sequence and tells everyone who has to know; streams it with its text, and finishes the sequence if
    /// it ends with this token: by an end or stop id, a stop string, or its length.
    /// </summary>
    /// <param name="sequence">A live sequence.</param>
    /// <param name="token">Its next token.</param>
    /// <param name="logits">The row it was chosen from, for log-probabilities.</param>
    /// <returns>Why the sequence ends; null: it goes on.</returns>
    /// <exception cref="InvalidOperationException">The sequence is not live.</exception>
    public FinishReason? Extend(SequenceState sequence, int token, ReadOnlySpan<float> logits)
    {
        RequireLive(sequence);
        TokenLogprobs? logprobs = Append(sequence, token, logits);
        FinishReason? reason = ReasonToEnd(sequence);
        string text = AppendText(sequence, token, ref reason);
        if (Work.Streams)
        {
            Work.Emit(new GenerationUpdate
            {
                Choice = sequence.Index,
                TokenId = token,
                Text = text,
                Logprobs = Request.Logprobs is null ? null : logprobs,
                Finish = reason,
            });
        }

        if (reason is { } end)
            Retire(sequence, end);
        return reason;
    }

    /// <summary>
    /// A copy of a sequence that goes its own way, with the next free number. It is live, and shares what is remembered.
    /// </summary>
    /// <param name="sequence">A live sequence.</param>
    /// <exception cref="InvalidOperationException">The sequence is not live.</exception>
    public SequenceState Fork(SequenceState sequence)
    {
        RequireLive(sequence);
        SequenceState fork = sequence.Copy(State.NextIndex());
        fork.Origin = sequence.Lane is null ? sequence.Origin : sequence;
        State.LiveList.Add(fork);
        return fork;
    }

    /// <summary>Changes a token of a sequence that is read as a whole.</summary>
    /// <param name="sequence">A live sequence.</param>
    /// <param name="position">Position in <see cref="SequenceState.Tokens"/>.</param>
    /// <param name="token">The new token.</param>
    /// <exception cref="InvalidOperationException">
    /// What was computed of the sequence is remembered, or it is not live.
    /// </exception>
    public void Replace(SequenceState sequence, int position, int token)
    {
        RequireLive(sequence);
        if (Work.Strategy.Remembers)
            throw new InvalidOperationException("A token that is remembered cannot be changed; only whole sequences can.");
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)position, (uint)sequence.List.Count, nameof(position));
        OptionCheck.Token("token", token, _context.Model.VocabularySize);
        sequence.List[position] = token;
    }

    /// <summary>Ends a sequence. The request ends with its last one.</summary>
    /// <param name="sequence">A live sequence.</param>
    /// <param name="reason">Why.</param>
    /// <exception cref="InvalidOperationException">The sequence is not live.</exception>
    public void Finish(SequenceState sequence, FinishReason reason)
    {
        RequireLive(sequence);
        string rest = sequence.Stream?.Flush(mayStop: false, out _) ?? "";
        if (Work.Streams)
            Work.Emit(new GenerationUpdate { Choice = sequence.Index, Text = rest, Finish = reason });
        Retire(sequence, reason);
    }

    /// <summary>Appends without streaming, and without an end: for those who choose among sequences.</summary>
    internal TokenLogprobs? Append(SequenceState sequence, int token, ReadOnlySpan<float> logits)
    {
        TokenLogprobs? logprobs = Note(sequence, token, logits);
        SamplerOf(sequence).Accept(token);
        return logprobs;
    }

    /// <summary>Writes a token down. What chooses tokens is not told: the sequence has ended with it.</summary>
    internal TokenLogprobs? Note(SequenceState sequence, int token, ReadOnlySpan<float> logits)
    {
        OptionCheck.Token("token", token, _context.Model.VocabularySize);
        sequence.List.Add(token);
        Work.NoteToken();
        if (sequence.Scores is not { } scores)
            return null;
        TokenLogprobs logprobs = LogprobReader.Read(_context.Scratch, logits, token, Request.Logprobs ?? 0);
        scores.Add(logprobs);
        sequence.LogprobSum += logprobs.Chosen.Logprob;
        return logprobs;
    }

    /// <summary><c>log Σ exp</c> of the last token's logits.</summary>
    internal double LogSumExp(SequenceState sequence) => Rows.LogSumExp(SegmentOf(sequence), FirstRow);

    /// <summary>Loads a row for the processors.</summary>
    internal LogitsRow Load(SequenceState sequence, ReadOnlySpan<float> logits)
    {
        LogitsRow row = RowFor(sequence);
        row.Load(logits);
        return row;
    }

    /// <summary>Loads the log-probabilities of a row for the processors.</summary>
    internal LogitsRow LoadLogprobs(SequenceState sequence, ReadOnlySpan<float> logits, double total)
    {
        LogitsRow row = RowFor(sequence);
        row.LoadLogprobs(logits, total);
        return row;
    }

    private LogitsRow RowFor(SequenceState sequence)
    {
        LogitsRow row = _context.Row;
        (row.Tokens, row.PromptLength) = (sequence.List, sequence.PromptLength);
        (row.Seed, row.SequenceIndex, row.EncoderInput) = (State.Seed, sequence.Index, Request.EncoderInput);
        return row;
    }

    /// <summary>Whether a token ends a sequence by itself, and how.</summary>
    internal FinishReason? ReasonOf(int token) => Work.ReasonOf(token);

    /// <summary>Whether nothing may follow by the grammar, and no end id can tell so.</summary>
    internal bool EndsByGrammar(SamplerChain? sampler, int newTokens) => sampler?.Grammar is { HasEnds: false, IsComplete: true }
        && newTokens >= Request.MinNewTokens;

    /// <summary>Drafts that were accepted: their rows are remembered, the others are not.</summary>
    internal void Accept(SequenceState sequence, IReadOnlyList<int> path)
    {
        Draft draft = DraftOf(sequence);
        if (!draft.IsForced)
        {
            State.DraftTokens += Drafted;
            State.AcceptedTokens += path.Count - 1;
            sequence.Lane!.Speculation?.Verified(Drafted, path.Count - 1);
        }

        if (draft.IsChain(Drafted))
            sequence.Lane!.Memory!.Commit(path.Count);
        else
            sequence.Lane!.Memory!.CommitPath([.. path]);
        draft.Clear();
        draft.Accepted = path.Count - 1;
    }

    /// <summary>How the model's targets are begun and refined.</summary>
    internal MaskPredictSpec MaskPredict => _context.Model.MaskPredict
        ?? throw new InvalidOperationException("The model does not fill in whole targets.");

    /// <summary>
    /// Log-probability of a token of a row, with the alternatives that were asked for: its own bits do not depend on them.
    /// </summary>
    internal TokenLogprobs Score(ReadOnlySpan<float> logits, int token, double total)
    {
        var chosen = new TokenLogprob { TokenId = token, Logprob = logits[token] - total };
        return Request.Logprobs is { } top
            ? LogprobReader.Read(_context.Scratch, logits, token, top) with { Chosen = chosen }
            : new TokenLogprobs { Chosen = chosen, Top = [], Rank = 0 };
    }

    /// <summary>The first tokens are there.</summary>
    internal void NoteTokens() => Work.NoteToken();

    /// <summary>Tells of a pass over whole targets.</summary>
    internal void Tell(SequenceState sequence, int pass, int passes, IReadOnlyList<int> masked) => Work.Emit(new GenerationUpdate
    {
        Choice = 0,
        Text = "",
        Refinement = new RefinementStep
        {
            Pass = pass,
            Passes = passes,
            TokenIds = [.. sequence.List],
            Logprobs = [.. sequence.Scores!.Select(score => score.Chosen.Logprob)],
            Masked = masked,
            Text = Work.TextOf(sequence),
        },
    });

    /// <summary>Ends a sequence whose text and updates have been seen to.</summary>
    internal void Retire(SequenceState sequence, FinishReason reason)
    {
        sequence.Finish = reason;
        sequence.FinishedText = sequence.Text;
        (sequence.Stream, sequence.Sampler) = (null, null);
        State.LiveList.Remove(sequence);
        State.FinishedList.Add(sequence);
    }

    internal void Begin(GenerationWork work, ReadOnlySpan<PlannedSegment> segments, int first, int firstRow, StepRows? rows)
    {
        (_current, _rows, FirstRow) = (work, rows, firstRow);
        _ready.Clear();
        Drafted = segments.Length > 0 ? segments[0].Drafts : 0;
        for (int i = 0; i < segments.Length; i++)
        {
            segments[i].Sequence.Segment = first + i;
            _ready.Add(segments[i].Sequence.State!);
        }
    }

    /// <summary>The call is over: whoever kept the step finds nothing in it.</summary>
    internal void Leave()
    {
        (_current, _rows) = (null, null);
        _ready.Clear();
    }

    private int FirstRow { get; set; }

    private GenerationWork Work => _current
        ?? throw new InvalidOperationException("The step is over: a strategy may use it during the call it was given to.");

    private StepRows Rows =>
        _rows ?? throw new InvalidOperationException("There are no rows: the request ends with what it has.");

    private static SamplerChain SamplerOf(SequenceState sequence) =>
        sequence.Sampler ?? throw new InvalidOperationException($"Sequence {sequence.Index} is finished.");

    private void RequireLive(SequenceState sequence)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        if (!State.LiveList.Contains(sequence))
        {
            throw new InvalidOperationException(
                $"Sequence {sequence.Index} is finished, or of another request; a live one is needed.");
        }
    }

    private int SegmentOf(SequenceState sequence)
    {
        int at = _ready.IndexOf(sequence);
        return at >= 0 ? sequence.Lane!.Segment
            : throw new ArgumentException($"Sequence {sequence.Index} has no rows in this step.", nameof(sequence));
    }

    private FinishReason? ReasonToEnd(SequenceState sequence) => ReasonOf(sequence.List[^1])
        ?? (EndsByGrammar(sequence.Sampler, sequence.NewTokens) ? FinishReason.Grammar : (FinishReason?)null)
        ?? (sequence.NewTokens >= MaxNewTokens ? FinishReason.Length : null);

    private string AppendText(SequenceState sequence, int token, ref FinishReason? reason)
    {
        if (sequence.Stream is not { } stream)
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
}

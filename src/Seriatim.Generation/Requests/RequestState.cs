namespace Seriatim.Generation;

/// <summary>
/// A request as it stands between two steps, and nothing else: what was asked for and decided, and of each continuation its
/// tokens, scores and what its processors remember. No pages: whoever goes on with it reads prompt and output again as one
/// prompt, goes on with the random numbers of the step it had reached, and gives the same bits. So being preempted, surviving a
/// fault, being suspended and moving to another process are one thing.
/// </summary>
/// <remarks>
/// <see cref="GenerationHandle.ExportAsync"/> takes one out of an engine, <see cref="GenerationEngine.Submit(RequestState,
/// CancellationToken)"/> puts one in; between the two it can be copied and saved (<see cref="ToBytes"/>, <see cref="ToJson"/>).
/// </remarks>
public sealed partial class RequestState
{
    private int _nextIndex = 1;
    private int _taken;

    internal RequestState(GenerationRequest request, string strategy) => (Request, StrategyName) = (request, strategy);

    /// <summary>
    /// The request, with everything decided that a request may leave open: seed, end ids, most new tokens.
    /// </summary>
    public GenerationRequest Request { get; private init; }

    /// <summary>Name of its strategy.</summary>
    public string StrategyName { get; }

    /// <summary>What identifies the model that it began with; null: no engine has run it.</summary>
    public string? Model { get; internal set; }

    /// <summary>
    /// How keys and values are kept where it began, since that changes what it gives; null: no engine has run it.
    /// </summary>
    public KeyValueType? KeyValues { get; internal set; }

    /// <summary>Seed of its random numbers.</summary>
    public ulong Seed => Request.Seed ?? 0;

    /// <summary>
    /// Sequences that go on, in the order of the strategy. The list changes as they end and fork: whoever
    /// loops over it to do that takes a copy first.
    /// </summary>
    public IReadOnlyList<SequenceState> Live => LiveList;

    /// <summary>Sequences that have ended.</summary>
    public IReadOnlyList<SequenceState> Finished => FinishedList;

    /// <summary>Whether the strategy has taken its first rows.</summary>
    public bool HasBegun { get; set; }

    /// <summary>A number of the strategy's: iterations of those that have any.</summary>
    public int Steps { get; set; }

    /// <summary>Numbers of the strategy's own: whatever else it has to remember from step to step.</summary>
    public IList<int> Numbers { get; } = [];

    /// <summary>Log-probabilities of the prompt so far, if they were asked for.</summary>
    public IReadOnlyList<TokenLogprobs>? PromptLogprobs => PromptScores;

    /// <summary>Time from submission until it was first admitted, in all engines; null: it was not.</summary>
    public TimeSpan? Queued { get; internal set; }

    /// <summary>Time from submission until its first token; null: there is none.</summary>
    public TimeSpan? FirstToken { get; internal set; }

    /// <summary>Time in engines so far. Between engines its clock stands still.</summary>
    public TimeSpan Elapsed { get; internal set; }

    internal TimeSpan Sampling { get; set; }

    internal int CachedTokens { get; set; }

    internal long ForwardRows { get; set; }

    internal long DraftTokens { get; set; }

    internal long AcceptedTokens { get; set; }

    internal int Preemptions { get; set; }

    internal List<SequenceState> LiveList { get; } = [];

    internal List<SequenceState> FinishedList { get; } = [];

    internal List<TokenLogprobs>? PromptScores { get; set; }

    /// <summary>A copy that shares nothing that changes, and that no engine has.</summary>
    public RequestState Copy()
    {
        var copy = new RequestState(Request, StrategyName)
        {
            Model = Model,
            KeyValues = KeyValues,
            HasBegun = HasBegun,
            Steps = Steps,
            PromptScores = PromptScores is null ? null : [.. PromptScores],
            Queued = Queued,
            FirstToken = FirstToken,
            Elapsed = Elapsed,
            Sampling = Sampling,
            CachedTokens = CachedTokens,
            ForwardRows = ForwardRows,
            DraftTokens = DraftTokens,
            AcceptedTokens = AcceptedTokens,
            Preemptions = Preemptions,
            _nextIndex = _nextIndex,
        };
        foreach (int number in Numbers)
            copy.Numbers.Add(number);
        foreach (SequenceState sequence in LiveList)
            copy.LiveList.Add(sequence.CopyAlone());
        foreach (SequenceState sequence in FinishedList)
            copy.FinishedList.Add(sequence.CopyAlone());
        return copy;
    }

    /// <summary>The state of a request that nobody has begun.</summary>
    /// <param name="request">A request in which everything is decided.</param>
    internal static RequestState Of(GenerationRequest request)
    {
        var state = new RequestState(request, Strategy.Of(request).Name)
        {
            PromptScores = request.PromptLogprobs is null ? null : [],
        };
        bool scores = request.Logprobs is not null || request.BestOf > request.Count;
        state.LiveList.Add(new SequenceState(0, [.. request.Prompt.Span], request.Prompt.Length) { Scores = scores ? [] : null });
        return state;
    }

    /// <summary>The index that the next fork gets.</summary>
    internal int LeastNextIndex => _nextIndex;

    internal int NextIndex() => _nextIndex++;

    /// <summary>Becomes an engine's: two that ran one state would run in each other's memory.</summary>
    /// <exception cref="InvalidOperationException">An engine has it, or had it until it ended.</exception>
    internal void Take()
    {
        if (Interlocked.Exchange(ref _taken, 1) != 0)
        {
            throw new InvalidOperationException(
                "The state was submitted already, and an engine owns it; submit a Copy, made before, to go on with it twice.");
        }

        foreach (SequenceState sequence in LiveList)
            (sequence.Lane, sequence.Origin) = (null, null);
    }

    /// <summary>Is nobody's again.</summary>
    internal void Give()
    {
        foreach (SequenceState sequence in LiveList)
            (sequence.Lane, sequence.Origin) = (null, null);
        Volatile.Write(ref _taken, 0);
    }
}

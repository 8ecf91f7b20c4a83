namespace Seriatim.Generation;

/// <summary>
/// How a request becomes tokens: sampling, beam search, or your own (<see cref="GenerationRequest.Strategy"/>). A strategy turns
/// a <see cref="RequestState"/> into wishes for the next pass of the model, and the rows of the pass into the next state. It
/// knows nothing of pages, batches, neighbours or time, and keeps nothing of its own: all that a request is stands in its state,
/// which the engine may put aside, copy, compute again or move to another process between any two steps.
/// </summary>
/// <remarks>
/// The engine's thread calls it, for one request after the other; one object may serve many requests. What it throws fails the
/// request it was called for and no other.
/// </remarks>
public abstract class Strategy
{
    /// <summary>Its name in a saved <see cref="RequestState"/>.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Whether its sequences remember what was computed (causal decoding). If not, each wish reads a whole sequence
    /// (<see cref="WishList.ReadWhole"/>), as encoders do.
    /// </summary>
    public virtual bool Remembers => true;

    /// <summary>Most sequences at a time.</summary>
    /// <param name="request">The request.</param>
    public virtual int WidthOf(GenerationRequest request) => 1;

    /// <summary>Whether tokens are final as soon as they are appended, so that they can be streamed.</summary>
    /// <param name="request">The request.</param>
    public virtual bool Streams(GenerationRequest request) => true;

    /// <summary>Refuses a request that it cannot serve. Called on the thread that submits.</summary>
    /// <param name="request">The request.</param>
    /// <param name="vocabulary">Number of token ids, V.</param>
    /// <exception cref="InvalidOptionException">An option contradicts the strategy.</exception>
    public virtual void Check(GenerationRequest request, int vocabulary)
    {
    }

    /// <summary>What the next pass is to compute for the sequences that are live. Changes nothing.</summary>
    /// <param name="state">The request.</param>
    /// <param name="wishes">Where the wishes go.</param>
    public abstract void Wish(RequestState state, WishList wishes);

    /// <summary>Takes the rows of a pass into the next state.</summary>
    /// <param name="step">
    /// The rows (<see cref="StrategyStep.Ready"/> tells of which sequences) and what can be done with them.
    /// </param>
    public abstract void Take(StrategyStep step);

    /// <summary>
    /// Ends all live sequences with what they have: the time is over, nobody wants them any more, or no new token was asked for.
    /// </summary>
    /// <param name="step">What can be done; there are no rows.</param>
    /// <param name="reason">Why.</param>
    public virtual void End(StrategyStep step, FinishReason reason)
    {
        ArgumentNullException.ThrowIfNull(step);
        while (step.State.Live.Count > 0)
            step.Finish(step.State.Live[0], reason);
    }

    /// <summary>The finished sequences that are returned, in their order. Called when none is live.</summary>
    /// <param name="state">The request.</param>
    public virtual IEnumerable<SequenceState> Choices(RequestState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Finished.OrderBy(sequence => sequence.Index);
    }

    /// <summary>The number that a returned sequence was ranked by; null: it was not.</summary>
    /// <param name="state">The request.</param>
    /// <param name="sequence">One of <see cref="Choices"/>.</param>
    public virtual double? ScoreOf(RequestState state, SequenceState sequence) => null;

    /// <summary>The tokens of a sequence that are text.</summary>
    /// <param name="model">The model.</param>
    /// <param name="state">The request.</param>
    /// <param name="sequence">A sequence of it.</param>
    internal virtual IReadOnlyList<int> TextTokens(IGenerationModel model, RequestState state, SequenceState sequence)
    {
        int first = Remembers ? sequence.PromptLength : 0;
        int ending = sequence.Finish is FinishReason.EndOfSequence or FinishReason.StopId ? 1 : 0;
        return sequence.List[first..Math.Max(first, sequence.List.Count - ending)];
    }

    /// <summary>The strategy of a request.</summary>
    internal static Strategy Of(GenerationRequest request) => request.Strategy
        ?? (request.MaskPredict is not null ? MaskPredictStrategy.Instance
            : request.Beam is not null ? BeamStrategy.Instance : SamplingStrategy.Instance);

    /// <summary>The engine's own strategy of a name; null: it has none.</summary>
    internal static Strategy? Own(string name) => Array.Find(
        (Strategy[])[SamplingStrategy.Instance, BeamStrategy.Instance, MaskPredictStrategy.Instance], own => own.Name == name);
}

namespace Seriatim.Generation;

/// <summary>
/// The processors of a sequence in their order, and the choice of a token at their end. Choosing changes no state; whoever appends
/// a token accepts it, once.
/// </summary>
internal sealed partial class SamplerChain
{
    private readonly LogitsProcessor[] _scores;
    private readonly LogitsProcessor[] _warpers;
    private readonly bool _greedy;

    /// <param name="request">A checked request.</param>
    /// <param name="endIds">Ids that end a sequence.</param>
    /// <param name="maxNewTokens">The real limit of new tokens.</param>
    /// <param name="vocabulary">Number of ids.</param>
    public SamplerChain(GenerationRequest request, IReadOnlyList<int> endIds, int maxNewTokens, int vocabulary)
    {
        SamplingOptions options = request.Sampling;
        _scores = [.. Scores(request, endIds, maxNewTokens, vocabulary)];
        _warpers = options.Temperature == 0 ? [] : [.. Warpers(options)];
        _greedy = options.Temperature == 0;
        HasState = Array.Exists(_scores, HasOwnState) || Array.Exists(_warpers, HasOwnState);
    }

    private SamplerChain(SamplerChain other)
    {
        _scores = Array.ConvertAll(other._scores, processor => processor.Copy());
        _warpers = Array.ConvertAll(other._warpers, processor => processor.Copy());
        (_greedy, HasState) = (other._greedy, other.HasState);
    }

    /// <summary>Whether any processor remembers something of its sequence.</summary>
    public bool HasState { get; }

    /// <summary>
    /// A chain that goes its own way from here. Processors without state are shared; if none has any, so is the chain.
    /// </summary>
    public SamplerChain Copy() => HasState ? new SamplerChain(this) : this;

    /// <summary>Constraints and penalties; in beam search they work on log-probabilities.</summary>
    public void ApplyScores(LogitsRow row)
    {
        Apply(_scores, row);
        row.Touch();
    }

    /// <summary>Temperature and truncation.</summary>
    public void ApplyWarpers(LogitsRow row) => Apply(_warpers, row);

    /// <summary>Chooses a token of the row that was loaded; the sequence is as it was until the token is accepted.</summary>
    /// <exception cref="NoCandidateException">No token is left, or logits are not numbers.</exception>
    /// <exception cref="ProcessorException">A processor threw.</exception>
    public int Choose(LogitsRow row)
    {
        ApplyScores(row);
        int best = Best(row);
        if (_greedy)
            return best;
        ApplyWarpers(row);
        int id = row.Race();
        foreach (LogitsProcessor processor in _warpers)
            processor.Chose(row, id);
        return id;
    }

    /// <summary>Advances all processors by a token that was appended to the sequence.</summary>
    /// <exception cref="ProcessorException">A processor threw.</exception>
    public void Accept(int token)
    {
        foreach (LogitsProcessor processor in _scores)
            Accept(processor, token);
        foreach (LogitsProcessor processor in _warpers)
            Accept(processor, token);
    }

    private static bool HasOwnState(LogitsProcessor processor) => processor.Copy() != processor;

    private static void Accept(LogitsProcessor processor, int token)
    {
        try
        {
            processor.Accept(token);
        }
        catch (Exception exception) when (exception is not GenerationException)
        {
            throw new ProcessorException(processor.Name, "accept a token", exception);
        }
    }

    private static void Apply(LogitsProcessor[] processors, LogitsRow row)
    {
        int at = 0;
        try
        {
            for (; at < processors.Length; at++)
                processors[at].Apply(row);
        }
        catch (Exception exception) when (exception is not GenerationException)
        {
            throw new ProcessorException(processors[at].Name, "change logits", exception);
        }
    }

    /// <summary>The most probable token; ties: the smaller id.</summary>
    private static int Best(LogitsRow row)
    {
        if (!LogitsScan.TryMax(row.Logits, out float highest))
            throw new NoCandidateException("the model's logits are not finite numbers", row.Step);
        int best = float.IsNegativeInfinity(highest) ? -1 : row.Logits.AsSpan().IndexOf(highest);
        return best >= 0
            ? best
            : throw new NoCandidateException("the constraints (bad words, allowed ids, n-grams, minimum, forced ids) leave none",
                row.Step);
    }

    private static IEnumerable<LogitsProcessor> Scores(GenerationRequest request, IReadOnlyList<int> endIds, int maxNewTokens,
        int vocabulary)
    {
        (TokenConstraints constraints, PenaltyOptions penalties) = (request.Sampling.Constraints, request.Sampling.Penalties);
        if (constraints.LogitBias.Count > 0)
            yield return new TokenBiases(constraints.LogitBias);
        if (constraints.SequenceBiases.Count > 0)
            yield return new SequenceBiases(constraints.SequenceBiases);
        if (penalties.EncoderRepetition != 1)
            yield return new EncoderRepetitionPenalty(penalties.EncoderRepetition);
        if (penalties.Repetition != 1)
            yield return new RepetitionPenalty(penalties.Repetition, penalties.LastN);
        if (penalties.Presence != 0 || penalties.Frequency != 0)
            yield return new CountPenalty(penalties.Presence, penalties.Frequency, penalties.LastN);
        if (penalties.Dry is { } dry)
            yield return new DryPenalty(dry);
        if (penalties.NoRepeatNgramSize > 0)
            yield return new NoRepeatNgram(penalties.NoRepeatNgramSize);
        if (constraints.BadWords.Count > 0)
        {
            yield return new SequenceBiases(
                [.. constraints.BadWords.Select(word => new SequenceBias(word, float.NegativeInfinity))]);
        }
        if (request.MinNewTokens > 0)
            yield return new MinTokens(request.MinNewTokens, endIds.Concat(request.StopIds));
        if (request.IgnoreEndIds)
            yield return new SuppressTokens(endIds);
        if (constraints.Suppressed.Count > 0)
            yield return new SuppressTokens(constraints.Suppressed);
        if (constraints.Allowed is { } allowed)
            yield return new AllowTokens(allowed, vocabulary);
        if (request.ForcedPrefix.Count > 0)
            yield return new ForcePrefix(request.ForcedPrefix);
        if (request.ForcedEndId is { } forced)
            yield return new ForceEnd(maxNewTokens - 1, forced);
    }

    private static IEnumerable<LogitsProcessor> Warpers(SamplingOptions options) => options.Order == SamplerOrder.HuggingFace
        ? [.. Temperature(options), .. TruncationOrders.Of(TruncationOrders.HuggingFace, options)]
        : [.. TruncationOrders.Of(TruncationOrders.LlamaCpp, options), .. Temperature(options)];

    private static IEnumerable<LogitsProcessor> Temperature(SamplingOptions options)
    {
        if (options.DynamicTemperature is { } dynamic)
            yield return new DynamicTemperatureScale(options.Temperature, dynamic);
        else if (options.Temperature != 1)
            yield return new TemperatureScale(options.Temperature);
        if (options.Mirostat is not null)
            yield return new MirostatTruncation(options.Mirostat);
    }
}

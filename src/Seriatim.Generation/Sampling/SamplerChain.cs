namespace Seriatim.Generation;

/// <summary>The processors of a request in their order, and the choice of a token at their end. One for each request.</summary>
internal sealed class SamplerChain
{
    private readonly LogitsProcessor[] _scores;
    private readonly LogitsProcessor[] _warpers;
    private readonly MirostatOptions? _mirostat;
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
        (_greedy, _mirostat) = (options.Temperature == 0, options.Mirostat);
    }

    /// <summary>A new sequence's state.</summary>
    public SamplerState NewState() => new() { Mu = 2 * (_mirostat?.Tau ?? 0) };

    /// <summary>Constraints and penalties; in beam search they work on log-probabilities.</summary>
    public void ApplyScores(LogitsRow row)
    {
        foreach (LogitsProcessor processor in _scores)
            processor.Apply(row);
        row.Touch();
    }

    /// <summary>Temperature and truncation.</summary>
    public void ApplyWarpers(LogitsRow row)
    {
        foreach (LogitsProcessor processor in _warpers)
            processor.Apply(row);
    }

    /// <summary>Chooses a token of the row that was loaded.</summary>
    /// <exception cref="NoCandidateException">No token is left, or logits are not numbers.</exception>
    public int Choose(LogitsRow row)
    {
        ApplyScores(row);
        int best = Best(row);
        if (_greedy)
            return best;
        ApplyWarpers(row);
        int id = row.Race();
        if (_mirostat is { } mirostat)
        {
            (double max, double sum) = row.SoftmaxParts();
            double surprise = (max + PlainMath.Log(sum) - row.Logits[id]) / PlainMath.Log(2);
            row.State.Mu -= mirostat.Eta * (surprise - mirostat.Tau);
        }

        return id;
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
            yield return new MirostatTruncation();
    }
}

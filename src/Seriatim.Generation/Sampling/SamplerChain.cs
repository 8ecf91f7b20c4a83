namespace Seriatim.Generation;

/// <summary>
/// The processors of a sequence in their order, and the choice of a token at their end. Choosing changes no state; whoever
/// appends a token accepts it, once.
/// </summary>
internal sealed partial class SamplerChain
{
    private readonly LogitsProcessor[] _scores;
    private readonly LogitsProcessor[] _warpers;
    private readonly Sampler[] _samplers; // of the scores, then of the warpers
    private readonly bool _greedy;

    /// <param name="request">A checked request.</param>
    /// <param name="endIds">Ids that end a sequence.</param>
    /// <param name="maxNewTokens">The real limit of new tokens.</param>
    /// <param name="vocabulary">Number of ids.</param>
    public SamplerChain(GenerationRequest request, IReadOnlyList<int> endIds, int maxNewTokens, int vocabulary)
    {
        var terms = new SamplerTerms(request, endIds, maxNewTokens, vocabulary);
        _greedy = terms.Options.Temperature == 0;
        var scores = Make(terms, sampler => sampler.Stage == SamplerStage.Score);
        var warpers = _greedy ? [] : Make(terms, sampler => sampler.Stage != SamplerStage.Score);
        _scores = [.. scores.Select(one => one.Processor)];
        _warpers = [.. warpers.Select(one => one.Processor)];
        _samplers = [.. scores.Concat(warpers).Select(one => one.Sampler)];
        HasState = Array.Exists(_scores, HasOwnState) || Array.Exists(_warpers, HasOwnState);
        Grammar = _scores.OfType<GrammarConstraint>().FirstOrDefault();
    }

    private SamplerChain(SamplerChain other)
    {
        _scores = Array.ConvertAll(other._scores, processor => processor.Copy());
        _warpers = Array.ConvertAll(other._warpers, processor => processor.Copy());
        (_greedy, HasState, _samplers) = (other._greedy, other.HasState, other._samplers);
        Grammar = _scores.OfType<GrammarConstraint>().FirstOrDefault();
    }

    /// <summary>The grammar, with where the sequence stands in it; null: there is none.</summary>
    public GrammarConstraint? Grammar { get; }

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
        return Draw(row);
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

    private int Draw(LogitsRow row)
    {
        int id = row.Race();
        foreach (LogitsProcessor processor in _warpers)
            processor.Chose(row, id);
        return id;
    }

    private static List<(Sampler Sampler, LogitsProcessor Processor)> Make(SamplerTerms terms, Func<Sampler, bool> which) =>
        [.. Samplers.In(terms.Options.Order).Where(which).SelectMany(
            sampler => sampler.For(terms).Select(processor => (sampler, processor)))];

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
        if (!LogitsScan.TryMax(row.Values, out float highest))
            throw new NoCandidateException("the model's logits are not finite numbers", row.Step);
        int best = float.IsNegativeInfinity(highest) ? -1 : row.Values.AsSpan().IndexOf(highest);
        return best >= 0
            ? best
            : throw new NoCandidateException(
                "the constraints (bad words, allowed ids, n-grams, minimum, forced ids, grammar) leave none",
                row.Step);
    }
}

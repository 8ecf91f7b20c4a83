using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>
/// What a request of any protocol says about generation, before it is known which model it is for. What is not said is as the
/// model's defaults have it.
/// </summary>
internal sealed class GenerationSettings
{
    private readonly List<SamplingEdit> _edits = [];
    private (LanguageModel Model, SamplingOptions Sampling)? _sampling;
    private (IReadOnlyList<string> Before, IReadOnlyList<string> All) _stops = ([], []);
    private (IReadOnlyList<int> Before, IReadOnlyList<int> All) _stopIds = ([], []);

    public int? MaxTokens { get; set; }

    /// <summary>Whether it goes on as long as there is room, whatever the model's default is.</summary>
    public bool IsUnlimited { get; private set; }

    public int? MinTokens { get; set; }

    public ulong? Seed { get; set; }

    public int Count { get; set; } = 1;

    public int? BestOf { get; set; }

    public IReadOnlyList<string> Stop { get; set; } = [];

    public IReadOnlyList<int> StopIds { get; set; } = [];

    public bool IgnoresEnd { get; set; }

    /// <summary>Alternatives for each new token; null: no log-probabilities.</summary>
    public int? Logprobs { get; set; }

    /// <summary>Alternatives for each token of the prompt; null: no log-probabilities.</summary>
    public int? PromptLogprobs { get; set; }

    /// <summary>Whether those of the prompt are told by themselves.</summary>
    public bool TellsPromptLogprobs { get; set; }

    public bool UsesBeams { get; set; }

    public double? LengthPenalty { get; set; }

    public bool? EarlyStopping { get; set; }

    public bool UsesPrefixCache { get; set; } = true;

    public string? CacheSalt { get; set; }

    /// <summary>How much later than others it may go.</summary>
    public int Patience { get; set; }

    public TimeSpan? Timeout { get; set; }

    /// <summary>How many of the last tokens penalties count; null: all.</summary>
    public int? PenaltyLastN { get; set; }

    /// <summary>Whether <see cref="PenaltyLastN"/> was said.</summary>
    public bool HasPenaltyLastN { get; set; }

    /// <summary>Texts over which DRY extends no repetition; null: the usual ones.</summary>
    public IReadOnlyList<string>? DryBreakers { get; set; }

    /// <summary>Whether tokens of a draft model, or of the prompt, are tried; null: if the model has a draft model.</summary>
    public SpeculationOptions? Speculation { get; set; }

    /// <summary>What the answer must look like; null: anything.</summary>
    public Grammar? Grammar { get; set; }

    /// <summary>The field that says it.</summary>
    public string? GrammarField { get; set; }

    /// <summary>Sets the most new tokens; null: as many as fit, and not the model's default.</summary>
    public void Limit(int? most) => (MaxTokens, IsUnlimited) = (most, most is null);

    /// <summary>Changes an option of sampling, as a row of the engine's table does.</summary>
    public void Edit(string field, Sampler? needs, Func<SamplingOptions, SamplingOptions> set) =>
        _edits.Add(new SamplingEdit(field, needs, set));

    /// <summary>
    /// A request with these settings. What does not depend on the prompt is made once, so that all prompts share it.
    /// </summary>
    /// <param name="request">What the prompt and the model's defaults made.</param>
    /// <param name="model">The model.</param>
    public GenerationRequest ApplyTo(GenerationRequest request, LanguageModel model)
    {
        if (_sampling?.Model != model)
            _sampling = (model, SamplingFor(model.Defaults.Sampling, model));
        return request with
        {
            Sampling = _sampling.Value.Sampling,
            MaxNewTokens = IsUnlimited ? null : MaxTokens ?? request.MaxNewTokens,
            SoftMaxNewTokens = IsUnlimited ? null : request.SoftMaxNewTokens,
            MinNewTokens = MinTokens ?? Math.Min(request.MinNewTokens, MaxTokens ?? int.MaxValue),
            Seed = Seed ?? request.Seed,
            Count = Count,
            BestOf = UsesBeams ? null : BestOf,
            Beam = UsesBeams ? Beams() : null,
            StopStrings = Joined(ref _stops, request.StopStrings, Stop),
            StopIds = Joined(ref _stopIds, request.StopIds, StopIds.Except(request.StopIds)),
            IgnoreEndIds = IgnoresEnd,
            Logprobs = Logprobs,
            PromptLogprobs = PromptLogprobs,
            UsePrefixCache = UsesPrefixCache,
            CacheSalt = CacheSalt,
            Priority = request.Priority - Patience,
            Timeout = Shorter(Timeout, request.Timeout),
            Speculation = Speculation ?? DraftOf(model),
        };
    }

    private static IReadOnlyList<T> Joined<T>(ref (IReadOnlyList<T> Before, IReadOnlyList<T> All) known,
        IReadOnlyList<T> before, IEnumerable<T> more)
    {
        if (known.All.Count == 0 || !known.Before.SequenceEqual(before))
            known = (before, [.. before, .. more]);
        return known.All;
    }

    private static TimeSpan? Shorter(TimeSpan? one, TimeSpan? other) => one is null || other < one ? other : one;

    /// <summary>A draft model changes no output, so where there is one it is used for what it can do.</summary>
    private SpeculationOptions? DraftOf(LanguageModel model) =>
        model.Engine.Options.DraftModel is null || UsesBeams ? null
            : new SpeculationOptions { Kind = SpeculationKind.DraftModel };

    private BeamOptions Beams()
    {
        var beams = new BeamOptions();
        return beams with
        {
            Beams = BestOf ?? (Count > 1 ? Count : beams.Beams),
            LengthPenalty = LengthPenalty ?? beams.LengthPenalty,
            EarlyStopping = EarlyStopping ?? beams.EarlyStopping,
        };
    }

    private SamplingOptions SamplingFor(SamplingOptions usual, LanguageModel model)
    {
        SamplingOptions options = Edited(usual);

        // Beams, and what truncates by itself, replace the defaults of the truncations, as in llama.cpp and transformers.
        if (UsesBeams)
            options = Edited(new() { Penalties = usual.Penalties });
        else if (Samplers.AnySet(options, sampler => sampler.ReplacesTruncation))
            options = Edited(new() { Temperature = usual.Temperature, Penalties = usual.Penalties });
        PenaltyOptions penalties = options.Penalties;
        if (HasPenaltyLastN)
            penalties = penalties with { LastN = PenaltyLastN };
        if (penalties.Dry is { } dry)
            penalties = penalties with { Dry = dry with { Breakers = TokensWith.Of(model.Tokenizer, DryBreakers) } };
        else if (DryBreakers is not null)
            throw Needs("dry_sequence_breakers", "dry_multiplier");
        return options with { Penalties = penalties, Grammar = Grammar };
    }

    private SamplingOptions Edited(SamplingOptions options)
    {
        foreach (SamplingEdit edit in _edits)
        {
            if (edit.Needs is { } first && !first.IsSet(options))
                throw Needs(edit.Field, SamplingFields.NameOf(first.Flags[0]));
            options = edit.Set(options);
        }

        return options;
    }

    private static ApiException Needs(string field, string other) => ApiException.Invalid(
        $"{field} does nothing without {other}; give that, too.", field, "missing_field");

    private sealed record SamplingEdit(string Field, Sampler? Needs, Func<SamplingOptions, SamplingOptions> Set);
}

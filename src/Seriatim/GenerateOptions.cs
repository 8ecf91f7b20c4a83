using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// What a caller says about a text to be generated; what is not said is as the model's <see cref="LanguageModel.Defaults"/> have
/// it. <see cref="GenerationRequest"/> can say everything.
/// </summary>
public sealed record GenerateOptions
{
    /// <summary>How tokens are chosen; null: as the model's defaults say.</summary>
    public SamplingOptions? Sampling { get; init; }

    /// <summary>
    /// Most new tokens; null: as the model's defaults say, else until the model ends the text or its context is full.
    /// </summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>Fewest new tokens; null: as the model's defaults say.</summary>
    public int? MinNewTokens { get; init; }

    /// <summary>
    /// Seed of the random numbers: the same seed gives the same text, whatever else runs. Null: one is drawn, and reported with
    /// the result.
    /// </summary>
    public ulong? Seed { get; init; }

    /// <summary>Texts that stop it, beside those of the model's defaults.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Most time from submission to the end; when it is over the text ends as it is. Null: no limit.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Requests with a higher priority go first.</summary>
    public int Priority { get; init; }

    /// <summary>Log-probabilities of each new token, with so many alternatives; null: none.</summary>
    public int? Logprobs { get; init; }

    /// <summary>Drafts that are verified in one pass; null: none. Changes no output, only the speed.</summary>
    public SpeculationOptions? Speculation { get; init; }

    /// <summary>What has no word here: takes the request that all else has made, gives the one that runs.</summary>
    public Func<GenerationRequest, GenerationRequest>? Configure { get; init; }

    /// <summary>A request with these options in place of its own.</summary>
    /// <param name="request">As <see cref="LanguageModel.Request"/> or <see cref="LanguageModel.ChatRequest"/> makes it.</param>
    public GenerationRequest ApplyTo(GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        request = request with
        {
            Sampling = Sampling ?? request.Sampling,
            MaxNewTokens = MaxNewTokens ?? request.MaxNewTokens,
            MinNewTokens = MinNewTokens ?? Math.Min(request.MinNewTokens, MaxNewTokens ?? int.MaxValue),
            Seed = Seed ?? request.Seed,
            StopStrings = [.. request.StopStrings, .. StopStrings],
            Timeout = Timeout ?? request.Timeout,
            Priority = Priority,
            Logprobs = Logprobs ?? request.Logprobs,
            Speculation = Speculation ?? request.Speculation,
        };
        return Configure is null ? request : Configure(request);
    }
}

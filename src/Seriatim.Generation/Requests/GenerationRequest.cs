using System.Text.Json.Serialization;
using Seriatim.Tokenizers;

namespace Seriatim.Generation;

/// <summary>
/// What to generate. Options with an exact meaning in other libraries have it here; <c>docs/guide/generation.md</c> lists them in
/// the order they are applied. A request is checked as a whole when it is submitted, and refused with a typed exception if
/// anything is wrong.
/// </summary>
public sealed record GenerationRequest
{
    /// <summary>
    /// Token ids to continue: at least one. For an encoder-decoder: what the decoder starts with, usually one start id. Empty
    /// for a
    /// model that fills in whole targets.
    /// </summary>
    public required ReadOnlyMemory<int> Prompt { get; init; }

    /// <summary>Token ids for the encoder; only for encoder-decoder models, which need at least one.</summary>
    public ReadOnlyMemory<int> EncoderInput { get; init; }

    /// <summary>
    /// Ids that new tokens are chosen from, rising, as if all others had the logit -∞: a vocabulary shortlist (CTranslate2:
    /// <c>use_vmap</c>). The head is multiplied with these rows alone, which spares most of a small model's work, and the result
    /// does not depend on what others in the batch chose. Ids that end a sequence should be among them. Empty: all ids.
    /// </summary>
    public ReadOnlyMemory<int> Shortlist { get; init; }

    /// <summary>
    /// Most new tokens, 1 or more; a request for which so many do not fit is refused. Null: <see cref="SoftMaxNewTokens"/>, or as
    /// many as the context and the page pool hold.
    /// </summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>
    /// Most new tokens where <see cref="MaxNewTokens"/> does not say it: at most so many, as far as the context and the page pool
    /// go. For lengths that no user has asked for. Null: no such limit.
    /// </summary>
    public int? SoftMaxNewTokens { get; init; }

    /// <summary>Fewest new tokens: before that, end and stop ids cannot be chosen and stop strings are not looked for.</summary>
    public int MinNewTokens { get; init; }

    /// <summary>How the next token is chosen.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Beam search instead of sampling; null: none.</summary>
    public BeamOptions? Beam { get; init; }

    /// <summary>
    /// How a model for whole targets fills them in (<see cref="ModelCapability.WholeTargets"/>), which needs it; null for others.
    /// </summary>
    public MaskPredictOptions? MaskPredict { get; init; }

    /// <summary>A strategy of your own instead of sampling and beam search; null: none.</summary>
    [JsonIgnore]
    public Strategy? Strategy { get; init; }

    /// <summary>Drafts that are verified in one pass; null: none. Changes no output, only the speed.</summary>
    public SpeculationOptions? Speculation { get; init; }

    /// <summary>
    /// Seed of all random numbers of this request: the same seed gives the same text, for ever. Null: one is drawn when it is
    /// submitted; <see cref="GenerationHandle.Seed"/> and <see cref="GenerationResult.Seed"/> tell which.
    /// </summary>
    public ulong? Seed { get; init; }

    /// <summary>Continuations to return, n; each has random numbers of its own.</summary>
    public int Count { get; init; } = 1;

    /// <summary>
    /// Continuations to generate, of which the <see cref="Count"/> with the best mean log-probability are returned, best first.
    /// </summary>
    public int? BestOf { get; init; }

    /// <summary>Ids that end a sequence; null: those of the engine (<see cref="EngineOptions.EndIds"/>).</summary>
    public IReadOnlyList<int>? EndIds { get; init; }

    /// <summary>End ids are never chosen (as in llama.cpp).</summary>
    public bool IgnoreEndIds { get; init; }

    /// <summary>Further ids that stop a sequence.</summary>
    public IReadOnlyList<int> StopIds { get; init; } = [];

    /// <summary>Texts that stop a sequence, wherever tokens begin and end; they need a <see cref="Tokenizer"/>.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>
    /// Special tokens whose text comes out with the text, for those who read marks in it, e.g. of calls of tools; they need a
    /// <see cref="Tokenizer"/>. Stop strings are looked for as if they were not there. A token that ends a sequence is not shown.
    /// </summary>
    public IReadOnlyList<int> ShownIds { get; init; } = [];

    /// <summary>New tokens that are given: they must come first. Their scores count as if they had been chosen.</summary>
    public IReadOnlyList<int> ForcedPrefix { get; init; } = [];

    /// <summary>
    /// Id that the last possible new token must be (BART, Marian: <c>forced_eos_token_id</c>), with log-probability 0.
    /// </summary>
    public int? ForcedEndId { get; init; }

    /// <summary>Log-probabilities of each new token, with so many alternatives (0 or more); null: none.</summary>
    public int? Logprobs { get; init; }

    /// <summary>Log-probabilities of each prompt token but the first, with so many alternatives; null: none.</summary>
    public int? PromptLogprobs { get; init; }

    /// <summary>Requests with a higher priority go first, and may take pages from those with a lower one.</summary>
    public int Priority { get; init; }

    /// <summary>
    /// Most time from submission to the end; when it is over the request ends with what it has. Null: no limit.
    /// </summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>
    /// Remember only the last positions, and the first ones as sinks: constant memory, and as many new tokens as wanted,
    /// beyond the model's context too. The window with its sinks must fit into the context. Needs rotary, ALiBi or relative
    /// positions. Null: all that the layers see.
    /// </summary>
    public AttentionWindow? Window { get; init; }

    /// <summary>
    /// Other rotary positions than those of the config, to reach further than the model was trained for; the context
    /// follows from it. Null: those of the config.
    /// </summary>
    public RopeChange? Rope { get; init; }

    /// <summary>
    /// Name of the adapter of the model whose additions to the weights hold for this request; a name the model does not have is
    /// refused with those it has. Requests with different adapters run in the same batches, each with the result it has alone.
    /// Null: the model as it is.
    /// </summary>
    public string? Adapter { get; init; }

    /// <summary>Whether prompts computed before may be reused; changes no output.</summary>
    public bool UsePrefixCache { get; init; } = true;

    /// <summary>
    /// Shares computed prompts only with requests of the same salt, e.g. one for each tenant: nobody can find out by time whether
    /// another one asked the same before. Changes no output. Null: shared with all that give none.
    /// </summary>
    public string? CacheSalt { get; init; }

    /// <summary>
    /// Hears what happens to it, on the engine's thread: it must be quick, and must not throw. Null: nobody does.
    /// </summary>
    internal Action<RequestMoment>? Watch { get; init; }

    /// <summary>Makes text of the tokens; null: token ids only.</summary>
    [JsonIgnore]
    public Tokenizer? Tokenizer { get; init; }
}

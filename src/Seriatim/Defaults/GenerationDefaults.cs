using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// What holds for a request that does not say otherwise: what the model's <c>generation_config.json</c> says, and
/// for what it does not say, <see cref="Common"/>. The same for the command line, this library and
/// <c>IChatClient</c>. Change single fields with <c>with</c>.
/// </summary>
public sealed record GenerationDefaults
{
    /// <summary>Name of the file beside the weights.</summary>
    public const string FileName = "generation_config.json";

    /// <summary>
    /// How long the command line's texts become if neither the user nor the model says a length, as far as the context goes.
    /// </summary>
    public const int UsualNewTokens = 256;

    /// <summary>
    /// For models that say nothing: temperature 0.8, the 40 best tokens, of these 0.95 of the
    /// probability, each with 0.05 of the best one's.
    /// </summary>
    public static GenerationDefaults Common { get; } = new();

    /// <summary>How tokens are chosen.</summary>
    public SamplingOptions Sampling { get; init; } = new() { Temperature = 0.8f, TopK = 40, TopP = 0.95f, MinP = 0.05f };

    /// <summary>Most new tokens (<c>max_new_tokens</c>), as far as the context goes; null: not said.</summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>
    /// Most tokens of prompt and output together (<c>max_length</c>); null: not said. A prompt
    /// that is as long already is not held to it.
    /// </summary>
    public int? MaxLength { get; init; }

    /// <summary>Fewest new tokens (<c>min_new_tokens</c>).</summary>
    public int MinNewTokens { get; init; }

    /// <summary>Fewest tokens of prompt and output together (<c>min_length</c>).</summary>
    public int MinLength { get; init; }

    /// <summary>Ids that end a text: those of the file (<c>eos_token_id</c>), else those of the model's config.</summary>
    public IReadOnlyList<int> EndIds { get; init; } = [];

    /// <summary>Texts that stop (<c>stop_strings</c>).</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>
    /// The model's beam search (<c>num_beams</c>, <c>length_penalty</c>, <c>early_stopping</c>, groups); null: none.
    /// <see cref="Translator"/> uses it. Texts that are continued are sampled unless a request says
    /// <see cref="GenerationRequest.Beam"/>, so that they can stream.
    /// </summary>
    public BeamOptions? Beam { get; init; }

    /// <summary>What a decoder that has an encoder begins with (<c>decoder_start_token_id</c>), if the file says it.</summary>
    public int? DecoderStartId { get; init; }

    /// <summary>The first token of such a decoder's output (<c>forced_bos_token_id</c>), if the file says it.</summary>
    public int? ForcedFirstId { get; init; }

    /// <summary>The last possible token of such a decoder's output (<c>forced_eos_token_id</c>), if the file says it.</summary>
    public int? ForcedEndId { get; init; }

    /// <summary>The file that was read; null: there is none.</summary>
    public string? Source { get; init; }

    /// <summary>What the file says and is not applied, though it could change a text: one sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Most new tokens after a prompt, before the context limits them; null: the model does not say.</summary>
    /// <param name="promptTokens">Tokens of the prompt (encoder-decoder: of the decoder's).</param>
    public int? NewTokensAfter(int promptTokens) => MaxNewTokens ?? (MaxLength > promptTokens ? MaxLength - promptTokens : null);

    /// <summary>A request with these defaults in place of its own.</summary>
    /// <param name="request">A request that says nothing about sampling and length.</param>
    public GenerationRequest ApplyTo(GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        int prompt = request.Prompt.Length;
        int? most = NewTokensAfter(prompt);
        return request with
        {
            Sampling = Sampling,
            SoftMaxNewTokens = most,
            MinNewTokens = Math.Min(Math.Max(MinNewTokens, MinLength - prompt), most ?? int.MaxValue),
            StopStrings = [.. request.StopStrings, .. StopStrings],
        };
    }
}

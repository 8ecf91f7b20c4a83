using System.Runtime.CompilerServices;
using System.Text.Json;
using Seriatim.Formats;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// A model, its tokenizer and an engine that generates with it: text in, text out. Any number of requests may run at the same time, from
/// any thread; they share the engine's steps, and each gets what it would get alone.
/// </summary>
/// <example><code>
/// using var model = await LanguageModel.OpenAsync("path/to/model");
/// await foreach (var piece in model.GenerateAsync("Once upon a time")) Console.Write(piece.Text);
/// </code></example>
public sealed class LanguageModel : IDisposable
{
    private readonly IDifferentiableOps _ops;

    private LanguageModel(Model model, Tokenizer tokenizer, IDifferentiableOps ops, GenerationEngine engine) =>
        (Model, Tokenizer, _ops, Engine) = (model, tokenizer, ops, engine);

    /// <summary>The weights and their shape.</summary>
    public Model Model { get; }

    /// <summary>The tokenizer that belongs to the model.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The engine, for what this class has no words for.</summary>
    public GenerationEngine Engine { get; }

    /// <summary>Opens a model folder in the Hugging Face layout: <c>config.json</c>, safetensors, a tokenizer.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">Threads, storage, engine; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="ModelFormatException">A file is missing or damaged.</exception>
    /// <exception cref="ModelException">The model is not one we can run; the message says why.</exception>
    /// <exception cref="TokenizerFormatException">The tokenizer is missing, damaged or of a kind that is not known.</exception>
    public static Task<LanguageModel> OpenAsync(
        string folder, LanguageModelOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => Open(folder, options ?? new LanguageModelOptions()), cancellationToken);

    /// <summary>Generates a continuation and gives it piece by piece, as soon as the text of each token is certain.</summary>
    /// <param name="prompt">The text to continue; for an encoder-decoder the text to transform.</param>
    /// <param name="sampling">How tokens are chosen; null: from the model's own distribution.</param>
    /// <param name="maxNewTokens">Most new tokens; null: until the model ends the text or its context is full.</param>
    /// <param name="seed">Seed of the random numbers: the same seed gives the same text, whatever else runs.</param>
    /// <param name="cancellationToken">Ends the request at the next step.</param>
    /// <exception cref="GenerationException">The request cannot be served as it was asked.</exception>
    public IAsyncEnumerable<GenerationUpdate> GenerateAsync(
        string prompt, SamplingOptions? sampling = null, int? maxNewTokens = null, ulong seed = 0, CancellationToken cancellationToken = default) =>
        GenerateAsync(Request(prompt) with { Sampling = sampling ?? new(), MaxNewTokens = maxNewTokens, Seed = seed }, cancellationToken);

    /// <summary>As above, with everything a request can say. Start from <see cref="Request"/>.</summary>
    /// <exception cref="GenerationException">The request cannot be served as it was asked.</exception>
    public async IAsyncEnumerable<GenerationUpdate> GenerateAsync(
        GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (GenerationUpdate update in Engine.Submit(request, cancellationToken).WithCancellation(cancellationToken).ConfigureAwait(false))
            yield return update;
    }

    /// <summary>Generates a continuation and gives it when it is complete.</summary>
    /// <param name="prompt">The text to continue; for an encoder-decoder the text to transform.</param>
    /// <param name="sampling">How tokens are chosen; null: from the model's own distribution.</param>
    /// <param name="maxNewTokens">Most new tokens; null: until the model ends the text or its context is full.</param>
    /// <param name="seed">Seed of the random numbers.</param>
    /// <param name="cancellationToken">Ends the request at the next step.</param>
    /// <exception cref="GenerationException">The request cannot be served as it was asked.</exception>
    public Task<GenerationResult> CompleteAsync(
        string prompt, SamplingOptions? sampling = null, int? maxNewTokens = null, ulong seed = 0, CancellationToken cancellationToken = default) =>
        CompleteAsync(Request(prompt) with { Sampling = sampling ?? new(), MaxNewTokens = maxNewTokens, Seed = seed }, cancellationToken);

    /// <summary>As above, with everything a request can say. Start from <see cref="Request"/>.</summary>
    /// <exception cref="GenerationException">The request cannot be served as it was asked.</exception>
    public Task<GenerationResult> CompleteAsync(GenerationRequest request, CancellationToken cancellationToken = default) =>
        Engine.Submit(request, cancellationToken).Completion;

    /// <summary>
    /// The request that a text makes: its tokens with the special ones the model expects; for an encoder-decoder, the start of the
    /// decoder and the end it is forced to. Change what you like with <c>with { ... }</c>.
    /// </summary>
    /// <param name="prompt">The text.</param>
    /// <exception cref="InvalidOptionException">The text has no tokens, or the model is an encoder, which generates nothing.</exception>
    public GenerationRequest Request(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        int[] ids = Tokenizer.Encode(prompt);
        if (Model.Spec is not { Encoder: not null, Decoder: not null })
            return new GenerationRequest { Prompt = ids, Tokenizer = Tokenizer };
        ModelConfig config = Model.Config;
        int start = config.DecoderStartTokenId ?? config.BosTokenId
            ?? throw new ModelFormatException(Models.Model.ConfigFileName, "the config has no decoder_start_token_id.", "Add it; the decoder has to begin with something.");
        return new GenerationRequest
        {
            Prompt = config.ForcedBosTokenId is { } first ? new[] { start, first } : new[] { start },
            EncoderInput = ids,
            ForcedEndId = config.ForcedEosTokenId,
            Tokenizer = Tokenizer,
        };
    }

    /// <summary>Stops the engine (requests under way are cancelled) and gives the memory back.</summary>
    public void Dispose()
    {
        Engine.Dispose();
        _ops.Dispose();
        Model.Dispose();
    }

    private static LanguageModel Open(string folder, LanguageModelOptions options)
    {
        Model model = Model.Load(folder, new ModelLoadOptions { Storage = options.Storage });
        IDifferentiableOps? ops = null;
        try
        {
            Tokenizer tokenizer = Tokenizer.Load(folder);
            EngineOptions engine = options.Engine;
            if (engine.EndIds.Count == 0)
                engine = engine with { EndIds = EndIds(folder, model.Config) };
            ops = CpuOps.Create(options.Threads);
            return new LanguageModel(model, tokenizer, ops, new GenerationEngine(new LoadedModel(model, ops), engine));
        }
        catch
        {
            ops?.Dispose();
            model.Dispose();
            throw;
        }
    }

    /// <summary>The ids that end a text: those of <c>generation_config.json</c> if it has any, as chat models do, else those of the config.</summary>
    private static IReadOnlyList<int> EndIds(string folder, ModelConfig config)
    {
        string path = Path.Combine(folder, "generation_config.json");
        if (!File.Exists(path))
            return config.EosTokenIds;
        using JsonDocument json = LenientJson.Parse(path);
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("eos_token_id", out JsonElement ids))
            return config.EosTokenIds;
        JsonElement[] elements = ids.ValueKind == JsonValueKind.Array ? [.. ids.EnumerateArray()] : [ids];
        return [.. elements.Where(id => id.ValueKind != JsonValueKind.Null).Select(id => id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int value)
            ? value
            : throw new ModelFormatException(path, $"eos_token_id holds {id.GetRawText()}.", "A token id or a list of them is needed."))];
    }
}

using System.Text.Json;
using Seriatim.Formats;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>What every public class of this project stands on: weights, tokenizer, device and engine, opened and closed together.</summary>
internal sealed class OpenedModel : IDisposable
{
    private const int LongestEncoderInput = 4096;

    private readonly IDifferentiableOps _ops;
    private readonly Model? _draft;

    private OpenedModel(string name, Model model, Tokenizer tokenizer, IDifferentiableOps ops, LanguageModelOptions options)
    {
        (Name, Model, Tokenizer, _ops) = (name, model, tokenizer, ops);
        EngineOptions engine = options.Engine;
        try
        {
            if (options.DraftModel is not null)
            {
                _draft = Model.Load(options.DraftModel, new ModelLoadOptions { Storage = options.Storage, Placement = options.Placement });
                engine = engine with { DraftModel = new LoadedModel(_draft, ops) };
            }

            if (model.Spec.Encoder is not null && model.Spec.Context != int.MaxValue)
                engine = engine with { TokenBudget = Math.Max(engine.TokenBudget, Math.Min(model.Spec.Context, LongestEncoderInput)) };
            EngineOptions = engine;
            Trace = options.Trace ? new ModelTrace(model, ops) : null;
            Engine = new GenerationEngine(Trace?.Model ?? new LoadedModel(model, ops), engine);
            Trace?.Engine = Engine;
        }
        catch
        {
            _draft?.Dispose();
            throw;
        }
    }

    public string Name { get; }

    /// <summary>The folder, or the GGUF file, that the name stood for.</summary>
    public string Folder { get; private init; } = "";

    public Model Model { get; }

    public Tokenizer Tokenizer { get; }

    public GenerationEngine Engine { get; }

    public ModelTrace? Trace { get; }

    /// <summary>What the engine was made with.</summary>
    public EngineOptions EngineOptions { get; }

    /// <summary>Finds a model by its name and opens it.</summary>
    public static async Task<OpenedModel> OpenAsync(string name, LanguageModelOptions? options, CancellationToken cancellationToken)
    {
        options ??= new LanguageModelOptions();
        ModelHub hub = options.Hub ?? new ModelHub();
        string folder = await hub.ResolveAsync(name, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (options.DraftModel is { } draft)
            options = options with { DraftModel = await hub.ResolveAsync(draft, cancellationToken: cancellationToken).ConfigureAwait(false) };
        return await Task.Run(() => Open(name, folder, options), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Every request of this project goes through here, and is counted here.</summary>
    public GenerationHandle Submit(string operation, GenerationRequest request, CancellationToken cancellationToken)
    {
        GenerationActivity activity = GenerationActivity.Start(operation, Name, request);
        try
        {
            GenerationHandle handle = Engine.Submit(request, cancellationToken);
            activity.EndWith(handle.Completion);
            return handle;
        }
        catch (Exception failure)
        {
            activity.Fail(failure);
            throw;
        }
    }

    /// <summary>What no text holds: Marian starts with its padding and must never give it (bad_words_ids in its configs); rows beyond the vocabulary.</summary>
    public static IEnumerable<int> Suppressed(Model model, Tokenizer tokenizer)
    {
        int ids = model.Spec.Last.Vocabulary, known = tokenizer.VocabularySize;
        IEnumerable<int> unknown = Enumerable.Range(Math.Min(known, ids), Math.Max(0, ids - known));
        return model.Spec.Family == "marian" && model.Config.PadTokenId is { } padding ? unknown.Append(padding) : unknown;
    }

    public void Dispose()
    {
        Engine.Dispose();
        _ops.Dispose();
        _draft?.Dispose();
        Model.Dispose();
    }

    private static OpenedModel Open(string name, string folder, LanguageModelOptions options)
    {
        Model model = Model.Load(folder, new ModelLoadOptions { Storage = options.Storage, Placement = options.Placement });
        IDifferentiableOps? ops = null;
        try
        {
            Tokenizer tokenizer = model.Config.Metadata is { } metadata ? Tokenizer.FromGguf(metadata) : Tokenizer.Load(folder);
            if (options.Engine.SuppressedIds.Count == 0)
                options = options with { Engine = options.Engine with { SuppressedIds = [.. Suppressed(model, tokenizer)] } };
            if (options.Engine.EndIds.Count == 0)
                options = options with { Engine = options.Engine with { EndIds = EndIds(folder, model.Config) } };
            ops = CpuOps.Create(options.Threads);
            return new OpenedModel(name, model, tokenizer, ops, options) { Folder = folder };
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

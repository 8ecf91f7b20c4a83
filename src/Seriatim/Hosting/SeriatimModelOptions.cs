using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim;

/// <summary>
/// A model of a container, as a section of the configuration says it (<c>appsettings.json</c>, environment). A key that is not
/// here is refused by its name. What has no key is said in code, with <see cref="Configure"/>.
/// </summary>
public sealed class SeriatimModelOptions
{
    /// <summary>The model: a folder, a GGUF file, a built-in name or a hub id. It must be given.</summary>
    public string Model { get; set; } = "";

    /// <summary>Threads; 0 for one a core.</summary>
    public int Threads { get; set; }

    /// <summary>How matrices are kept in memory.</summary>
    public WeightStorage Storage { get; set; } = WeightStorage.AsStored;

    /// <summary>Where quantised matrices of GGUF files lie.</summary>
    public WeightPlacement Placement { get; set; } = WeightPlacement.Packed;

    /// <summary>A smaller model that drafts; null: none.</summary>
    public string? DraftModel { get; set; }

    /// <summary>Measure where the time of a token goes.</summary>
    public bool Trace { get; set; }

    /// <summary>Bytes of keys and values; null: as <see cref="EngineOptions.MemoryBytes"/> has it.</summary>
    public long? MemoryBytes { get; set; }

    /// <summary>How keys and values are kept; null: as <see cref="EngineOptions.KeyValueType"/> has it.</summary>
    public KeyValueType? KeyValueType { get; set; }

    /// <summary>Pages of the engine; null: as <see cref="EngineOptions.Pages"/> has it.</summary>
    public int? Pages { get; set; }

    /// <summary>Tokens of a page; null: as <see cref="EngineOptions.PageSize"/> has it.</summary>
    public int? PageSize { get; set; }

    /// <summary>Sequences that run at once; null: as <see cref="EngineOptions.MaxSequences"/> has it.</summary>
    public int? MaxSequences { get; set; }

    /// <summary>Rows of a step; null: as <see cref="EngineOptions.TokenBudget"/> has it.</summary>
    public int? TokenBudget { get; set; }

    /// <summary>Requests that may wait; null: as <see cref="EngineOptions.MaxQueuedRequests"/> has it.</summary>
    public int? MaxQueuedRequests { get; set; }

    /// <summary>Everything else, in code: takes what the keys above make, gives what is opened with.</summary>
    public Func<LanguageModelOptions, LanguageModelOptions>? Configure { get; set; }

    /// <summary>The options to open the model with.</summary>
    internal LanguageModelOptions ToOptions()
    {
        EngineOptions engine = MaxSequences is { } most ? new() { MaxSequences = most } : new();
        engine = engine with
        {
            MemoryBytes = MemoryBytes ?? engine.MemoryBytes,
            KeyValueType = KeyValueType ?? engine.KeyValueType,
            Pages = Pages ?? engine.Pages,
            PageSize = PageSize ?? engine.PageSize,
            TokenBudget = TokenBudget ?? engine.TokenBudget,
            MaxQueuedRequests = MaxQueuedRequests ?? engine.MaxQueuedRequests,
        };
        var options = new LanguageModelOptions
        {
            Threads = Threads,
            Storage = Storage,
            Placement = Placement,
            DraftModel = DraftModel,
            Trace = Trace,
            Engine = engine,
        };
        return Configure is null ? options : Configure(options);
    }
}

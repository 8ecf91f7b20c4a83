using Microsoft.Extensions.Logging;
using Seriatim.Generation;
using Seriatim.Models;

namespace Seriatim;

/// <summary>
/// How a model is opened. None of it changes what is generated, except <see cref="Defaults"/>, and <see cref="Storage"/> of
/// quantised models: F32 computes with exact activations.
/// </summary>
public sealed record LanguageModelOptions
{
    /// <summary>Threads; 0 for one a core, or those of the <see cref="Host"/>, beside which no other number is allowed.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// What several models share: threads, which they then use in turn, and one budget of memory for what sequences remember.
    /// Null: the model has a team of threads of its own. The host must outlive the model.
    /// </summary>
    public EngineHost? Host { get; init; }

    /// <summary>How matrices are kept in memory.</summary>
    public WeightStorage Storage { get; init; } = WeightStorage.AsStored;

    /// <summary>Where quantised matrices of GGUF files lie.</summary>
    public WeightPlacement Placement { get; init; } = WeightPlacement.Packed;

    /// <summary>
    /// A folder that keeps the packed weights of what was opened (<see cref="ModelLoadOptions.PackCache"/>), so that the
    /// next start is ready at once; null: none.
    /// </summary>
    public string? PackCache { get; init; }

    /// <summary>Told how much of the weights is loaded, from 0 to 1; null: nobody is.</summary>
    public IProgress<double>? LoadProgress { get; init; }

    /// <summary>
    /// Memory, batch and queue of the engine. Its <see cref="EngineOptions.EndIds"/> are the model's own if none are given. A
    /// model with an encoder, which reads a text at once, gets a token budget of at least its context, up to 4096; an
    /// encoder-decoder runs up to 256 sequences at a time in place of 64.
    /// </summary>
    public EngineOptions Engine { get; init; } = new();

    /// <summary>
    /// The processes across which the layers are cut, of which this is rank 0; the others run a <see cref="PipelineWorker"/>.
    /// Null: all layers are here.
    /// </summary>
    public PipelineOptions? Pipeline { get; init; }

    /// <summary>
    /// A smaller model with the same vocabulary that drafts for
    /// <see cref="SpeculationKind.DraftModel"/>: a name as for the model itself.
    /// </summary>
    public string? DraftModel { get; init; }

    /// <summary>
    /// Adapters (LoRA) that are there from the start and closed with the model; requests ask for them by name. Where a server
    /// offers the model, each is a model name of its own there.
    /// </summary>
    public IReadOnlyList<AdapterFile> Adapters { get; init; } = [];

    /// <summary>
    /// Measure where the time of a token goes: <see cref="LanguageModel.Trace"/>. Costs two readings of the clock an operation.
    /// </summary>
    public bool Trace { get; init; }

    /// <summary>
    /// What holds for requests that do not say otherwise, in place of the model's own (<see cref="LanguageModel.Defaults"/>,
    /// which its <c>generation_config.json</c> says); null: the model's own.
    /// </summary>
    public GenerationDefaults? Defaults { get; init; }

    /// <summary>
    /// Where the model says that it was opened and closed, what of its files is not applied, and (by level) how requests
    /// ended. Null: nowhere; a container's own with <c>AddSeriatim</c> of <see cref="SeriatimServices"/>.
    /// </summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>The engine's options, decided when the model is known.</summary>
    internal Func<ModelSpec, EngineOptions, EngineOptions>? EngineFor { get; init; }

    /// <summary>Where models that are not folders come from; null: the hub as the environment says.</summary>
    public ModelHub? Hub { get; init; }
}

namespace Seriatim.Generation;

/// <summary>What the parts of an engine share. Used by the engine's thread only.</summary>
internal sealed class EngineContext(IGenerationModel model, EngineOptions options)
{
    public IGenerationModel Model { get; } = model;

    public EngineOptions Options { get; } = options;

    public TimeProvider Clock => Options.Clock;

    /// <summary>Scratch space for choosing tokens.</summary>
    public LogitsRow Row { get; } = new(model.VocabularySize);

    /// <summary>Scratch space for log-probabilities.</summary>
    public LogitsRow Scratch { get; } = new(model.VocabularySize);
}

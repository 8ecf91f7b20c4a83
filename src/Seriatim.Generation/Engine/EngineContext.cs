using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Seriatim.Generation;

/// <summary>What the parts of an engine share. Used by the engine's thread only.</summary>
internal sealed class EngineContext
{
    public EngineContext(IGenerationModel model, EngineOptions options)
    {
        (Model, Options) = (model, options);
        (Row, Scratch) = (new LogitsRow(model.VocabularySize), new LogitsRow(model.VocabularySize));
        Step = new StrategyStep(this);
    }

    public IGenerationModel Model { get; }

    public EngineOptions Options { get; }

    public TimeProvider Clock => Options.Clock;

    public ILogger Logger => Options.Logger ?? NullLogger.Instance;

    /// <summary>Scratch space for choosing tokens.</summary>
    public LogitsRow Row { get; }

    /// <summary>Scratch space for log-probabilities.</summary>
    public LogitsRow Scratch { get; }

    /// <summary>What strategies are handed.</summary>
    public StrategyStep Step { get; }
}

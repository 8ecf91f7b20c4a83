using Seriatim.Generation;
using Seriatim.Models;

namespace Seriatim;

/// <summary>How a model is opened. None of it changes what is generated, except <see cref="Storage"/>, which cannot: 16-bit weights are exact.</summary>
public sealed record LanguageModelOptions
{
    /// <summary>Threads; 0 for one a core.</summary>
    public int Threads { get; init; }

    /// <summary>How matrices are kept in memory.</summary>
    public WeightStorage Storage { get; init; } = WeightStorage.AsStored;

    /// <summary>Memory, batch and queue of the engine. Its <see cref="EngineOptions.EndIds"/> are the model's own if none are given.</summary>
    public EngineOptions Engine { get; init; } = new();
}

namespace Seriatim.Training;

/// <summary>Everything a checkpoint holds.</summary>
/// <param name="Model">Weights and config.</param>
/// <param name="Optimizer">Moments.</param>
/// <param name="State">Positions and history.</param>
public sealed record TrainingSnapshot(Model Model, Optimizer Optimizer, TrainerState State)
{
    /// <summary>The average of the weights, if one is kept.</summary>
    public WeightAverage? Average { get; init; }

    /// <summary>The moments of all parameters where the optimizer has only some of them; null: those it has.</summary>
    internal IReadOnlyList<MomentRows>? Moments { get; init; }

    /// <summary>Further files by name: <c>tokenizer.json</c>, <c>generation_config.json</c>, the recipe.</summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Files { get; init; } =
        new Dictionary<string, ReadOnlyMemory<byte>>();
}

namespace Seriatim.Models;

/// <summary>How a model is loaded.</summary>
public sealed record ModelLoadOptions
{
    /// <summary>
    /// How matrices are kept in memory. Training needs <see cref="WeightStorage.F32"/>, which is also the exact way to run a
    /// quantised model: its weights are decoded and activations stay F32.
    /// </summary>
    public WeightStorage Storage { get; init; } = WeightStorage.AsStored;

    /// <summary>Whose memory the weights are in, and so whose ops run the model.</summary>
    public Device Device { get; init; } = Device.Cpu;

    /// <summary>
    /// The directions of hashed attention that a model was trained with (Reformer), which its files do not hold; null: those that
    /// follow from its <c>hash_seed</c>.
    /// </summary>
    public HashRotations? HashRotations { get; init; }

    /// <summary>Where quantised matrices lie.</summary>
    public WeightPlacement Placement { get; init; } = WeightPlacement.Packed;

    /// <summary>
    /// A folder that keeps the packed matrices of files that were loaded, about as large as the files: the next start maps them
    /// and is ready at once. Made if it does not exist. What is there and does not belong to a file, or is damaged, is made anew.
    /// Null: nothing is kept. A model from there is not for training.
    /// </summary>
    public string? PackCache { get; init; }

    /// <summary>
    /// The layers to load of a model that is cut across processes (<see cref="StageCut"/>): others are not read. Null: all.
    /// </summary>
    public ModelStage? Stage { get; init; }

    /// <summary>Told how much of the weights is loaded, from 0 to 1; null: nobody is.</summary>
    public IProgress<double>? Progress { get; init; }

    /// <summary>The model with what these options say of it.</summary>
    /// <exception cref="NotSupportedException">Rotations are given, and the model has no layer for them.</exception>
    internal ModelSpec Apply(ModelSpec spec)
    {
        if (HashRotations is not { } rotations)
            return spec;
        if (spec.Decoder is not { } decoder || !decoder.Layers.Any(layer => layer.Mixer is MixerSpec.HashedAttention))
        {
            throw new NotSupportedException(
                $"Rotations for {rotations.Heads} heads are given, and this {spec.Family} model has 0 layers of hashed "
                    + "attention; leave HashRotations out.");
        }

        return spec with
        {
            Decoder = decoder with
            {
                Layers = [.. decoder.Layers.Select(layer => layer.Mixer is MixerSpec.HashedAttention hashed
                    ? layer with { Mixer = hashed with { Rotations = rotations } }
                    : layer)],
            },
        };
    }
}

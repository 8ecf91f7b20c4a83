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

    /// <summary>Where quantised matrices lie.</summary>
    public WeightPlacement Placement { get; init; } = WeightPlacement.Packed;
}

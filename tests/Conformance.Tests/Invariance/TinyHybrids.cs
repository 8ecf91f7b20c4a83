namespace Seriatim.Conformance.Tests;

/// <summary>
/// Small models whose layers remember other things than pages of one shape: recurrent states, both, keys and values of several shapes. No
/// published family is like them, so they have a spec instead of a config.
/// </summary>
internal static class TinyHybrids
{
    private const int Width = 40;
    private static readonly NormSpec Norm = new(NormKind.Rms, 1e-6f, Bias: false, 0);
    private static readonly FeedForwardSpec Inner = new FeedForwardSpec.Gated(56, Activation.Silu, Bias: false);

    private static readonly MixerSpec.Attention Rotary = new(4, 2, 12, 0.3f)
    {
        Position = new PositionSpec.Rope(10000, 12, RopePairing.HalfSplit, null),
    };

    private static readonly Dictionary<string, LayerSpec[]> Layers = new()
    {
        ["recurrent"] = [Recurrence(37), Recurrence(64, inner: null), Recurrence(20, Placement.Post)],
        ["hybrid"] = [Attention(Rotary), Recurrence(37), Attention(Rotary, inner: null), Recurrence(70)],
        ["hybrid-window"] =
        [
            Recurrence(24, Placement.Parallel), Attention(Rotary with { Window = 9 }, Placement.Sandwich),
            Recurrence(24, Placement.NormedResidual, inner: null), Attention(Rotary with { Window = 5 }),
        ],
        ["shapes"] = [Attention(Rotary), Attention(new MixerSpec.Attention(3, 3, 8, 0.35f)), Attention(Rotary with { KeyValueHeads = 4 })],
        ["shapes-hybrid"] = [Attention(new MixerSpec.Attention(3, 1, 20, 0.35f)), Recurrence(16, inner: null), Attention(Rotary)],
    };

    public static IEnumerable<string> Names => Layers.Keys;

    public static ModelSpec Spec(string name) => new(name, ModelTask.CausalLanguageModel, null,
        new StackSpec(TinyModels.Vocabulary, Width, Visibility.Causal, Layers[name]) { FinalNorm = Norm },
        new HeadSpec(TinyModels.Vocabulary) { Tied = true }, name == "recurrent" ? int.MaxValue : 128);

    public static Model Make(string name, IWeightSource source) => Model.Build(Spec(name), Table(), new ModelConfig(), source);

    /// <summary>Every part under its own path.</summary>
    private static NameTable Table()
    {
        var names = new NameTable { { "embed", "embed" }, { "norm", "norm" }, { "head", "head" } };
        foreach (string part in (string[])["norm1", "norm2", "after1", "after2", "attention.q", "attention.k", "attention.v", "attention.o",
            "recurrence.z", "recurrence.v", "recurrence.gate", "recurrence.o", "mlp.gate", "mlp.up", "mlp.down"])
            names.Add($"layers.*.{part}", $"layers.*.{part}");
        return names;
    }

    private static LayerSpec Attention(MixerSpec.Attention attention, Placement placement = Placement.Pre) => new(placement, Norm, attention, Inner);

    private static LayerSpec Attention(MixerSpec.Attention attention, FeedForwardSpec? inner) => new(Placement.Pre, Norm, attention, inner);

    private static LayerSpec Recurrence(int width, Placement placement = Placement.Pre) =>
        new(placement, Norm, new MixerSpec.GatedRecurrence(width), Inner);

    private static LayerSpec Recurrence(int width, FeedForwardSpec? inner) => Recurrence(width, Placement.Pre, inner);

    private static LayerSpec Recurrence(int width, Placement placement, FeedForwardSpec? inner) =>
        new(placement, Norm, new MixerSpec.GatedRecurrence(width), inner);
}

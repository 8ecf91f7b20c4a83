namespace Seriatim.Conformance.Tests;

/// <summary>
/// Small models whose layers remember other things than pages of one shape: recurrent states, both, keys and values of several
/// shapes. No published family is like them, so they have a spec instead of a config.
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

    private static readonly MixerSpec.Attention Cross = new(2, 2, 10, 0.3f);

    private static readonly Dictionary<string, LayerSpec[]> Layers = new()
    {
        ["recurrent"] = [Recurrence(37), Recurrence(64, inner: null), Recurrence(20, Placement.Post)],
        ["hybrid"] = [Attention(Rotary), Recurrence(37), Attention(Rotary, inner: null), Recurrence(70)],
        ["hybrid-window"] =
        [
            Recurrence(24, Placement.Parallel), Attention(Rotary with { Window = 9 }, Placement.Sandwich),
            Recurrence(24, Placement.NormedResidual, inner: null), Attention(Rotary with { Window = 5 }),
        ],
        ["mamba-window"] =
        [
            Selective(new(37, 5, 4, 3)), Attention(Rotary with { Window = 9 }), Recurrence(24),
            Selective(new(64, 16, 2, 1) { NormEpsilon = 1e-5f }, inner: null), Attention(Rotary with { Window = 5 }),
        ],
        ["shapes"] = [Attention(Rotary), Attention(new MixerSpec.Attention(3, 3, 8, 0.35f)),
            Attention(Rotary with { KeyValueHeads = 4 })],
        ["hybrid-cross"] = [Recurrence(21) with { Cross = Cross }, Attention(Rotary) with { Cross = Cross with { HeadDim = 9 } },
            Recurrence(40, inner: null)],
        ["retention-hybrid"] =
        [
            Retention(3, 10, 13), Attention(Rotary with { Window = 9 }), Retention(2, 8, 37, inner: null), Recurrence(20),
        ],
        ["lstm-hybrid"] =
        [
            Gates(GatedCell.Lstm), Attention(Rotary), Gates(GatedCell.Gru, null), Recurrence(20),
            Gates(GatedCell.Lstm, Placement.Post) with { Norm = null, Residual = false },
        ],
        ["mamba2-hybrid"] = [StateSpace(4, 10, 2), Attention(Rotary), StateSpace(2, 24, 1)],
        ["shapes-hybrid"] = [Attention(new MixerSpec.Attention(3, 1, 20, 0.35f)), Recurrence(16, inner: null), Attention(Rotary)],
    };

    public static IEnumerable<string> Names => Layers.Keys;

    public static ModelSpec Spec(string name)
    {
        StackSpec decoder = Stack(Visibility.Causal, Layers[name]);
        StackSpec? encoder = Layers[name].Any(layer => layer.Cross is not null)
            ? Stack(Visibility.Full, [Attention(Rotary), Attention(Rotary, inner: null)])
            : null;
        ModelTask task = encoder is null ? ModelTask.CausalLanguageModel : ModelTask.SequenceToSequence;
        return new ModelSpec(name, task, encoder, decoder, new HeadSpec(TinyModels.Vocabulary) { Tied = true },
            name == "recurrent" ? int.MaxValue : 128)
        {
            SharedEmbedding = encoder is not null,
        };
    }

    public static Model Make(string name, IWeightSource source, Device? device = null) =>
        Model.Build(Spec(name), Table(), new ModelConfig(), source, device);

    private static StackSpec Stack(Visibility visibility, LayerSpec[] layers) =>
        new(TinyModels.Vocabulary, Width, visibility, layers) { FinalNorm = Norm };

    /// <summary>Every part under its own path.</summary>
    private static NameTable Table()
    {
        var names = new NameTable { { "embed", "embed" }, { "head", "head" } };
        foreach (string stack in (string[])["", "encoder.", "decoder."])
        {
            names.Add($"{stack}norm", $"{stack}norm");
            foreach (string part in (string[])[
                "norm1", "norm2", "cross_norm", "after1", "after2", "attention.q", "attention.k", "attention.v", "attention.o",
                "cross.q", "cross.k", "cross.v", "cross.o", "recurrence.z", "recurrence.v", "recurrence.gate", "recurrence.o",
                "mamba.x", "mamba.z", "mamba.convolution", "mamba.low", "mamba.b", "mamba.c", "mamba.step", "mamba.log_rates",
                "mamba.skip", "mamba.o",
                "mamba2.z", "mamba2.x", "mamba2.b", "mamba2.c", "mamba2.step", "mamba2.convolution.x", "mamba2.convolution.b",
                "mamba2.convolution.c", "mamba2.step_bias", "mamba2.log_rates", "mamba2.skip", "mamba2.norm", "mamba2.o",
                "recurrent.input", "recurrent.state", "retention.q", "retention.k", "retention.v", "retention.gate",
                "retention.o", "mlp.gate", "mlp.up", "mlp.down"])
                names.Add($"{stack}layers.*.{part}", $"{stack}layers.*.{part}");
        }

        return names;
    }

    private static LayerSpec Attention(MixerSpec.Attention attention, Placement placement = Placement.Pre) =>
        new(placement, Norm, attention, Inner);

    private static LayerSpec Attention(MixerSpec.Attention attention, FeedForwardSpec? inner) =>
        new(Placement.Pre, Norm, attention, inner);

    private static LayerSpec Selective(MixerSpec.Mamba mamba) => new(Placement.Pre, Norm, mamba, Inner);

    private static LayerSpec Selective(MixerSpec.Mamba mamba, FeedForwardSpec? inner) => new(Placement.Pre, Norm, mamba, inner);
    private static LayerSpec Retention(int heads, int keys, int values) => Retention(heads, keys, values, Inner);

    private static LayerSpec Retention(int heads, int keys, int values, FeedForwardSpec? inner) =>
        new(Placement.Pre, Norm, new MixerSpec.Retention(heads, keys, values, 1e-6f), inner);

    private static LayerSpec Gates(GatedCell cell, Placement placement = Placement.Pre) =>
        new(placement, Norm, new MixerSpec.Recurrent(cell, Width), Inner);

    private static LayerSpec Gates(GatedCell cell, FeedForwardSpec? inner) =>
        new(Placement.Pre, Norm, new MixerSpec.Recurrent(cell, Width) { Bias = false }, inner);

    private static LayerSpec StateSpace(int heads, int headDim, int groups) =>
        new(Placement.Pre, Norm, new MixerSpec.Mamba2(heads, headDim, groups, States: 7, Kernel: 4, 1e-5f), null);

    private static LayerSpec Recurrence(int width, Placement placement = Placement.Pre) =>
        new(placement, Norm, new MixerSpec.GatedRecurrence(width), Inner);

    private static LayerSpec Recurrence(int width, FeedForwardSpec? inner) => Recurrence(width, Placement.Pre, inner);

    private static LayerSpec Recurrence(int width, Placement placement, FeedForwardSpec? inner) =>
        new(placement, Norm, new MixerSpec.GatedRecurrence(width), inner);
}

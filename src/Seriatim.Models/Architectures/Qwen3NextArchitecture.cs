namespace Seriatim.Models;

/// <summary>
/// Qwen3-Next (Qwen team, 2025): gated delta nets, gated attention every few layers, and experts beside one that is gated.
/// </summary>
internal sealed class Qwen3NextArchitecture : Architecture
{
    public override string ModelType => "qwen3_next";

    public override IReadOnlyList<string> ClassNames => ["Qwen3NextForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "qwen3next",
        Keys =
        [
            .. QwenDeltaFamily.GgufKeys, .. Qwen2MoeArchitecture.ExpertKeys,
        ],
        Names = GgufNames,
        Read = config =>
        {
            QwenDeltaFamily.ReadGguf(config);
            config.Waive("readers divide by the sum of the chosen always", "expert_weights_norm");
            config.Json["norm_topk_prob"] = true;
        },
        Write = QwenDeltaFamily.WriteGguf,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        FeedForwardSpec.Gated dense = LlamaFamily.FeedForward(config);
        FeedForwardSpec.Experts experts = Qwen3MoeArchitecture.ReadExperts(config, dense, renormalise: true) with
        {
            Shared = dense with { Width = config.Size("shared_expert_intermediate_size") },
            SharedGate = true,
        };
        Func<int, bool> isDense = Qwen3MoeArchitecture.DenseLayers(config);
        return QwenDeltaFamily.ReadSpec(config, ModelType, i => isDense(i) ? dense : experts, tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = Qwen2MoeArchitecture.WithShared(LlamaFamily.WithExperts(QwenDeltaFamily.TensorNames(spec)));
        if (QwenDeltaFamily.DeltaOf(spec) is not { } delta)
            return names;

        // The parts of a key head and of the heads of values that share it follow one another.
        int share = delta.Heads / delta.KeyHeads, values = share * delta.ValueDim,
            perHead = 2 * (delta.KeyDim + values), first = 0;
        foreach ((string part, int rows) in (ReadOnlySpan<(string, int)>)[("q", delta.KeyDim), ("k", delta.KeyDim),
            ("v", values), ("z", values)])
        {
            names.Add($"layers.*.delta.{part}", new TensorPlace($"{QwenDeltaFamily.Delta}in_proj_qkvz",
                Rows: new RowPattern(first, rows, perHead, perHead * delta.KeyHeads)));
            first += rows;
        }

        AddGates(names, delta, $"{QwenDeltaFamily.Delta}in_proj_ba");
        return names;
    }

    private static void AddGates(NameTable names, MixerSpec.GatedDelta delta, string file)
    {
        int share = delta.Heads / delta.KeyHeads;
        names.Add("layers.*.delta.beta", new TensorPlace(file, Rows: new RowPattern(0, share, 2 * share, 2 * delta.Heads)));
        names.Add("layers.*.delta.step", new TensorPlace(file, Rows: new RowPattern(share, share, 2 * share, 2 * delta.Heads)));
    }

    private static NameTable GgufNames(ModelSpec spec)
    {
        NameTable names = QwenDeltaFamily.GgufNames(spec, _ => null);
        if (QwenDeltaFamily.DeltaOf(spec) is { } delta)
            AddGates(names, delta, "blk.*.ssm_ba");
        int width = spec.Decoder!.Width;
        Qwen2MoeArchitecture.AddGgufShared(names, width);
        return MixtralArchitecture.AddGgufExperts(names, spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Experts>(), width);
    }
}

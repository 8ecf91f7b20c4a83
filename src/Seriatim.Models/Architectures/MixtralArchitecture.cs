namespace Seriatim.Models;

/// <summary>Mixtral (Jiang et al., 2024): mistral with experts, whose weights are renormalised over the chosen ones.</summary>
internal sealed class MixtralArchitecture : Architecture
{
    public override string ModelType => "mixtral";

    public override IReadOnlyList<string> ClassNames => ["MixtralForCausalLM"];

    internal override string NestedDefaults => """
        {"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "rope_theta": 1e6,
        "num_local_experts": 8, "num_experts_per_tok": 2, "tie_word_embeddings": false}
        """;

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "llama",
        Keys = [.. GgufMap.LlamaKeys, new("expert_count", "num_local_experts"), new("expert_used_count", "num_experts_per_tok")],
        Applies = config => config.Size("expert_count") > 0,
        Names = spec => GgufNames(spec, onePerExpert: false),
        NamesIn = (spec, config) => GgufNames(spec, onePerExpert: config.Has("blk.0.ffn_gate.0.weight")),
        Read = config => LlamaFamily.ReadGguf(config),
        Write = export =>
        {
            export.RequireNoWindow();
            LlamaFamily.WriteGguf(export);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width);
        attention = attention with { Window = LlamaFamily.Window(config) };
        int count = config.Size("num_local_experts");
        int perToken = config.Size("num_experts_per_tok");
        if (perToken > count)
            throw config.Unsupported("num_experts_per_tok", perToken, $"at most num_local_experts {count} is needed");
        config.TrainingOnly("router_aux_loss_coef", "router_jitter_noise");
        var experts = new FeedForwardSpec.Experts(count, perToken, renormalise: true, LlamaFamily.FeedForward(config));
        var layer = new LayerSpec(Placement.Pre, LlamaFamily.Norm(config), attention, experts);
        return LlamaFamily.Model(config, ModelType, width, context, _ => layer, tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = LlamaFamily.Names(spec);
        names.Add("layers.*.mlp.router", "model.layers.*.block_sparse_moe.gate");
        names.Add("layers.*.mlp.experts.*.gate", "model.layers.*.block_sparse_moe.experts.*.w1");
        names.Add("layers.*.mlp.experts.*.up", "model.layers.*.block_sparse_moe.experts.*.w3");
        names.Add("layers.*.mlp.experts.*.down", "model.layers.*.block_sparse_moe.experts.*.w2");
        return names;
    }

    /// <param name="spec">The model.</param>
    /// <param name="onePerExpert">
    /// Whether each expert has tensors of its own, as in files of before April 2024; later ones hold all
    /// experts of a layer in one.
    /// </param>
    private static NameTable GgufNames(ModelSpec spec, bool onePerExpert)
    {
        NameTable names = GgufMap.LlamaNames(spec, turned: true);
        FeedForwardSpec.Experts experts = spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Experts>();
        if (!onePerExpert)
            return AddGgufExperts(names, experts, spec.Decoder!.Width);
        names.Add("layers.*.mlp.router", "blk.*.ffn_gate_inp");
        foreach (string part in (ReadOnlySpan<string>)["gate", "up", "down"])
            names.Add($"layers.*.mlp.experts.*.{part}", $"blk.*.ffn_{part}.*");
        return names;
    }

    /// <summary>Adds the experts of all layers that have some: those of a layer in one tensor.</summary>
    internal static NameTable AddGgufExperts(NameTable names, FeedForwardSpec.Experts experts, int width)
    {
        (int count, int inner) = (experts.Count, experts.Expert.Width);
        names.Add("layers.*.mlp.router", "blk.*.ffn_gate_inp");
        names.Add("layers.*.mlp.experts.*.gate", new TensorPlace("blk.*.ffn_gate_exps", Slices: count, SliceRows: inner));
        names.Add("layers.*.mlp.experts.*.up", new TensorPlace("blk.*.ffn_up_exps", Slices: count, SliceRows: inner));
        names.Add("layers.*.mlp.experts.*.down", new TensorPlace("blk.*.ffn_down_exps", Slices: count, SliceRows: width));
        return names;
    }
}

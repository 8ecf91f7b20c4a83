namespace Seriatim.Models;

/// <summary>Llama (Touvron et al., 2023) and Llama 3, with every scaling of its rotary positions.</summary>
internal sealed class LlamaArchitecture : Architecture
{
    public override string ModelType => "llama";

    public override IReadOnlyList<string> ClassNames => ["LlamaForCausalLM"];

    internal override string NestedDefaults => """
        {"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32,
        "max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "tie_word_embeddings": false}
        """;

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "llama",
        Keys = GgufMap.LlamaKeys,
        Applies = config => config.Size("expert_count") is null or 0,
        Names = spec => GgufMap.LlamaNames(spec, turned: true),
        Read = config =>
        {
            LlamaFamily.ReadGguf(config);
            config.Waive("there are no experts", "expert_count", "expert_used_count");
            config.Json["attention_bias"] = config.Has("blk.0.attn_q.bias");
            config.Json["mlp_bias"] = config.Has("blk.0.ffn_gate.bias");
        },
        Write = LlamaFamily.WriteGguf,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        bool bias = config.Flag(false, "attention_bias");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width);
        attention = attention with { InputBias = bias, OutputBias = bias };
        var layer = new LayerSpec(
            Placement.Pre, LlamaFamily.Norm(config), attention, LlamaFamily.FeedForward(config, config.Flag(false, "mlp_bias")));
        if ((config.SizeOrNull("pretraining_tp") ?? 1) is var parts and not 1)
            throw config.Unsupported("pretraining_tp", parts,
                "only 1 is supported: products cut into parts add in another order");
        config.Waive("says what model_type says", "is_llama_config");
        config.Waive("there are no windows", "max_window_layers");
        config.WaiveAt("there are no windows", "false", "use_sliding_window");
        config.Only("rope_interleaved", false);
        return LlamaFamily.Model(config, ModelType, width, context, _ => layer, tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec) => LlamaFamily.Names(spec);
}

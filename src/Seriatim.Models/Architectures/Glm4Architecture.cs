namespace Seriatim.Models;

/// <summary>
/// GLM-4 of 2025 (GLM Team): norms before and after each part, a part of each head turning in neighbouring pairs.
/// </summary>
internal sealed class Glm4Architecture : Architecture
{
    public override string ModelType => "glm4";

    public override IReadOnlyList<string> ClassNames => ["Glm4ForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "glm4",
        Keys = GgufMap.LlamaKeys,
        Names = spec => FuseGates(GgufMap.SandwichNames(spec), spec, "blk.*.ffn_up"),
        Read = config =>
        {
            LlamaFamily.ReadGguf(config, partial: true);
            config.Json.TryAdd("partial_rotary_factor", 1.0);
            config.Json["attention_bias"] = config.Has("blk.0.attn_q.bias");
        },
        Write = export => LlamaFamily.WriteGguf(export, export.Spec.Decoder!.AgreedAttention(), partial: true),
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        bool bias = config.Flag(false, "attention_bias");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width, headDim: 128,
            rope: keys => keys with { DefaultPart = 0.5, Pairing = RopePairing.Interleaved });
        var layer = new LayerSpec(Placement.Sandwich, LlamaFamily.Norm(config), attention with { InputBias = bias },
            LlamaFamily.FeedForward(config));
        return LlamaFamily.Model(config, ModelType, width, context, _ => layer, tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = LlamaFamily.NamesWithoutNorms(spec);
        names.Add("layers.*.norm1", "model.layers.*.input_layernorm");
        names.Add("layers.*.after1", "model.layers.*.post_self_attn_layernorm");
        names.Add("layers.*.norm2", "model.layers.*.post_attention_layernorm");
        names.Add("layers.*.after2", "model.layers.*.post_mlp_layernorm");
        return FuseGates(names, spec, "model.layers.*.mlp.gate_up_proj");
    }

    /// <summary>Gates and what they open in one tensor, the gates first.</summary>
    internal static NameTable FuseGates(NameTable names, ModelSpec spec, string tensor)
    {
        int inner = spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Gated>().Width;
        names.Replace("layers.*.mlp.gate", new TensorPlace(tensor, Rows: RowPattern.Run(0, inner, 2 * inner)));
        names.Replace("layers.*.mlp.up", new TensorPlace(tensor, Rows: RowPattern.Run(inner, inner, 2 * inner)));
        return names;
    }
}

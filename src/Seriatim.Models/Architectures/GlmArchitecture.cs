namespace Seriatim.Models;

/// <summary>
/// GLM-4 of 2024 (GLM Team): llama with biases of queries, keys and values, of whose heads one half turns in pairs.
/// </summary>
internal sealed class GlmArchitecture : Architecture
{
    public override string ModelType => "glm";

    public override IReadOnlyList<string> ClassNames => ["GlmForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "chatglm",
        Keys = GgufMap.LlamaKeys,
        Names = spec => GgufNames(spec, fused: false),
        NamesIn = (spec, config) => GgufNames(spec, fused: config.Has("blk.0.attn_qkv.weight")),
        Read = config =>
        {
            LlamaFamily.ReadGguf(config, partial: true);
            config.Json.TryAdd("partial_rotary_factor", 1.0);
            config.Json["attention_bias"] = config.Has("blk.0.attn_qkv.bias") || config.Has("blk.0.attn_q.bias");
        },
        Write = export => LlamaFamily.WriteGguf(export, export.Spec.Decoder!.AgreedAttention(), partial: true),
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        bool bias = config.Flag(true, "attention_bias");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width, headDim: 128,
            rope: keys => keys with { DefaultPart = 0.5, Pairing = RopePairing.Interleaved });
        NormSpec norm = LlamaFamily.Norm(config) with { Epsilon = (float)config.Number(1.5625e-7, "rms_norm_eps") };
        var layer = new LayerSpec(Placement.Pre, norm, attention with { InputBias = bias }, LlamaFamily.FeedForward(config));
        return LlamaFamily.Model(config, ModelType, width, context, _ => layer, tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec) =>
        Glm4Architecture.FuseGates(LlamaFamily.Names(spec), spec, "model.layers.*.mlp.gate_up_proj");

    private static NameTable GgufNames(ModelSpec spec, bool fused)
    {
        NameTable names = Glm4Architecture.FuseGates(GgufMap.LlamaNames(spec, turned: false), spec, "blk.*.ffn_up");
        if (!fused)
            return names;
        MixerSpec.Attention own = spec.Decoder!.AgreedAttention();
        (int queries, int keys) = (own.Heads * own.HeadDim, own.KeyValueHeads * own.HeadDim);
        int all = queries + 2 * keys, at = 0;
        foreach ((string part, int rows) in ((string, int)[])[("q", queries), ("k", keys), ("v", keys)])
        {
            names.Replace($"layers.*.attention.{part}", new TensorPlace("blk.*.attn_qkv", Rows: RowPattern.Run(at, rows, all)));
            at += rows;
        }

        return names;
    }
}

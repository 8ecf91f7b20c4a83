namespace Seriatim.Models;

/// <summary>Seed-OSS (ByteDance, 2025): llama with a bias on queries, keys and values.</summary>
internal sealed class SeedOssArchitecture : Architecture
{
    public override string ModelType => "seed_oss";

    public override IReadOnlyList<string> ClassNames => ["SeedOssForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "seed_oss",
        Keys = GgufMap.LlamaKeys,
        Names = spec =>
        {
            NameTable names = GgufMap.LlamaNames(spec, turned: false);
            names.Replace("layers.*.norm2", new TensorPlace("blk.*.post_attention_norm"));
            return names;
        },
        Read = config =>
        {
            LlamaFamily.ReadGguf(config);
            config.Json["attention_bias"] = config.Has("blk.0.attn_q.bias");
        },
        Write = export =>
        {
            export.Require(!export.Spec.Decoder!.AgreedAttention().OutputBias, "attention_out_bias",
                "readers of seed_oss files know no bias of the output");
            LlamaFamily.WriteGguf(export);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width, headDim: 128);
        config.Waive("the class does nothing with it", "pretraining_tp");
        attention = attention with
        {
            InputBias = config.Flag(true, "attention_bias"),
            OutputBias = config.Flag(false, "attention_out_bias"),
        };
        var layer = new LayerSpec(Placement.Pre, LlamaFamily.Norm(config), attention,
            LlamaFamily.FeedForward(config, config.Flag(false, "mlp_bias")));
        ModelSpec spec = LlamaFamily.Model(config, ModelType, width, context, _ => layer, tied: false);
        return spec with { Dropout = config.Dropout(residual: "residual_dropout", attention: "attention_dropout") };
    }

    public override NameTable TensorNames(ModelSpec spec) => LlamaFamily.Names(spec);
}

namespace Seriatim.Models;

/// <summary>
/// Phi 1 to 2 (Li et al., 2023): both parts read one layer norm, a part of each head turns, everything has a bias.
/// </summary>
internal sealed class PhiArchitecture : Architecture
{
    public override string ModelType => "phi";

    public override IReadOnlyList<string> ClassNames => ["PhiForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "phi2",
        Keys = GgufMap.LayerNormKeys("layer_norm_eps"),
        Names = spec => GgufMap.CommonAttentionNames(spec),
        NamesIn = (spec, config) => GgufMap.CommonAttentionNames(spec, fused: config.Has("blk.0.attn_qkv.weight")),
        Read = config =>
        {
            LlamaFamily.ReadGguf(config, partial: true);
            config.Json.TryAdd("partial_rotary_factor", 1.0);
        },
        Write = export =>
        {
            MixerSpec.Attention attention = export.Spec.Decoder!.AgreedAttention();
            export.RequireActivation(Activation.GeluTanh);
            export.Require(attention.HeadNorm is null, "qk_layernorm", "GGUF files of phi2 have no tensors for it");
            LlamaFamily.WriteGguf(export, attention, partial: true);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width,
            rope: keys => keys with { DefaultPart = 0.5 });
        NormSpec norm = LlamaFamily.LayerNorm(config, "layer_norm_eps");
        attention = attention with
        {
            InputBias = true,
            OutputBias = true,
            HeadNorm = config.Flag(false, "qk_layernorm") ? new HeadNormSpec(norm, HeadNormOver.Head) : null,
        };
        var feedForward = new FeedForwardSpec.Dense(config.Size("intermediate_size"),
            CommonKeys.ReadActivation(config, "gelu_new", "hidden_act"), Bias: true);
        var layer = new LayerSpec(Placement.ParallelOfOne, norm, attention, feedForward);
        ModelSpec spec = LlamaFamily.Model(config, ModelType, width, context, _ => layer, tied: false);
        return spec with
        {
            Head = spec.Head with { Bias = true },
            Dropout = config.Dropout("embd_pdrop", "resid_pdrop", "attention_dropout"),
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        var names = new NameTable
        {
            { "embed", "model.embed_tokens" },
            { "layers.*.norm1", "model.layers.*.input_layernorm" },
            { "layers.*.attention.q", "model.layers.*.self_attn.q_proj" },
            { "layers.*.attention.k", "model.layers.*.self_attn.k_proj" },
            { "layers.*.attention.v", "model.layers.*.self_attn.v_proj" },
            { "layers.*.attention.o", "model.layers.*.self_attn.dense" },
            { "layers.*.attention.q_norm", "model.layers.*.self_attn.q_layernorm" },
            { "layers.*.attention.k_norm", "model.layers.*.self_attn.k_layernorm" },
            { "layers.*.mlp.up", "model.layers.*.mlp.fc1" },
            { "layers.*.mlp.down", "model.layers.*.mlp.fc2" },
            { "norm", "model.final_layernorm" },
            { "head", "lm_head" },
        };
        return names.Waive("computed from the config", "model.layers.*.self_attn.rotary_emb.inv_freq");
    }
}

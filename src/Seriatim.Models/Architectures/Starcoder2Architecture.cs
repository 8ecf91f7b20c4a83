namespace Seriatim.Models;

/// <summary>
/// StarCoder2 (Lozhkov et al., 2024): rotary positions, grouped heads, a window, layer norms, biases everywhere.
/// </summary>
internal sealed class Starcoder2Architecture : Architecture
{
    public override string ModelType => "starcoder2";

    public override IReadOnlyList<string> ClassNames => ["Starcoder2ForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "starcoder2",
        Keys = GgufMap.LayerNormKeys("norm_epsilon"),
        Names = spec => GgufMap.CommonAttentionNames(spec),
        Read = config =>
        {
            LlamaFamily.ReadGguf(config);
            config.Waive("readers see everything", "attention.sliding_window");
            config.Json["use_bias"] = config.Has("blk.0.attn_q.bias");
        },
        Write = export =>
        {
            export.RequireNoWindow();
            export.RequireActivation(Activation.GeluTanh);
            LlamaFamily.WriteGguf(export);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        bool bias = config.Flag(true, "use_bias");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width);
        attention = attention with { InputBias = bias, OutputBias = bias, Window = LlamaFamily.Window(config) };
        config.Waive("keys of StarCoder 1 that the class does not read", "activation_function", "attention_softmax_in_fp32",
            "layer_norm_epsilon", "scale_attention_softmax_in_fp32", "scale_attn_weights");
        config.Only("norm_type", "layer_norm");
        config.Only("mlp_type", "default");
        var feedForward = new FeedForwardSpec.Dense(config.Size("intermediate_size"),
            CommonKeys.ReadActivation(config, "gelu_pytorch_tanh", "hidden_act"), bias);
        var layer = new LayerSpec(Placement.Pre, LlamaFamily.LayerNorm(config, "norm_epsilon"), attention, feedForward);
        ModelSpec spec = LlamaFamily.Model(config, ModelType, width, context, _ => layer);
        return spec with { Dropout = config.Dropout("embedding_dropout", "residual_dropout", "attention_dropout") };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = LlamaFamily.Names(spec);
        names.Replace("layers.*.mlp.up", new TensorPlace("model.layers.*.mlp.c_fc"));
        names.Replace("layers.*.mlp.down", new TensorPlace("model.layers.*.mlp.c_proj"));
        return names;
    }
}

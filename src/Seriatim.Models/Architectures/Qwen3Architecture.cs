namespace Seriatim.Models;

/// <summary>Qwen3 (Yang et al., 2025): qwen2 with normed heads of queries and keys in place of the biases.</summary>
internal sealed class Qwen3Architecture : Architecture
{
    /// <summary>What the class takes for <c>head_dim</c>.</summary>
    private const int UsualHeadDim = 128;

    public override string ModelType => "qwen3";

    public override IReadOnlyList<string> ClassNames => ["Qwen3ForCausalLM"];

    internal override string NestedDefaults => """
        {"vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 32, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
        "max_window_layers": 28}
        """;

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "qwen3",
        Keys = GgufMap.LlamaKeys,
        Names = spec => GgufMap.LlamaNames(spec, turned: false),
        Read = config =>
        {
            LlamaFamily.ReadGguf(config);
            config.Json["attention_bias"] = config.Has("blk.0.attn_q.bias");
        },
        Write = export =>
        {
            export.RequireNoWindow();
            LlamaFamily.WriteGguf(export);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        (Func<int, MixerSpec.Attention> attention, NormSpec norm, int context) =
            Attention(config, width, UsualHeadDim, (i, first) => i >= first);
        FeedForwardSpec feedForward = LlamaFamily.FeedForward(config);
        return LlamaFamily.Model(config, ModelType, width, context,
            i => new LayerSpec(Placement.Pre, norm, attention(i), feedForward), tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec) => LlamaFamily.Names(spec);

    /// <summary>The attention of each layer, which its brother with experts has too.</summary>
    internal static (Func<int, MixerSpec.Attention> Attention, NormSpec Norm, int Context) Attention(
        ConfigReader config, int width, int? headDim, Func<int, int, bool> windowed)
    {
        bool bias = config.Flag(false, "attention_bias");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width, headDim);
        NormSpec norm = LlamaFamily.Norm(config);
        attention = attention with
        {
            InputBias = bias,
            OutputBias = bias,
            HeadNorm = new HeadNormSpec(norm, HeadNormOver.Head),
        };
        Func<int, int> windows = Qwen2Architecture.Windows(config, windowed);
        return (i => attention with { Window = windows(i) }, norm, context);
    }
}

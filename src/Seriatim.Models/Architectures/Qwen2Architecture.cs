namespace Seriatim.Models;

/// <summary>
/// Qwen2 (Yang et al., 2024): llama with a bias on queries, keys and values, and a window on the upper layers if asked for.
/// </summary>
internal sealed class Qwen2Architecture : Architecture
{
    public override string ModelType => "qwen2";

    public override IReadOnlyList<string> ClassNames => ["Qwen2ForCausalLM"];

    internal override string NestedDefaults => """
        {"vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 32, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
        "max_window_layers": 28, "tie_word_embeddings": false}
        """;

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "qwen2",
        Keys = GgufMap.LlamaKeys,
        Names = spec => GgufMap.LlamaNames(spec, turned: false),
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
        attention = attention with { InputBias = true };
        Func<int, int> windows = Windows(config, (i, first) => i >= first);
        config.Only("use_mrope", false);
        config.WaiveAt("queries, keys and values always have one", "true", "attention_bias", "qkv_bias");
        NormSpec norm = LlamaFamily.Norm(config);
        FeedForwardSpec feedForward = LlamaFamily.FeedForward(config);
        return LlamaFamily.Model(config, ModelType, width, context, i =>
            new LayerSpec(Placement.Pre, norm, attention with { Window = windows(i) }, feedForward), tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec) => LlamaFamily.Names(spec);

    /// <summary>The window of each layer; 0: none.</summary>
    /// <param name="config">The config.</param>
    /// <param name="usual">
    /// Whether a layer has one if no list of layers says so, by its number and <c>max_window_layers</c>.
    /// </param>
    internal static Func<int, int> Windows(ConfigReader config, Func<int, int, bool> usual)
    {
        int window = config.SizeOrNone(4096, "sliding_window") ?? 0;
        int? first = config.IdOrNull("max_window_layers");
        string[]? kinds = LayerKinds.Read(config, config.Size("num_hidden_layers"), LayerKinds.Sliding, LayerKinds.Full);
        if (!config.Flag(false, "use_sliding_window"))
            return _ => 0;
        for (int i = 0; i < kinds?.Length && first is { } counted; i++)
        {
            if (kinds[i] == LayerKinds.Sliding != usual(i, counted))
            {
                throw config.Unsupported($"layer_types[{i}]", kinds[i],
                    $"max_window_layers {counted} says otherwise of layer {i}; they must agree");
            }
        }

        return i => (kinds is null ? usual(i, first ?? 28) : kinds[i] == LayerKinds.Sliding) ? window : 0;
    }
}

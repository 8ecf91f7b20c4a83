using System.Text.Json.Nodes;

namespace Seriatim.Models;

/// <summary>
/// Granite 3 (Granite Team, 2024): llama with factors of the embedding, the residuals, the scores and the logits.
/// </summary>
internal sealed class GraniteArchitecture : Architecture
{
    public override string ModelType => "granite";

    public override IReadOnlyList<string> ClassNames => ["GraniteForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "granite",
        Keys = [.. GgufMap.LlamaKeys, .. Factors],
        Names = spec => GgufMap.LlamaNames(spec, turned: true),
        Read = config =>
        {
            LlamaFamily.ReadGguf(config);
            ReadFactors(config);
            config.Json["attention_bias"] = config.Has("blk.0.attn_q.bias");
            config.Json["mlp_bias"] = config.Has("blk.0.ffn_gate.bias");
        },
        Write = export =>
        {
            WriteFactors(export);
            LlamaFamily.WriteGguf(export);
        },
    };

    /// <summary>The keys of the factors.</summary>
    internal static IReadOnlyList<GgufKey> Factors =>
    [
        new GgufKey("embedding_scale", "embedding_multiplier", GgufKind.Number).Optional,
        new GgufKey("residual_scale", "residual_multiplier", GgufKind.Number).Optional,
        new GgufKey("attention.scale", "attention_multiplier", GgufKind.Number).Optional,
        new GgufKey("logit_scale", "logits_scaling", GgufKind.Number).Optional,
    ];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        (MixerSpec.Attention attention, int context) = Attention(config, width);
        var layer = new LayerSpec(
            Placement.Pre, LlamaFamily.Norm(config), attention, LlamaFamily.FeedForward(config, config.Flag(false, "mlp_bias")))
        {
            ResidualScale = (float)config.Number(1, "residual_multiplier"),
        };
        return WithFactors(config, LlamaFamily.Model(config, ModelType, width, context, _ => layer, tied: false));
    }

    public override NameTable TensorNames(ModelSpec spec) => LlamaFamily.Names(spec);

    /// <summary>The attention, which brothers with experts have too.</summary>
    internal static (MixerSpec.Attention Attention, int Context) Attention(ConfigReader config, int width)
    {
        bool bias = config.Flag(false, "attention_bias");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width);
        return (attention with
        {
            InputBias = bias,
            OutputBias = bias,
            Scale = (float)config.Number(1, "attention_multiplier"),
        }, context);
    }

    /// <summary>The factors of the embedding and of the logits.</summary>
    internal static ModelSpec WithFactors(ConfigReader config, ModelSpec spec)
    {
        double divisor = config.Number(1, "logits_scaling");
        if (divisor == 0)
            throw config.Unsupported("logits_scaling", divisor, "logits are divided by it; another number is needed");
        return spec with
        {
            Decoder = spec.Decoder! with { EmbeddingScale = (float)config.Number(1, "embedding_multiplier") },
            Head = spec.Head with { Scale = (float)(1 / divisor) },
        };
    }

    /// <summary>In a file a factor of 0 stands for none, and a missing one of the scores for the usual.</summary>
    internal static void ReadFactors(GgufConfig config)
    {
        foreach (string key in (ReadOnlySpan<string>)["embedding_multiplier", "residual_multiplier", "logits_scaling"])
        {
            if (config.Json[key] is JsonValue value && value.GetValue<double>() == 0)
                config.Json.Remove(key);
        }

        if (config.Json["attention_multiplier"] is not JsonValue scale || scale.GetValue<double>() == 0)
        {
            int heads = Math.Max(1, config.Required("attention.head_count"));
            int headDim = config.Size("attention.key_length") ?? config.Required("embedding_length") / heads;
            config.Json["attention_multiplier"] = 1 / Math.Sqrt(headDim);
        }
    }

    /// <summary>Says the factors that a config leaves to the class.</summary>
    internal static void WriteFactors(GgufExport export)
    {
        StackSpec stack = export.Spec.Decoder!;
        export.SetDefault("embedding_scale", stack.EmbeddingScale);
        export.SetDefault("residual_scale", stack.Agreed("residual scale", layer => layer.ResidualScale));
        export.SetDefault("attention.scale", stack.AttentionLayers().First().Attention.Scale);
        export.SetDefault("logit_scale", 1 / export.Spec.Head.Scale);
    }
}

namespace Seriatim.Models;

/// <summary>
/// Ministral 3 (Mistral AI, 2025): mistral whose queries grow with every length that it was trained at before it was stretched.
/// </summary>
internal sealed class Ministral3Architecture : Architecture
{
    public override string ModelType => "ministral3";

    public override IReadOnlyList<string> ClassNames => ["Ministral3ForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "mistral3",
        Keys = GgufMap.LlamaKeys,
        Names = spec => GgufMap.LlamaNames(spec, turned: true),
        Read = config =>
        {
            LlamaFamily.ReadGguf(config);
            if (config.Number("attention.temperature_scale") is { } slope and not 0)
            {
                if (config.Json["rope_scaling"] is not System.Text.Json.Nodes.JsonObject section)
                    throw config.Unsupported("attention.temperature_scale", slope, "rope.scaling.type yarn is needed beside it");
                section["llama_4_scaling_beta"] = slope;
                section["original_max_position_embeddings"] ??= config.Required("context_length");
            }
        },
        Write = export =>
        {
            export.RequireNoWindow();
            MixerSpec.Attention attention = export.Spec.Decoder!.AgreedAttention();
            var rope = (PositionSpec.Rope)attention.Position;
            if (rope.Scaling is RopeScaling.Yarn { AttentionFactor: 1, Factor: > 1 } plain)
            {
                // What the format has a key for: the factor of the scores divided by itself.
                export.Set("rope.scaling.yarn_log_multiplier", 1f);
                double usual = RopeScaling.Yarn.DefaultAttentionFactor(plain.Factor);
                rope = rope with { Scaling = plain with { AttentionFactor = usual } };
            }

            LlamaFamily.WriteGguf(export, attention with { Position = rope }, partial: false);
            if (attention.Temperature is not { } temperature)
                return;
            export.Require(attention.Position is PositionSpec.Rope { Scaling: RopeScaling.Yarn yarn }
                && yarn.TrainedLength == temperature.Step, "llama_4_scaling_beta", "readers know it beside yarn alone");
            export.Set("attention.temperature_scale", (float)temperature.Slope);
        },
    };

    internal override string NestedDefaults => """
        {"vocab_size": 131072, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 34,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "max_position_embeddings": 262144,
        "rms_norm_eps": 1e-5, "tie_word_embeddings": false}
        """;

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        TemperatureSpec? temperature = Temperature(config);
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width, headDim: 128);
        attention = attention with { Window = LlamaFamily.Window(config), Temperature = temperature };
        NormSpec norm = LlamaFamily.Norm(config) with { Epsilon = (float)config.Number(1e-5, "rms_norm_eps") };
        var layer = new LayerSpec(Placement.Pre, norm, attention, LlamaFamily.FeedForward(config));
        return LlamaFamily.Model(config, ModelType, width, context, _ => layer, tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec) => LlamaFamily.Names(spec);

    private static TemperatureSpec? Temperature(ConfigReader config)
    {
        TemperatureSpec? temperature = null;
        string? where = null;
        foreach (string name in (ReadOnlySpan<string>)["rope_scaling", "rope_parameters"])
        {
            if (config.Section(name) is not { } section)
                continue;
            section.Waive("says what the key at the root says", "max_position_embeddings");
            double slope = section.Number(0, "llama_4_scaling_beta");
            TemperatureSpec? own = slope == 0 ? null
                : new TemperatureSpec(slope, section.Size("original_max_position_embeddings")) { Ahead = 0 };
            if (where is not null && own != temperature)
                throw section.Unsupported("llama_4_scaling_beta", slope, $"{where} says another; they must agree");
            (temperature, where) = (own, name);
        }

        return where is not null ? temperature : throw config.Unsupported("rope_parameters", "missing",
            "the class has a stretch of its own then, which no published config leaves out; write it down");
    }
}

namespace Seriatim.Models;

/// <summary>
/// Qwen3.5 (Qwen team, 2026), the text model: Qwen3-Next with dense layers and projections of their own. Positions in three
/// directions are one in texts.
/// </summary>
internal sealed class Qwen35Architecture : Architecture
{
    public override string ModelType => "qwen3_5_text";

    public override IReadOnlyList<string> ClassNames => ["Qwen3_5ForCausalLM"];

    internal override string NestedDefaults => """
        {"rms_norm_eps": 1e-6, "head_dim": 256, "linear_conv_kernel_dim": 4, "linear_key_head_dim": 128,
        "linear_value_head_dim": 128, "linear_num_key_heads": 16, "linear_num_value_heads": 32, "hidden_act": "silu"}
        """;

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "qwen35",
        Keys = QwenDeltaFamily.GgufKeys,
        Names = spec =>
        {
            NameTable names = GgufDelta(spec);
            foreach (string part in (ReadOnlySpan<string>)["gate", "up", "down"])
                names.Add($"layers.*.mlp.{part}", $"blk.*.ffn_{part}");
            return names;
        },
        Read = ReadGguf,
        Write = WriteGguf,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        WaiveSections(config);
        config.WaiveAt("no layer is special", "[]", "mlp_only_layers");
        FeedForwardSpec.Gated dense = LlamaFamily.FeedForward(config);
        return QwenDeltaFamily.ReadSpec(config, ModelType, _ => dense, tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec) => WithDelta(QwenDeltaFamily.TensorNames(spec), spec);

    internal static void WaiveSections(ConfigReader config) => config.Section("rope_parameters")?.Waive(
        "positions in three directions are one in texts", "mrope_section", "mrope_interleaved");

    internal static void ReadGguf(GgufConfig config)
    {
        config.Waive("positions in three directions are one in texts", "rope.dimension_sections");
        QwenDeltaFamily.ReadGguf(config);
    }

    internal static void WriteGguf(GgufExport export)
    {
        QwenDeltaFamily.WriteGguf(export);
        int pairs = export.Spec.Decoder!.AttentionLayers().First().Attention.Position is PositionSpec.Rope rope
            ? rope.RotaryDim / 2
            : 0;
        export.Set("rope.dimension_sections", (int[])[pairs - 2 * (pairs / 3), pairs / 3, pairs / 3, 0]);
    }

    /// <summary>Adds the projections into the delta nets.</summary>
    internal static NameTable WithDelta(NameTable names, ModelSpec spec)
    {
        if (QwenDeltaFamily.DeltaOf(spec) is not { } delta)
            return names;
        int all = 2 * delta.KeyWidth + delta.ValueWidth, first = 0;
        foreach ((string part, int rows) in (ReadOnlySpan<(string, int)>)[("q", delta.KeyWidth), ("k", delta.KeyWidth),
            ("v", delta.ValueWidth)])
        {
            names.Add($"layers.*.delta.{part}",
                new TensorPlace($"{QwenDeltaFamily.Delta}in_proj_qkv", Rows: RowPattern.Run(first, rows, all)));
            first += rows;
        }

        names.Add("layers.*.delta.z", $"{QwenDeltaFamily.Delta}in_proj_z");
        names.Add("layers.*.delta.beta", $"{QwenDeltaFamily.Delta}in_proj_b");
        names.Add("layers.*.delta.step", $"{QwenDeltaFamily.Delta}in_proj_a");
        return names;
    }

    /// <summary>
    /// All names in GGUF files but those of the feed-forward layers. Files have the first head of values of every key head, then
    /// the second of every one.
    /// </summary>
    internal static NameTable GgufDelta(ModelSpec spec)
    {
        MixerSpec.GatedDelta? delta = QwenDeltaFamily.DeltaOf(spec);
        HeadTiles? Tiles(int width) => delta is null || delta.Heads == delta.KeyHeads
            ? null
            : new HeadTiles(delta.KeyHeads, delta.Heads / delta.KeyHeads, width);
        NameTable names = QwenDeltaFamily.GgufNames(spec, Tiles);
        names.Add("layers.*.delta.beta", new TensorPlace("blk.*.ssm_beta") { RowTiles = Tiles(1) });
        names.Add("layers.*.delta.step", new TensorPlace("blk.*.ssm_alpha") { RowTiles = Tiles(1) });
        return names;
    }
}

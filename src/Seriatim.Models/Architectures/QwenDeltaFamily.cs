namespace Seriatim.Models;

/// <summary>
/// What Qwen3-Next and Qwen3.5 have in common: gated delta nets, and every few layers attention whose output is gated; norms of
/// factors 1 + w, but for that of the delta nets.
/// </summary>
internal static class QwenDeltaFamily
{
    public const string Linear = "linear_attention", Layer = "model.layers.*.", Delta = $"{Layer}linear_attn.";

    /// <summary>Sizes of the delta nets in files; features of a value and the pattern are read and written by hand.</summary>
    public static IReadOnlyList<GgufKey> GgufKeys { get; } =
    [
        .. GgufMap.LlamaKeys, new("ssm.conv_kernel", "linear_conv_kernel_dim"), new("ssm.state_size", "linear_key_head_dim"),
        new("ssm.group_count", "linear_num_key_heads"), new("ssm.time_step_rank", "linear_num_value_heads"),
    ];

    /// <summary>The model.</summary>
    /// <param name="config">The config.</param>
    /// <param name="family">Its model type.</param>
    /// <param name="feedForward">The feed-forward layer of each layer.</param>
    /// <param name="tied">Whether the class ties the head if the config does not say.</param>
    public static ModelSpec ReadSpec(ConfigReader config, string family, Func<int, FeedForwardSpec> feedForward, bool tied)
    {
        int width = config.Size("hidden_size"), layers = config.Size("num_hidden_layers");
        bool bias = config.Flag(false, "attention_bias");
        config.WaiveAt("attention looks at everything", "false", "use_sliding_window");
        config.WaiveAt("the output of attention is gated, always", "true", "attn_output_gate");
        config.Waive("states are F32", "mamba_ssm_dtype");
        config.Waive("layers that predict tokens after the next, which are not used", "mtp_num_hidden_layers",
            "mtp_use_dedicated_embeddings");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width, headDim: 256,
            rope: keys => keys with { DefaultPart = 0.25 });
        NormSpec norm = LlamaFamily.Norm(config, offset: 1);
        attention = attention with
        {
            InputBias = bias,
            OutputBias = bias,
            OutputGate = true,
            HeadNorm = new HeadNormSpec(norm, HeadNormOver.Head),
        };
        MixerSpec.GatedDelta delta = ReadDelta(config, norm.Epsilon);
        string[] kinds = Kinds(config, layers);
        return LlamaFamily.Model(config, family, width, context,
            i => new LayerSpec(Placement.Pre, norm, kinds[i] == Linear ? delta : attention, feedForward(i)), tied);
    }

    /// <summary>The delta net of a model; null: it has none.</summary>
    public static MixerSpec.GatedDelta? DeltaOf(ModelSpec spec) =>
        spec.Decoder!.Layers.Select(layer => layer.Mixer).OfType<MixerSpec.GatedDelta>().FirstOrDefault();

    /// <summary>All names but those of the projections into the delta nets.</summary>
    public static NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = LlamaFamily.Names(spec);
        AddGated(names, spec, $"{Layer}self_attn.q_proj");
        names.Add("layers.*.delta.step_bias", $"{Delta}dt_bias");
        names.Add("layers.*.delta.log_rates", $"{Delta}A_log");
        names.Add("layers.*.delta.norm", $"{Delta}norm");
        names.Add("layers.*.delta.o", $"{Delta}out_proj");
        if (DeltaOf(spec) is { } delta)
            AddFilters(names, delta, $"{Delta}conv1d.weight", [1], null);
        return names.Waive("layers that predict tokens after the next", "mtp.*", "model.mtp.*");
    }

    /// <summary>
    /// All names in GGUF files but those of the projections into the delta nets and of the feed-forward layers.
    /// </summary>
    /// <param name="spec">The model.</param>
    /// <param name="tiles">How heads of values stand there, by rows of each; null: as here.</param>
    public static NameTable GgufNames(ModelSpec spec, Func<int, HeadTiles?> tiles)
    {
        var plusOne = new ValueForm.Plus(1);
        var names = new NameTable
        {
            { "embed", "token_embd" },
            { "layers.*.norm1", new TensorPlace("blk.*.attn_norm", Form: plusOne) },
            { "layers.*.norm2", new TensorPlace("blk.*.post_attention_norm", Form: plusOne) },
            { "layers.*.attention.k", "blk.*.attn_k" },
            { "layers.*.attention.v", "blk.*.attn_v" },
            { "layers.*.attention.o", "blk.*.attn_output" },
            { "layers.*.attention.q_norm", new TensorPlace("blk.*.attn_q_norm", Form: plusOne) },
            { "layers.*.attention.k_norm", new TensorPlace("blk.*.attn_k_norm", Form: plusOne) },
            { "layers.*.delta.step_bias", new TensorPlace("blk.*.ssm_dt.bias") { RowTiles = tiles(1) } },
            { "layers.*.delta.log_rates", new TensorPlace("blk.*.ssm_a", Form: new ValueForm.Rates()) { RowTiles = tiles(1) } },
            { "layers.*.delta.norm", "blk.*.ssm_norm" },
            { "norm", new TensorPlace("output_norm", Form: plusOne) },
            { "head", "output" },
        };
        AddGated(names, spec, "blk.*.attn_q");
        if (DeltaOf(spec) is { } delta)
        {
            names.Add("layers.*.delta.o", new TensorPlace("blk.*.ssm_out") { ColumnTiles = tiles(delta.ValueDim) });
            AddFilters(names, delta, "blk.*.ssm_conv1d.weight", [], tiles(delta.ValueDim));
            int all = 2 * delta.KeyWidth + delta.ValueWidth;
            names.Add("layers.*.delta.q", new TensorPlace("blk.*.attn_qkv", Rows: RowPattern.Run(0, delta.KeyWidth, all)));
            names.Add("layers.*.delta.k",
                new TensorPlace("blk.*.attn_qkv", Rows: RowPattern.Run(delta.KeyWidth, delta.KeyWidth, all)));
            names.Add("layers.*.delta.v",
                new TensorPlace("blk.*.attn_qkv", Rows: RowPattern.Run(2 * delta.KeyWidth, delta.ValueWidth, all))
                {
                    RowTiles = tiles(delta.ValueDim),
                });
            names.Add("layers.*.delta.z", new TensorPlace("blk.*.attn_gate") { RowTiles = tiles(delta.ValueDim) });
        }

        names.Waive("layers that predict tokens after the next", $"blk.{spec.Decoder!.Layers.Count}.*");
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "output.weight") : names;
    }

    public static void ReadGguf(GgufConfig config)
    {
        LlamaFamily.ReadGguf(config, partial: true);
        config.Json.TryAdd("partial_rotary_factor", 1);
        int inner = config.Required("ssm.inner_size"), heads = Math.Max(1, config.Required("ssm.time_step_rank"));
        if (inner % heads != 0)
            throw config.Unsupported("ssm.inner_size", inner, $"a multiple of ssm.time_step_rank {heads} is needed");
        config.Json["linear_value_head_dim"] = inner / heads;
        config.Json["full_attention_interval"] = config.Size("full_attention_interval") ?? 4;
        config.Json["attention_bias"] = config.Has($"blk.{(config.Size("full_attention_interval") ?? 4) - 1}.attn_q.bias");
        config.Waive("layers that predict tokens after the next, which are not used", "nextn_predict_layers");
    }

    public static void WriteGguf(GgufExport export)
    {
        StackSpec stack = export.Spec.Decoder!;
        export.Require(DeltaOf(export.Spec) is not null, "layer_types", "readers need a gated delta net");
        export.Require(stack.AttentionLayers().Any(), "layer_types", "readers need a layer of attention");
        int period = GgufPattern.Period(stack, layer => layer.Mixer is MixerSpec.Attention);
        GgufPattern.Require(export, layer => layer.Mixer is MixerSpec.Attention, period, "layer_types");
        export.Set("full_attention_interval", (uint)period);
        MixerSpec.GatedDelta delta = DeltaOf(export.Spec)!;
        export.Set("ssm.conv_kernel", (uint)delta.Kernel);
        export.Set("ssm.state_size", (uint)delta.KeyDim);
        export.Set("ssm.group_count", (uint)delta.KeyHeads);
        export.Set("ssm.time_step_rank", (uint)delta.Heads);
        export.Set("ssm.inner_size", (uint)delta.ValueWidth);
        LlamaFamily.WriteGguf(export, stack.AttentionLayers().First().Attention, partial: true);
    }

    /// <summary>The kinds of the layers: those listed, whatever the interval says, as the reference library has it.</summary>
    private static string[] Kinds(ConfigReader config, int layers)
    {
        int every = config.SizeOrNull("full_attention_interval") ?? 4;
        return LayerKinds.Read(config, layers, Linear, LayerKinds.Full)
            ?? [.. Enumerable.Range(1, layers).Select(i => i % every == 0 ? LayerKinds.Full : Linear)];
    }

    private static MixerSpec.GatedDelta ReadDelta(ConfigReader config, float epsilon)
    {
        int heads = config.Size("linear_num_value_heads"), keyHeads = config.Size("linear_num_key_heads");
        int key = config.Size("linear_key_head_dim"), value = config.Size("linear_value_head_dim");
        if (heads % keyHeads != 0)
        {
            throw config.Unsupported("linear_num_key_heads", keyHeads,
                $"a divisor of linear_num_value_heads {heads} is needed");
        }

        int kernel = MambaFamily.Kernel(config, "linear_conv_kernel_dim");
        int values = config.Product("linear_num_value_heads", heads, value, "linear_value_head_dim");
        int keys = config.Product("linear_num_key_heads", keyHeads, key, "linear_key_head_dim");
        config.Product("linear_conv_kernel_dim", kernel, 2L * keys + values, "channels");
        config.Product("linear_key_head_dim", key, values, "linear_num_value_heads x linear_value_head_dim");
        return new MixerSpec.GatedDelta(heads, keyHeads, key, value, kernel, epsilon);
    }

    /// <summary>Queries and gates of attention: head by head in one tensor.</summary>
    private static void AddGated(NameTable names, ModelSpec spec, string file)
    {
        if (spec.Decoder!.AttentionLayers().FirstOrDefault() is not (_, { } attention))
            return;
        (int heads, int d) = (attention.Heads, attention.HeadDim);
        names.Replace("layers.*.attention.q", new TensorPlace(file, Rows: new RowPattern(0, d, 2 * d, 2 * d * heads)));
        names.Replace("layers.*.attention.gate", new TensorPlace(file, Rows: new RowPattern(d, d, 2 * d, 2 * d * heads)));
    }

    private static void AddFilters(
        NameTable names, MixerSpec.GatedDelta delta, string file, long[] between, HeadTiles? tiles)
    {
        int all = 2 * delta.KeyWidth + delta.ValueWidth, first = 0;
        (string Part, int Rows)[] parts = [("q", delta.KeyWidth), ("k", delta.KeyWidth), ("v", delta.ValueWidth)];
        foreach ((string part, int rows) in parts)
        {
            names.Add($"layers.*.delta.convolution.{part}.weight", new TensorPlace(file, Rows: RowPattern.Run(first, rows, all))
            {
                Shape = [all, .. between, delta.Kernel],
                RowTiles = part == "v" ? tiles : null,
            });
            first += rows;
        }
    }
}

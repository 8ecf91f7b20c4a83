namespace Seriatim.Models;

/// <summary>
/// Llama 4 (Meta, 2025): layers that turn and see their own chunk, and layers that know no positions, see everything and sharpen
/// their scores with the distance; experts whose weight multiplies what they read, beside one that all rows go through.
/// </summary>
internal sealed class Llama4Architecture : Architecture
{
    /// <summary>What readers of GGUF files take: every fourth layer knows no positions, and chunks and steps of 8192.</summary>
    private const int StillInFiles = 4, ChunkInFiles = 8192;

    public override string ModelType => "llama4_text";

    public override IReadOnlyList<string> ClassNames => ["Llama4ForCausalLM"];

    internal override string NestedDefaults => """
        {"vocab_size": 202048, "hidden_size": 5120, "intermediate_size": 8192, "intermediate_size_mlp": 16384,
        "num_hidden_layers": 48, "num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128,
        "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "num_local_experts": 16, "num_experts_per_tok": 1,
        "interleave_moe_layer_step": 1}
        """;

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "llama4",
        Keys =
        [
            .. GgufMap.LlamaKeys.Where(key => key.Name != "feed_forward_length"),
            new("feed_forward_length", "intermediate_size_mlp"),
            new("expert_count", "num_local_experts"), new("expert_used_count", "num_experts_per_tok"),
            new("expert_feed_forward_length", "intermediate_size"),
            new GgufKey("interleave_moe_layer_step", "interleave_moe_layer_step").Optional,
        ],
        Names = GgufNames,
        Read = config =>
        {
            LlamaFamily.ReadGguf(config);
            config.Only("attention.chunk_size", ChunkInFiles, "which readers take whatever the file says");
            config.Json["no_rope_layer_interval"] = StillInFiles;
            config.Json["attention_chunk_size"] = ChunkInFiles;
            config.Json["floor_scale"] = ChunkInFiles;
            config.Json["attention_bias"] = config.Has("blk.0.attn_q.bias");

            // The largest of the family has normless heads, which no key says.
            config.Json["use_qk_norm"] = config.Size("expert_count") != 128;
        },
        Write = WriteGguf,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        int layers = config.Size("num_hidden_layers");
        (MixerSpec.Attention turning, MixerSpec.Attention still, int context) = Attention(config, width);
        Func<int, bool> turns = SmolLm3Architecture.Turning(config, layers, usualInterval: 4);
        string[]? kinds = LayerKinds.Read(config, layers, LayerKinds.Chunked, LayerKinds.Full);
        int chunk = config.SizeOrNone(ChunkInFiles, "attention_chunk_size") ?? 0;
        var dense = new FeedForwardSpec.Gated(config.Size("intermediate_size_mlp"),
            CommonKeys.ReadActivation(config, "silu", "hidden_act"), Bias: false);
        FeedForwardSpec experts = Experts(config, dense);
        Func<int, bool> isMixture = MixtureLayers(config);
        NormSpec norm = LlamaFamily.Norm(config) with { Epsilon = (float)config.Number(1e-5, "rms_norm_eps") };
        config.WaiveAt("the numbers of the reference, not those of a compressor", "false", "for_llm_compressor");
        return LlamaFamily.Model(config, ModelType, width, context, i => new LayerSpec(Placement.Pre, norm,
            (turns(i) ? turning : still) with
            {
                // Without a list the layers that turn see their chunk.
                Chunk = (kinds is null ? turns(i) : kinds[i] == LayerKinds.Chunked) ? chunk : 0,
            }, isMixture(i) ? experts : dense), tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = LlamaFamily.Names(spec).Renamed(name =>
            name.Replace(".mlp.", ".feed_forward.", StringComparison.Ordinal));
        if (ExpertsOf(spec) is not { } experts)
            return names;
        (int count, int inner) = (experts.Count, experts.Expert.Width);
        const string Layer = "model.layers.*.feed_forward.";
        names.Add("layers.*.mlp.router", $"{Layer}router");
        names.Add("layers.*.mlp.experts.*.gate.weight", new TensorPlace($"{Layer}experts.gate_up_proj", Transposed: true,
            RowPattern.Run(0, inner, 2 * inner), Slices: count, SliceRows: 2 * inner));
        names.Add("layers.*.mlp.experts.*.up.weight", new TensorPlace($"{Layer}experts.gate_up_proj", Transposed: true,
            RowPattern.Run(inner, inner, 2 * inner), Slices: count, SliceRows: 2 * inner));
        names.Add("layers.*.mlp.experts.*.down.weight", new TensorPlace($"{Layer}experts.down_proj", Transposed: true,
            Slices: count, SliceRows: spec.Decoder!.Width));
        foreach (string part in (ReadOnlySpan<string>)["gate", "up", "down"])
            names.Add($"layers.*.mlp.shared.{part}", $"{Layer}shared_expert.{part}_proj");
        return names;
    }

    private static (MixerSpec.Attention Turning, MixerSpec.Attention Still, int Context) Attention(
        ConfigReader config, int width)
    {
        bool bias = config.Flag(false, "attention_bias");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width, headDim: 128,
            rope: keys => keys with { DefaultTheta = 500000, Pairing = RopePairing.Interleaved });
        attention = attention with { InputBias = bias, OutputBias = bias };
        var norm = new NormSpec(NormKind.Rms, (float)config.Number(1e-5, "rms_norm_eps"), Bias: false);
        HeadNormSpec? heads = config.Flag(true, "use_qk_norm")
            ? new HeadNormSpec(norm, HeadNormOver.Head) { HasWeights = false, AfterRotation = true }
            : null;
        (double slope, double step) = (config.Number(0.1, "attn_scale"), config.Number(8192, "floor_scale"));
        if (step <= 0)
            throw config.Unsupported("floor_scale", step, "a number above 0 is needed");
        bool tuned = IsTuned(config);
        return (attention with { HeadNorm = heads },
            attention with
            {
                Position = new PositionSpec.None(),
                Temperature = tuned ? new TemperatureSpec(slope, step) : null,
            }, context);
    }

    /// <summary>Published configs say so by a number.</summary>
    private static bool IsTuned(ConfigReader config) => config.IsNumber("attn_temperature_tuning")
        ? config.Number(1, "attn_temperature_tuning") != 0
        : config.Flag(true, "attn_temperature_tuning");

    private static FeedForwardSpec.Experts Experts(ConfigReader config, FeedForwardSpec.Gated dense)
    {
        int count = config.Size("num_local_experts");
        int perToken = config.Size("num_experts_per_tok");
        if (perToken > count)
            throw config.Unsupported("num_experts_per_tok", perToken, $"at most num_local_experts {count} is needed");
        config.TrainingOnly("router_aux_loss_coef", "router_jitter_noise");
        FeedForwardSpec.Gated expert = dense with { Width = config.Size("intermediate_size") };
        var router = new RouterSpec(perToken, Renormalise: false) { Score = ExpertScore.Sigmoid, OnInput = true };
        return new FeedForwardSpec.Experts(count, router, expert) { Shared = expert };
    }

    /// <summary>Those of a list, or every n-th layer; both must say the same.</summary>
    private static Func<int, bool> MixtureLayers(ConfigReader config)
    {
        int? every = config.SizeOrNull("interleave_moe_layer_step");
        if (!config.IsList("moe_layers"))
            return layer => (layer + 1) % (every ?? 1) == 0;
        int[] listed = config.Ids("moe_layers");
        int layers = config.Size("num_hidden_layers");
        if (Array.Find(listed, layer => layer >= layers) is > 0 and var outside)
            throw config.Unsupported("moe_layers", outside, $"layers from 0 to {layers - 1} are needed");
        if (every is not { } step)
            return layer => listed.Contains(layer);
        for (int i = 0; i < layers; i++)
        {
            if (listed.Contains(i) != ((i + 1) % step == 0))
            {
                throw config.Unsupported("moe_layers", $"{string.Join(", ", listed)}",
                    $"interleave_moe_layer_step {step} says otherwise of layer {i}; they must agree");
            }
        }

        return layer => (layer + 1) % step == 0;
    }

    private static FeedForwardSpec.Experts? ExpertsOf(ModelSpec spec) =>
        spec.Decoder!.Layers.Select(layer => layer.FeedForward).OfType<FeedForwardSpec.Experts>().FirstOrDefault();

    private static NameTable GgufNames(ModelSpec spec)
    {
        NameTable names = GgufMap.LlamaNames(spec, turned: false);
        if (ExpertsOf(spec) is not { } experts)
            return names;
        MixtralArchitecture.AddGgufExperts(names, experts, spec.Decoder!.Width);
        foreach (string part in (ReadOnlySpan<string>)["gate", "up", "down"])
            names.Add($"layers.*.mlp.shared.{part}", $"blk.*.ffn_{part}_shexp");
        return names;
    }

    private static void WriteGguf(GgufExport export)
    {
        StackSpec stack = export.Spec.Decoder!;
        FeedForwardSpec.Experts? experts = ExpertsOf(export.Spec);
        export.Require(experts is not null, "num_local_experts", "readers of llama4 files need experts");
        GgufPattern.Require(export, layer => layer.Mixer is MixerSpec.Attention { Position: PositionSpec.None }, StillInFiles,
            "no_rope_layers");
        MixerSpec.Attention[] all = [.. stack.AttentionLayers().Select(layer => layer.Attention)];
        MixerSpec.Attention turning = all[0];
        export.Require(all.All(own => own.Chunk == (own.Position is PositionSpec.None ? 0 : ChunkInFiles)),
            "attention_chunk_size", $"readers take {ChunkInFiles} in the layers that turn, and none in the others");
        export.Require(all.All(attention => attention.Temperature is null or { Slope: 0.1, Step: ChunkInFiles }),
            "floor_scale", $"readers take a slope of 0.1 and steps of {ChunkInFiles}");
        export.Require(experts!.Count != 128 == (turning.HeadNorm is not null), "use_qk_norm",
            "readers take normed heads but for 128 experts");
        export.Set("interleave_moe_layer_step",
            (uint)GgufPattern.Period(stack, layer => layer.FeedForward is FeedForwardSpec.Experts));
        export.SetDefault("feed_forward_length", (uint)(stack.Layers.Select(layer => layer.FeedForward)
            .OfType<FeedForwardSpec.Gated>().FirstOrDefault()?.Width ?? experts.Expert.Width));
        export.SetDefault("expert_feed_forward_length", (uint)experts.Expert.Width);
        LlamaFamily.WriteGguf(export, turning, partial: false);
    }
}

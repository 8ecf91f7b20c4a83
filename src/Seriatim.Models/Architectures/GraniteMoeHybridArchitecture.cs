using System.Text.Json.Nodes;

namespace Seriatim.Models;

/// <summary>
/// Granite 4 (IBM, 2025): Mamba-2 with a layer of attention every few, the factors of Granite, and experts beside a layer that
/// all rows go through, or that layer alone.
/// </summary>
internal sealed class GraniteMoeHybridArchitecture : Architecture
{
    private const string Mamba = "mamba", Attending = "attention", Layer = "model.layers.*.";

    public override string ModelType => "granitemoehybrid";

    public override IReadOnlyList<string> ClassNames => ["GraniteMoeHybridForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "granitehybrid",
        Keys =
        [
            .. GgufMap.LlamaKeys.Where(key => key.Name is not ("attention.head_count_kv" or "attention.key_length"
                or "feed_forward_length")),
            .. GraniteArchitecture.Factors, new("ssm.conv_kernel", "mamba_d_conv"), new("ssm.state_size", "mamba_d_state"),
            new("ssm.time_step_rank", "mamba_n_heads"), new("ssm.group_count", "mamba_n_groups"),
        ],
        Names = GgufNames,
        Read = ReadGguf,
        Write = WriteGguf,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size"), layers = config.Size("num_hidden_layers");
        config.Waive("how fresh weights are drawn", "init_method");
        config.Waive("the forms of the recurrence are one here", "mamba_chunk_size");
        config.TrainingOnly("router_aux_loss_coef", "router_jitter_noise");
        config.Only("normalization_function", "rmsnorm");
        NormSpec norm = LlamaFamily.Norm(config);
        (MixerSpec.Attention attention, int context) = ReadAttention(config, width);
        MixerSpec.Mamba2? mamba = null;
        string[] kinds = LayerKinds.Read(config, layers, Mamba, Attending) ?? [.. Enumerable.Repeat(Mamba, layers)];
        if (kinds.Contains(Mamba))
            mamba = ReadMamba(config, width, norm.Epsilon);
        else
            config.Waive("no layer is such a one", "mamba_*");
        FeedForwardSpec feedForward = FeedForward(config);
        float residual = (float)config.Number(1, "residual_multiplier");
        ModelSpec spec = LlamaFamily.Model(config, ModelType, width, context,
            i => new LayerSpec(Placement.Pre, norm, kinds[i] == Mamba ? mamba! : attention, feedForward)
            {
                ResidualScale = residual,
            }, tied: false);
        return GraniteArchitecture.WithFactors(config, spec);
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = LlamaFamily.Names(spec);
        if (MambaOf(spec) is { } mamba)
            Mamba2Architecture.AddNames(names, mamba, $"{Layer}mamba.");
        if (ExpertsOf(spec) is not { } experts)
        {
            AddShared(names, "mlp", spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Gated>().Width);
            return names;
        }

        return AddExperts(names, experts, spec.Decoder!.Width);
    }

    /// <summary>Experts of a layer in one tensor, and the layer beside them.</summary>
    internal static NameTable AddExperts(NameTable names, FeedForwardSpec.Experts experts, int width)
    {
        (int count, int inner) = (experts.Count, experts.Expert.Width);
        names.Add("layers.*.mlp.router", $"{Layer}block_sparse_moe.router.layer");
        names.Add("layers.*.mlp.experts.*.gate", new TensorPlace($"{Layer}block_sparse_moe.input_linear",
            Rows: RowPattern.Run(0, inner, 2 * inner), Slices: count, SliceRows: 2 * inner));
        names.Add("layers.*.mlp.experts.*.up", new TensorPlace($"{Layer}block_sparse_moe.input_linear",
            Rows: RowPattern.Run(inner, inner, 2 * inner), Slices: count, SliceRows: 2 * inner));
        names.Add("layers.*.mlp.experts.*.down", new TensorPlace($"{Layer}block_sparse_moe.output_linear",
            Slices: count, SliceRows: width));
        if (experts.Shared is { } shared)
            AddShared(names, "mlp.shared", shared.Width);
        return names;
    }

    private static void AddShared(NameTable names, string path, int inner)
    {
        names.Replace($"layers.*.{path}.gate",
            new TensorPlace($"{Layer}shared_mlp.input_linear", Rows: RowPattern.Run(0, inner, 2 * inner)));
        names.Replace($"layers.*.{path}.up",
            new TensorPlace($"{Layer}shared_mlp.input_linear", Rows: RowPattern.Run(inner, inner, 2 * inner)));
        names.Replace($"layers.*.{path}.down", new TensorPlace($"{Layer}shared_mlp.output_linear"));
    }

    private static (MixerSpec.Attention Attention, int Context) ReadAttention(ConfigReader config, int width)
    {
        string positions = config.Text("nope", "position_embedding_type");
        if (positions is not ("nope" or "rope"))
            throw config.Unsupported("position_embedding_type", positions, "nope or rope is needed");
        (MixerSpec.Attention attention, int context) = GraniteArchitecture.Attention(config, width);
        return (positions == "rope" ? attention : attention with { Position = new PositionSpec.None() }, context);
    }

    private static MixerSpec.Mamba2 ReadMamba(ConfigReader config, int width, float epsilon)
    {
        int heads = config.SizeOrNull("mamba_n_heads") ?? 128, groups = config.SizeOrNull("mamba_n_groups") ?? 1;
        int inner = config.Product("mamba_expand", config.SizeOrNull("mamba_expand") ?? 2, width, "hidden_size");
        int headDim = MambaFamily.HeadDim(config, inner, heads);
        (float lowest, float highest) = MambaFamily.Limits(config);
        if ((long)heads * headDim != inner)
        {
            throw config.Unsupported("mamba_n_heads", heads,
                $"mamba_n_heads {heads} x mamba_d_head {headDim} must be mamba_expand x hidden_size, {inner}");
        }
        if (heads % groups != 0)
            throw config.Unsupported("mamba_n_groups", groups, $"a divisor of mamba_n_heads {heads} is needed");
        var mixer = new MixerSpec.Mamba2(heads, headDim, groups, config.SizeOrNull("mamba_d_state") ?? 256,
            MambaFamily.Kernel(config, "mamba_d_conv"), epsilon)
        {
            Activation = CommonKeys.ReadActivation(config, "silu", "hidden_act"),
            Bias = config.Flag(false, "mamba_proj_bias"),
            ConvolutionBias = config.Flag(true, "mamba_conv_bias"),
            LowestStep = lowest,
            HighestStep = highest,
            Steps = MambaFamily.Steps(config),
        };
        MambaFamily.RequireState(config, ("mamba_d_state", mixer.States), ("mamba_d_conv", mixer.Kernel), inner);
        config.Product("mamba_d_conv", mixer.Kernel, config.Product("mamba_n_groups", groups, mixer.States, "mamba_d_state"),
            "mamba_n_groups x mamba_d_state");
        return mixer;
    }

    /// <summary>Experts beside a layer of all rows, or that layer alone.</summary>
    private static FeedForwardSpec FeedForward(ConfigReader config)
    {
        int count = config.IdOrNull("num_local_experts") ?? 0;
        Activation activation = CommonKeys.ReadActivation(config, "silu", "hidden_act");
        var shared = new FeedForwardSpec.Gated(config.Size("shared_intermediate_size"), activation, Bias: false);
        if (count == 0)
        {
            config.Waive("there are no experts", "num_experts_per_tok", "intermediate_size");
            return shared;
        }

        int perToken = config.Size("num_experts_per_tok");
        if (perToken > count)
            throw config.Unsupported("num_experts_per_tok", perToken, $"at most num_local_experts {count} is needed");

        // The softmax over the chosen logits is that over all, divided by the sum of the chosen.
        return new FeedForwardSpec.Experts(count, perToken, renormalise: true,
            shared with { Width = config.Size("intermediate_size") })
        {
            Shared = shared,
        };
    }

    private static MixerSpec.Mamba2? MambaOf(ModelSpec spec) => spec.Decoder!.Layers.Select(layer => layer.Mixer.Computed)
        .OfType<MixerSpec.Mamba2>().FirstOrDefault();

    private static FeedForwardSpec.Experts? ExpertsOf(ModelSpec spec) =>
        spec.Decoder!.Layers[0].FeedForward as FeedForwardSpec.Experts;

    private static NameTable GgufNames(ModelSpec spec)
    {
        NameTable names = GgufMap.LlamaNames(spec with { Decoder = OnlyAttention(spec.Decoder!) }, turned: true);
        if (MambaOf(spec) is { } mamba)
            Mamba2Architecture.AddGgufNames(names, mamba);
        if (ExpertsOf(spec) is not { } experts)
            return names;
        MixtralArchitecture.AddGgufExperts(names, experts, spec.Decoder!.Width);
        foreach (string part in (ReadOnlySpan<string>)["gate", "up", "down"])
            names.Add($"layers.*.mlp.shared.{part}", $"blk.*.ffn_{part}_shexp");
        return names;
    }

    private static StackSpec OnlyAttention(StackSpec stack) => stack with
    {
        Layers = [.. stack.Layers.Where(layer => layer.Mixer is MixerSpec.Attention)],
    };

    private static void ReadGguf(GgufConfig config)
    {
        int layers = config.Required("block_count"), heads = Math.Max(1, config.Required("attention.head_count"));
        int[] keyHeads = config.Sizes("attention.head_count_kv", layers);
        int most = keyHeads.Length == 0 ? 0 : keyHeads.Max();
        if (Array.Exists(keyHeads, count => count != 0 && count != most))
            throw config.Unsupported("attention.head_count_kv", keyHeads, $"0 or {most} in each layer is needed");
        config.Json["num_key_value_heads"] = Math.Max(1, most);
        config.Json["layer_types"] = new JsonArray([.. keyHeads.Select(count => (JsonNode)(count == 0 ? Mamba : Attending))]);
        config.Json["position_embedding_type"] = config.Flag("rope.scaling.finetuned") == false ? "nope" : "rope";
        GraniteArchitecture.ReadFactors(config);
        int width = config.Required("embedding_length"), inner = config.Required("ssm.inner_size");
        if (width == 0 || inner % width != 0)
            throw config.Unsupported("ssm.inner_size", inner, $"a multiple of embedding_length {width} is needed");
        config.Json["mamba_expand"] = inner / width;
        config.Json["mamba_d_head"] = inner / Math.Max(1, config.Required("ssm.time_step_rank"));
        config.Only("attention.key_length", width / heads, "the width over the heads");
        config.Only("attention.value_length", width / heads, "the width over the heads");
        config.Json["attention_bias"] = false;
        GgufRope.Read(config, width / heads);
        int experts = config.Size("expert_count") ?? 0;
        config.Json["num_local_experts"] = experts;
        int feedForward = config.Required("feed_forward_length");
        config.Json["shared_intermediate_size"] =
            experts == 0 ? feedForward : config.Required("expert_shared_feed_forward_length");
        if (experts == 0)
            return;
        config.Json["intermediate_size"] = feedForward;
        config.Json["num_experts_per_tok"] = config.Required("expert_used_count");
    }

    private static void WriteGguf(GgufExport export)
    {
        StackSpec stack = export.Spec.Decoder!;
        export.Require(stack.AttentionLayers().Any(), "layer_types", "readers need a layer of attention");
        export.Require(MambaOf(export.Spec) is not null, "layer_types", "readers need a layer of Mamba-2");
        MixerSpec.Attention attention = stack.AttentionLayers().First().Attention;
        export.Set("attention.head_count_kv",
            stack.Layers.Select(layer => layer.Mixer is MixerSpec.Attention own ? (uint)own.KeyValueHeads : 0u).ToArray());
        GraniteArchitecture.WriteFactors(export);
        Mamba2Architecture.WriteGguf(export, MambaOf(export.Spec)!);
        export.Set("rope.scaling.finetuned", attention.Position is PositionSpec.Rope);
        if (attention.Position is PositionSpec.Rope)
            export.SetRope(attention, partial: false);
        if (ExpertsOf(export.Spec) is not { } experts)
        {
            export.Set("feed_forward_length", (uint)stack.AgreedFeedForward<FeedForwardSpec.Gated>().Width);
            return;
        }

        export.Set("feed_forward_length", (uint)experts.Expert.Width);
        export.Set("expert_count", (uint)experts.Count);
        export.Set("expert_used_count", (uint)experts.PerToken);
        export.Set("expert_shared_feed_forward_length", (uint)experts.Shared!.Width);
    }
}

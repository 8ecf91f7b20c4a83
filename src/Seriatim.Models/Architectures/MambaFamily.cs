namespace Seriatim.Models;

/// <summary>What models of selective state space layers have in common.</summary>
internal static class MambaFamily
{
    /// <summary>The number of positions that converters write for models without one.</summary>
    public const uint WrittenContext = 1 << 20;

    /// <summary>More than any published model has by far.</summary>
    private const int MostTaps = 1024;

    /// <summary>The keys of mamba and falcon_mamba; sizes of the layers are read and written by the methods below.</summary>
    public static IReadOnlyList<GgufKey> GgufKeys { get; } =
    [
        new("embedding_length", "hidden_size"),
        new("block_count", "num_hidden_layers"),
        new("attention.layer_norm_rms_epsilon", "layer_norm_epsilon", GgufKind.Number),
        new GgufKey("vocab_size", "vocab_size").Optional,
    ];

    /// <summary>A decoder of Mamba layers alone, from the keys of mamba.</summary>
    /// <param name="config">The config.</param>
    /// <param name="family">Its model type.</param>
    /// <param name="layer">What is particular to the family.</param>
    public static ModelSpec Model(ConfigReader config, string family, Func<MixerSpec.Mamba, MixerSpec.Mamba> layer)
    {
        int width = config.Size("hidden_size", "d_model");
        int inner = Inner(config, width);
        int states = config.SizeOrNull("state_size") ?? 16;
        var mixer = new MixerSpec.Mamba(
            inner, states, Kernel(config, "conv_kernel"), Rank(config, "time_step_rank", width))
        {
            Activation = CommonKeys.ReadActivation(config, "silu", "hidden_act"),
            Bias = config.Flag(false, "use_bias"),
            ConvolutionBias = config.Flag(true, "use_conv_bias"),
            Steps = Steps(config),
        };
        RequireState(config, ("state_size", states), ("conv_kernel", mixer.Kernel), inner);
        Waive(config);
        var norm = new NormSpec(NormKind.Rms, (float)config.Number(1e-5, "layer_norm_epsilon"), Bias: false);
        int vocabulary = config.Size("vocab_size");
        var spec = new LayerSpec(Placement.Pre, norm, layer(mixer), FeedForward: null);
        var stack = new StackSpec(vocabulary, width, Visibility.Causal,
            CommonKeys.Layers(config, config.Size("num_hidden_layers", "n_layer"), _ => spec))
        {
            FinalNorm = norm,
        };
        var head = new HeadSpec(vocabulary) { Tied = config.Flag(true, "tie_word_embeddings") };
        return new ModelSpec(family, ModelTask.CausalLanguageModel, null, stack, head, int.MaxValue);
    }

    /// <summary>Taps of the convolution.</summary>
    public static int Kernel(ConfigReader config, string key)
    {
        int kernel = config.SizeOrNull(key) ?? 4;
        if (kernel > MostTaps)
            throw config.Unsupported(key, kernel, $"a kernel of at most {MostTaps} is supported");
        return kernel >= 2 ? kernel : throw config.Unsupported(key, kernel, "a kernel of 2 or more is needed");
    }

    /// <summary>Refuses sizes of which no state could be made.</summary>
    /// <param name="config">The config.</param>
    /// <param name="states">The key of the states of a channel, and what it says.</param>
    /// <param name="kernel">The key of the taps, and what it says.</param>
    /// <param name="inner">Channels.</param>
    public static void RequireState(ConfigReader config, (string Key, int Size) states, (string Key, int Size) kernel, int inner)
    {
        config.Product(states.Key, states.Size, inner + 15L, "channels, in whole vectors,");
        config.Product(kernel.Key, kernel.Size, inner, "channels");
    }

    /// <summary>Features that steps are made of; "auto" is a sixteenth of the width.</summary>
    public static int Rank(ConfigReader config, string key, int width) => config.IsText(key)
        ? config.Text("auto", key) is "auto" ? (width + 15) / 16
            : throw config.Unsupported(key, config.Text(null, key), "\"auto\" or a positive integer is needed")
        : config.SizeOrNull(key) ?? (width + 15) / 16;

    /// <summary>The names of the parts of a layer.</summary>
    /// <param name="names">Takes them.</param>
    /// <param name="mixer">The layer.</param>
    /// <param name="prefix">What they are below, with the final point.</param>
    public static void AddNames(NameTable names, MixerSpec.Mamba mixer, string prefix)
    {
        (int inner, int rank, int states) = (mixer.Inner, mixer.Rank, mixer.States);
        AddParts(names, $"{prefix}in_proj", 2 * inner, ("x", inner), ("z", inner));
        AddParts(names, $"{prefix}x_proj", rank + 2 * states, ("low", rank), ("b", states), ("c", states));
        names.Add("layers.*.mamba.convolution.weight",
            new TensorPlace($"{prefix}conv1d.weight") { Shape = [inner, 1, mixer.Kernel] });
        names.Add("layers.*.mamba.convolution.bias", $"{prefix}conv1d.bias");
        names.Add("layers.*.mamba.step", $"{prefix}dt_proj");
        names.Add("layers.*.mamba.log_rates", $"{prefix}A_log");
        names.Add("layers.*.mamba.skip", $"{prefix}D");
        names.Add("layers.*.mamba.o", $"{prefix}out_proj");
    }

    /// <summary>The names of the parts of a layer in GGUF files, which hold rates in place of their logarithms.</summary>
    public static void AddGgufNames(NameTable names, MixerSpec.Mamba mixer)
    {
        (int inner, int rank, int states) = (mixer.Inner, mixer.Rank, mixer.States);
        AddParts(names, "blk.*.ssm_in", 2 * inner, ("x", inner), ("z", inner));
        AddParts(names, "blk.*.ssm_x", rank + 2 * states, ("low", rank), ("b", states), ("c", states));
        names.Add("layers.*.mamba.convolution", "blk.*.ssm_conv1d");
        names.Add("layers.*.mamba.step", "blk.*.ssm_dt");
        names.Add("layers.*.mamba.log_rates", new TensorPlace("blk.*.ssm_a", Form: new ValueForm.Rates()));
        names.Add("layers.*.mamba.skip", "blk.*.ssm_d");
        names.Add("layers.*.mamba.o", "blk.*.ssm_out");
    }

    /// <summary>The names of mamba and falcon_mamba.</summary>
    public static NameTable Names(ModelSpec spec)
    {
        var names = new NameTable
        {
            { "embed", "backbone.embeddings" },
            { "layers.*.norm1", "backbone.layers.*.norm" },
            { "norm", "backbone.norm_f" },
            { "head", "lm_head" },
        };
        AddNames(names, Mixer(spec), "backbone.layers.*.mixer.");
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "lm_head.weight") : names;
    }

    /// <summary>Their names in GGUF files.</summary>
    public static NameTable GgufNames(ModelSpec spec)
    {
        var names = new NameTable
        {
            { "embed", "token_embd" }, { "layers.*.norm1", "blk.*.attn_norm" }, { "norm", "output_norm" }, { "head", "output" },
        };
        AddGgufNames(names, Mixer(spec));
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "output.weight") : names;
    }

    /// <summary>Reads the sizes of layers.</summary>
    /// <param name="config">The metadata.</param>
    /// <param name="names">The config's keys of the inner size, the states, the kernel and the rank.</param>
    public static void ReadGguf(GgufConfig config, (string? Inner, string States, string Kernel, string Rank) names)
    {
        if (names.Inner is { } inner)
            config.Json[inner] = config.Required("ssm.inner_size");
        config.Json[names.States] = config.Required("ssm.state_size");
        config.Json[names.Kernel] = config.Required("ssm.conv_kernel");
        config.Json[names.Rank] = config.Required("ssm.time_step_rank");
        config.Only("ssm.group_count", 0, "no groups of states");
    }

    /// <summary>Reads what mamba and falcon_mamba have.</summary>
    public static void ReadGguf(GgufConfig config)
    {
        ReadGguf(config, ("intermediate_size", "state_size", "conv_kernel", "time_step_rank"));
        config.Waive("converters write any number: nothing limits these models", "context_length");
        config.Only("feed_forward_length", 0, "no feed-forward layers");
        config.Only("attention.head_count", 0, "no attention");
        config.Only("attention.head_count_kv", 0, "no attention");
    }

    /// <summary>Writes the sizes of layers, or refuses what readers do not apply.</summary>
    public static void WriteGguf(GgufExport export, MixerSpec.Mamba mixer)
    {
        int width = export.Spec.Decoder!.Width;
        export.Require(!mixer.Bias, "use_bias", "GGUF files have no bias of the layers in and out");
        export.Require(mixer.ConvolutionBias, "use_conv_bias", "readers of GGUF files need the bias of the convolution");
        export.Require(mixer.Activation == Activation.Silu, "hidden_act", $"readers apply silu, not {mixer.Activation}");
        export.Require(mixer.Inner == 2 * width, "intermediate_size",
            $"readers need twice the hidden size, {2 * width}, and this is {mixer.Inner}");
        export.Set("ssm.conv_kernel", (uint)mixer.Kernel);
        export.Set("ssm.inner_size", (uint)mixer.Inner);
        export.Set("ssm.state_size", (uint)mixer.States);
        export.Set("ssm.time_step_rank", (uint)mixer.Rank);
    }

    /// <summary>Writes what mamba and falcon_mamba have.</summary>
    public static void WriteGguf(GgufExport export)
    {
        MixerSpec.Mamba mixer = Mixer(export.Spec);
        WriteGguf(export, mixer);
        export.Set("context_length", WrittenContext);
        export.Set("feed_forward_length", 0u);
        export.Set("attention.head_count", 0u);
        export.Set("ssm.dt_b_c_rms", mixer.NormEpsilon is not null);
    }

    private static MixerSpec.Mamba Mixer(ModelSpec spec) =>
        spec.Decoder!.Agreed("mixer", layer => (MixerSpec.Mamba)layer.Mixer.Computed);

    private static void AddParts(NameTable names, string file, int total, params ReadOnlySpan<(string Part, int Rows)> parts)
    {
        int first = 0;
        foreach ((string part, int rows) in parts)
        {
            names.Add($"layers.*.mamba.{part}", new TensorPlace(file, Rows: RowPattern.Run(first, rows, total)));
            first += rows;
        }
    }

    /// <summary>The inner size if the config says it, as the reference library has it; else the width times the factor.</summary>
    private static int Inner(ConfigReader config, int width)
    {
        if (config.SizeOrNull("intermediate_size", "d_inner") is { } inner)
        {
            config.Waive("intermediate_size says it", "expand");
            return inner;
        }

        return config.Product("expand", config.SizeOrNull("expand") ?? 2, width, "hidden_size");
    }

    /// <summary>Channels of a head of Mamba-2 beside other layers; "auto" is what the heads leave.</summary>
    public static int HeadDim(ConfigReader config, int inner, int heads)
    {
        const string Key = "mamba_d_head";
        if (!config.IsText(Key))
            return config.SizeOrNull(Key) ?? inner / heads;
        return config.Text(null, Key) == "auto"
            ? inner / heads
            : throw config.Unsupported(Key, config.Text(null, Key), "\"auto\" or a positive integer is needed");
    }

    /// <summary>The smallest and the largest step.</summary>
    public static (float Lowest, float Highest) Limits(ConfigReader config)
    {
        (double lowest, double highest) = config.Range("time_step_limit", 0, double.PositiveInfinity);
        return lowest >= 0 && lowest <= highest
            ? ((float)lowest, (float)highest)
            : throw config.Unsupported("time_step_limit", $"[{lowest}, {highest}]", "two numbers from 0, in order, are needed");
    }

    /// <summary>The steps of fresh layers.</summary>
    public static StepRange Steps(ConfigReader config)
    {
        var steps = new StepRange(
            (float)config.Number(StepRange.Usual.Smallest, "time_step_min"),
            (float)config.Number(StepRange.Usual.Largest, "time_step_max"),
            (float)config.Number(StepRange.Usual.Floor, "time_step_floor"));
        if (!(steps.Smallest > 0))
            throw config.Unsupported("time_step_min", steps.Smallest, "a positive number is needed");
        if (!(steps.Largest >= steps.Smallest))
            throw config.Unsupported("time_step_max", steps.Largest, $"at least time_step_min {steps.Smallest} is needed");
        return steps;
    }

    /// <summary>Waives what changes no result.</summary>
    public static void Waive(ConfigReader config)
    {
        config.Waive("how fresh weights are drawn", "time_step_scale", "time_step_init_scheme", "rescale_prenorm_residual");
        config.Waive("all sums are F32", "residual_in_fp32");
        config.Waive("which of several kernels that say the same", "use_mambapy", "use_falcon_mambapy", "fused_add_norm",
            "use_associative_scan");
        config.Waive("vocab_size is rounded already", "pad_vocab_size_multiple");
        config.WaiveAt("all norms are RMS norms", "true", "rms_norm");
        config.WaiveAt("the other keys say it", "{}", "ssm_cfg");
    }
}

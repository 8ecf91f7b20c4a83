namespace Seriatim.Models;

/// <summary>Mamba-2 (Dao and Gu, 2024): layers of state spaces and nothing else; nothing limits the context.</summary>
internal sealed class Mamba2Architecture : Architecture
{
    public override string ModelType => "mamba2";

    public override IReadOnlyList<string> ClassNames => ["Mamba2ForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "mamba2",
        Keys =
        [
            .. MambaFamily.GgufKeys,
            new("ssm.conv_kernel", "conv_kernel"), new("ssm.state_size", "state_size"), new("ssm.time_step_rank", "num_heads"),
            new("ssm.group_count", "n_groups"),
        ],
        Names = GgufNames,
        Read = ReadGguf,
        Write = WriteGguf,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size", "d_model");
        (int heads, int headDim) = Heads(config, width);
        int groups = config.SizeOrNull("n_groups") ?? 8;
        if (heads % groups != 0)
            throw config.Unsupported("n_groups", groups, $"a divisor of num_heads {heads} is needed");
        float epsilon = (float)config.Number(1e-5, "layer_norm_epsilon");
        (float lowest, float highest) = MambaFamily.Limits(config);
        var mixer = new MixerSpec.Mamba2(heads, headDim, groups, config.SizeOrNull("state_size") ?? 128,
            MambaFamily.Kernel(config, "conv_kernel"), epsilon)
        {
            Activation = CommonKeys.ReadActivation(config, "silu", "hidden_act"),
            Bias = config.Flag(false, "use_bias"),
            ConvolutionBias = config.Flag(true, "use_conv_bias"),
            LowestStep = lowest,
            HighestStep = highest,
            Steps = MambaFamily.Steps(config),
        };
        MambaFamily.RequireState(config, ("state_size", mixer.States), ("conv_kernel", mixer.Kernel), mixer.Inner);
        config.Product("conv_kernel", mixer.Kernel, config.Product("n_groups", groups, mixer.States, "state_size"),
            "n_groups x state_size");
        MambaFamily.Waive(config);
        config.Waive("says nothing in this family: there is a step of each head", "time_step_rank");
        config.Waive("the forms of the recurrence are one here", "chunk_size");
        config.Waive("the norm follows the gate in the reference library whatever it says", "norm_before_gate");
        var norm = new NormSpec(NormKind.Rms, epsilon, Bias: false);
        int vocabulary = config.Size("vocab_size");
        var layer = new LayerSpec(Placement.Pre, norm, mixer, FeedForward: null);
        var stack = new StackSpec(vocabulary, width, Visibility.Causal,
            CommonKeys.Layers(config, config.Size("num_hidden_layers", "n_layer"), _ => layer))
        {
            FinalNorm = norm,
        };
        var head = new HeadSpec(vocabulary) { Tied = config.Flag(false, "tie_word_embeddings") };
        return new ModelSpec(ModelType, ModelTask.CausalLanguageModel, null, stack, head, int.MaxValue);
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        const string Prefix = "backbone.layers.*.mixer.";
        var names = new NameTable
        {
            { "embed", "backbone.embeddings" },
            { "layers.*.norm1", "backbone.layers.*.norm" },
            { "norm", "backbone.norm_f" },
            { "head", "lm_head" },
        };
        AddNames(names, Mixer(spec), Prefix);
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "lm_head.weight") : names;
    }

    private static NameTable GgufNames(ModelSpec spec)
    {
        var names = new NameTable
        {
            { "embed", "token_embd" },
            { "layers.*.norm1", "blk.*.attn_norm" },
            { "norm", "output_norm" },
            { "head", "output" },
        };
        AddGgufNames(names, Mixer(spec));
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "output.weight") : names;
    }

    /// <summary>The names of the parts of a layer.</summary>
    /// <param name="names">Takes them.</param>
    /// <param name="mixer">The layer.</param>
    /// <param name="prefix">What they are below, with the final point.</param>
    internal static void AddNames(NameTable names, MixerSpec.Mamba2 mixer, string prefix)
    {
        names.Add("layers.*.mamba2.step_bias", $"{prefix}dt_bias");
        names.Add("layers.*.mamba2.log_rates", $"{prefix}A_log");
        names.Add("layers.*.mamba2.skip", $"{prefix}D");
        names.Add("layers.*.mamba2.norm", $"{prefix}norm");
        names.Add("layers.*.mamba2.o", $"{prefix}out_proj");
        AddRuns(names, mixer, $"{prefix}in_proj", $"{prefix}conv1d", [1]);
    }

    /// <summary>The same in GGUF files.</summary>
    internal static void AddGgufNames(NameTable names, MixerSpec.Mamba2 mixer)
    {
        long[] ofHeads = [mixer.Heads, 1];
        names.Add("layers.*.mamba2.step_bias", "blk.*.ssm_dt.bias");
        names.Add("layers.*.mamba2.log_rates",
            new TensorPlace("blk.*.ssm_a", Form: new ValueForm.Rates()) { Shape = ofHeads });
        names.Add("layers.*.mamba2.skip", new TensorPlace("blk.*.ssm_d") { Shape = ofHeads });
        names.Add("layers.*.mamba2.o", "blk.*.ssm_out");

        // A row of what is normed together: readers who norm each group by itself look for a row of each.
        if (mixer.NormChannels > 0)
        {
            int rows = mixer.Inner / mixer.NormChannels;
            names.Add("layers.*.mamba2.norm", new TensorPlace("blk.*.ssm_norm") { Shape = [rows, mixer.NormChannels] });
        }

        AddRuns(names, mixer, "blk.*.ssm_in", "blk.*.ssm_conv1d", []);
    }

    /// <summary>
    /// The parts of the fused layer in, <c>[z | x | B | C | Δ]</c>, and of the convolution over <c>[x | B | C]</c>.
    /// </summary>
    /// <param name="names">Takes them.</param>
    /// <param name="mixer">The layer.</param>
    /// <param name="linear">The tensor of the layer in.</param>
    /// <param name="filter">That of the convolution.</param>
    /// <param name="between">Axes between its channels and its taps.</param>
    private static void AddRuns(NameTable names, MixerSpec.Mamba2 mixer, string linear, string filter, long[] between)
    {
        int shared = mixer.Groups * mixer.States;
        int channels = mixer.Inner + 2 * shared;
        int all = mixer.Inner + channels + mixer.Heads;
        (string Part, int Rows)[] parts =
            [("z", mixer.Inner), ("x", mixer.Inner), ("b", shared), ("c", shared), ("step", mixer.Heads)];
        int first = 0;
        foreach ((string part, int rows) in parts)
        {
            names.Add($"layers.*.mamba2.{part}", new TensorPlace(linear, Rows: RowPattern.Run(first, rows, all)));
            if (part is "x" or "b" or "c")
            {
                RowPattern own = RowPattern.Run(first - mixer.Inner, rows, channels);
                names.Add($"layers.*.mamba2.convolution.{part}.weight", new TensorPlace($"{filter}.weight", Rows: own)
                {
                    Shape = [channels, .. between, mixer.Kernel],
                });
                names.Add($"layers.*.mamba2.convolution.{part}.bias", new TensorPlace($"{filter}.bias", Rows: own));
            }

            first += rows;
        }
    }

    private static void ReadGguf(GgufConfig config)
    {
        int inner = config.Required("ssm.inner_size"), heads = Math.Max(config.Required("ssm.time_step_rank"), 1);
        int width = Math.Max(config.Required("embedding_length"), 1);
        if (inner % heads != 0 || inner % width != 0)
            throw config.Unsupported("ssm.inner_size", inner,
                $"a multiple of ssm.time_step_rank {heads} and of embedding_length {width} is needed");
        if (config.RowsOf("blk.0.ssm_norm.weight") is > 1 and var rows)
            throw config.Unsupported("ssm.group_count", rows,
                "the file norms the channels of each group by themselves, and only a norm over all channels is supported");
        config.Json["head_dim"] = inner / heads;
        config.Json["expand"] = inner / width;
        config.Json["use_conv_bias"] = config.Has("blk.0.ssm_conv1d.bias");
        config.Waive("converters write any number: nothing limits these models", "context_length");
        config.Only("feed_forward_length", 0, "no feed-forward layers");
        config.Only("attention.head_count", 0, "no attention");
        config.Only("attention.head_count_kv", 0, "no attention");
    }

    private static void WriteGguf(GgufExport export)
    {
        MixerSpec.Mamba2 mixer = Mixer(export.Spec);
        WriteGguf(export, mixer);
        export.Set("context_length", MambaFamily.WrittenContext);
        export.Set("feed_forward_length", 0u);
        export.Set("attention.head_count", 0u);
    }

    /// <summary>Writes the sizes of layers, or refuses what readers do not apply.</summary>
    internal static void WriteGguf(GgufExport export, MixerSpec.Mamba2 mixer)
    {
        export.Require(!mixer.Bias && !mixer.OutputBias, "use_bias", "GGUF files have no bias of the layers in and out");
        export.Require(mixer.ConvolutionBias, "use_conv_bias", "readers of GGUF files need the bias of the convolution");
        export.Require(mixer.Activation == Activation.Silu, "hidden_act", $"readers apply silu, not {mixer.Activation}");
        export.Require(mixer is { LowestStep: 0, HighestStep: float.PositiveInfinity }, "time_step_limit",
            "GGUF files have no key for it");
        export.Set("ssm.conv_kernel", (uint)mixer.Kernel);
        export.Set("ssm.inner_size", (uint)mixer.Inner);
        export.Set("ssm.state_size", (uint)mixer.States);
        export.Set("ssm.time_step_rank", (uint)mixer.Heads);
        export.Set("ssm.group_count", (uint)mixer.Groups);
    }

    private static MixerSpec.Mamba2 Mixer(ModelSpec spec) =>
        spec.Decoder!.Agreed("mixer", layer => (MixerSpec.Mamba2)layer.Mixer.Computed);

    /// <summary>Heads and their channels, which are <c>expand</c> times the width in all.</summary>
    private static (int Heads, int HeadDim) Heads(ConfigReader config, int width)
    {
        int heads = config.SizeOrNull("num_heads") ?? 128, headDim = config.SizeOrNull("head_dim") ?? 64;
        int expand = config.SizeOrNull("expand") ?? 2;
        config.Product("num_heads", heads, headDim, "head_dim");
        if ((long)heads * headDim != (long)expand * width)
            throw config.Unsupported("num_heads", heads,
                $"num_heads {heads} x head_dim {headDim} must be expand {expand} x hidden_size {width}");
        if (config.SizeOrNull("intermediate_size") is { } inner && inner != heads * headDim)
            throw config.Unsupported("intermediate_size", inner, $"num_heads {heads} x head_dim {headDim} is needed");
        return (heads, headDim);
    }
}

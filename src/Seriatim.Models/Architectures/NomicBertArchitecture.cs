using System.Text.Json.Nodes;

namespace Seriatim.Models;

/// <summary>
/// Nomic's BERT (Nussbaum et al., 2024): rotary positions and gated feed-forward layers, no biases but those of the norms;
/// configs have the names of GPT-2. For embeddings.
/// </summary>
internal sealed class NomicBertArchitecture : Architecture
{
    public override string ModelType => "nomic_bert";

    public override IReadOnlyList<string> ClassNames => ["NomicBertModel"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "nomic-bert",
        Keys =
        [
            new("context_length", "n_positions"), new("embedding_length", "n_embd"), new("block_count", "n_layer"),
            new("feed_forward_length", "n_inner"), new("attention.head_count", "n_head"),
            new("attention.layer_norm_epsilon", "layer_norm_epsilon", GgufKind.Number),
            new GgufKey("rope.freq_base", "rotary_emb_base", GgufKind.Number).Optional,
            new GgufKey("vocab_size", "vocab_size").Optional,
        ],
        Names = GgufNames,
        Read = ReadGguf,
        Write = export =>
        {
            MixerSpec.Attention attention = export.Spec.Encoder!.AgreedAttention();
            export.RequireActivation(Activation.Silu);
            export.Require(attention is { InputBias: false, Position: PositionSpec.Rope { Pairing: RopePairing.HalfSplit } },
                "qkv_proj_bias", "readers of nomic-bert files know no biases of attention, and turn halves");
            export.Require(!export.Spec.Encoder!.AgreedFeedForward<FeedForwardSpec.Gated>().Bias, "mlp_fc1_bias",
                "readers of nomic-bert files know no biases of gated layers");
            export.Set("attention.causal", false);
            export.SetPlain("tokenizer.ggml.token_type_count", (uint)export.Spec.Encoder!.TokenTypes);
            export.SetRope(attention, partial: false);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        foreach (string flag in (string[])["prenorm", "parallel_block", "parallel_block_tied_norm", "use_rms_norm", "causal",
            "scale_attn_by_inverse_layer_idx"])
        {
            config.Only(flag, false);
        }

        config.Waive("there is no head", "tie_word_embeddings");
        config.Only("scale_attn_weights", true);
        bool bias = config.Flag(false, "qkv_proj_bias"), inner = config.Flag(false, "mlp_fc1_bias");
        if (config.Flag(inner, "mlp_fc2_bias") != inner)
        {
            throw config.Unsupported("mlp_fc2_bias", !inner,
                "what mlp_fc1_bias says is needed: both layers have a bias, or none");
        }

        config.Waive("how the original code computes, not what", "dense_seq_output", "fused_bias_fc", "fused_dropout_add_ln",
            "use_xentropy", "reorder_and_upcast_attn", "pad_vocab_size_multiple");
        config.Waive("heads of other classes", "summary_activation", "summary_first_dropout", "summary_proj_to_labels",
            "summary_type", "summary_use_proj");
        (int width, int heads) = (config.Size("n_embd"), config.Size("n_head"));
        int headDim = CommonKeys.HeadDim(config, width, heads);
        var norm = new NormSpec(NormKind.Layer, (float)config.Number(1e-12, "layer_norm_epsilon"), Bias: true);
        MixerSpec.Attention attention = CommonKeys.MultiHead(heads, headDim, bias) with
        {
            Position = Rope(config, headDim),
        };
        var feedForward = new FeedForwardSpec.Gated(config.SizeOrNull("n_inner") ?? 4 * width, Gate(config), inner);
        var layer = new LayerSpec(Placement.Post, norm, attention, feedForward);
        var stack = new StackSpec(config.Size("vocab_size"), width, Visibility.Full,
            CommonKeys.Layers(config, config.Size("n_layer"), _ => layer))
        {
            TokenTypes = config.IdOrNull("type_vocab_size") ?? 2,
            EmbeddingNorm = norm,
        };
        return new ModelSpec(ModelType, ModelTask.Encoding, stack, null, new HeadSpec(0), config.Size("n_positions"))
        {
            Dropout = config.Dropout("embd_pdrop", "resid_pdrop", "attn_pdrop"),
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        int width = spec.Encoder!.Width;
        return Fused(new NameTable
        {
            { "embed", "embeddings.word_embeddings" },
            { "encoder.types", "embeddings.token_type_embeddings" },
            { "encoder.embed_norm", "emb_ln" },
            { "encoder.layers.*.attention.o", "encoder.layers.*.attn.out_proj" },
            { "encoder.layers.*.norm1", "encoder.layers.*.norm1" },

            // The second factor is the one with the function: the gate.
            { "encoder.layers.*.mlp.up", "encoder.layers.*.mlp.fc11" },
            { "encoder.layers.*.mlp.gate", "encoder.layers.*.mlp.fc12" },
            { "encoder.layers.*.mlp.down", "encoder.layers.*.mlp.fc2" },
            { "encoder.layers.*.norm2", "encoder.layers.*.norm2" },
        }, "encoder.layers.*.attn.Wqkv", width).Waive("heads: rows are pooled by who asks for them", "cls.*", "pooler.*");
    }

    private static NameTable GgufNames(ModelSpec spec) => Fused(new NameTable
    {
        { "embed", "token_embd" },
        { "encoder.types", "token_types" },
        { "encoder.embed_norm", "token_embd_norm" },
        { "encoder.layers.*.attention.o", "blk.*.attn_output" },
        { "encoder.layers.*.norm1", "blk.*.attn_output_norm" },
        { "encoder.layers.*.mlp.up", "blk.*.ffn_up" },
        { "encoder.layers.*.mlp.gate", "blk.*.ffn_gate" },
        { "encoder.layers.*.mlp.down", "blk.*.ffn_down" },
        { "encoder.layers.*.norm2", "blk.*.layer_output_norm" },
    }, "blk.*.attn_qkv", spec.Encoder!.Width);

    /// <summary>Adds q, k and v one after another in one tensor.</summary>
    internal static NameTable Fused(NameTable names, string file, int width)
    {
        foreach ((int i, string part) in (ReadOnlySpan<(int, string)>)[(0, "q"), (1, "k"), (2, "v")])
        {
            names.Add($"encoder.layers.*.attention.{part}",
                new TensorPlace(file, Rows: RowPattern.Run(i * width, width, 3 * width)));
        }

        return names;
    }

    private static void ReadGguf(GgufConfig config)
    {
        int heads = Math.Max(config.Required("attention.head_count"), 1);
        config.Only("attention.head_count_kv", heads, "the number of heads");
        if (config.Flag("attention.causal") != false)
            throw config.Unsupported("attention.causal", true, "false is needed: the model sees whole texts");
        if (config.Size("pooling_type") is > 4 and var pooling) // it changes no row
            throw config.Unsupported("pooling_type", pooling, "0 to 4 is needed");
        GgufRope.Read(config, config.Required("embedding_length") / heads);
        if (config.Json["rope_scaling"] is { } scaling)
            throw config.Unsupported("rope.scaling.type", scaling.ToJsonString(), "only \"none\" is supported");
        config.Json["type_vocab_size"] = config.RowsOf("token_types.weight") ?? 0;
    }

    private static PositionSpec.Rope Rope(ConfigReader config, int headDim)
    {
        double part = config.Number(1, "rotary_emb_fraction");
        int rotary = (int)Math.Clamp(headDim * part, 0, int.MaxValue);
        if (rotary < 2 || rotary % 2 != 0 || rotary > headDim)
        {
            throw config.Unsupported("rotary_emb_fraction", part,
                $"an even number from 2 to {headDim} of the {headDim} features of a head is needed, not {rotary}");
        }

        config.WaiveAt("no decay of scores", "0", "rotary_emb_scale_base");
        double theta = config.Number(10000, "rotary_emb_base");
        if (theta <= 0)
            throw config.Unsupported("rotary_emb_base", theta, "a positive number is needed");
        int trained = config.SizeOrNull("max_trained_positions") ?? 2048;
        RopeScaling? scaling = config.NumberOrNull("rotary_scaling_factor") switch
        {
            null or 1 => null,
            > 1 and var factor => new RopeScaling.DynamicNtk(factor, trained),
            var other => throw config.Unsupported("rotary_scaling_factor", other, "at least 1 is needed"),
        };
        RopePairing pairing = config.Flag(false, "rotary_emb_interleaved") ? RopePairing.Interleaved : RopePairing.HalfSplit;
        return new PositionSpec.Rope(theta, rotary, pairing, scaling);
    }

    /// <summary>The function of the gate, by the name of the whole layer (Shazeer, 2020).</summary>
    private static Activation Gate(ConfigReader config) => config.Text("swiglu", "activation_function") switch
    {
        "swiglu" => Activation.Silu,
        "geglu" => Activation.Gelu,
        "glu" => Activation.Sigmoid,
        var other => throw config.Unsupported("activation_function", other, "swiglu, geglu or glu is needed"),
    };
}

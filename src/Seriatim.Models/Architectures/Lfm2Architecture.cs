using System.Text.Json.Nodes;

namespace Seriatim.Models;

/// <summary>LFM2 (Liquid AI, 2025): short gated convolutions, and attention with normed heads every few layers.</summary>
internal sealed class Lfm2Architecture : Architecture
{
    private const string Convolution = "conv";
    private const string Layer = "model.layers.*.";

    public override string ModelType => "lfm2";

    public override IReadOnlyList<string> ClassNames => ["Lfm2ForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "lfm2",
        Keys =
        [
            new("context_length", "max_position_embeddings"), new("embedding_length", "hidden_size"),
            new("block_count", "num_hidden_layers"), new("attention.head_count", "num_attention_heads"),
            new("attention.layer_norm_rms_epsilon", "norm_eps", GgufKind.Number),
            new("shortconv.l_cache", "conv_L_cache"),
            new GgufKey("rope.freq_base", "rope_theta", GgufKind.Number).Optional,
            new GgufKey("vocab_size", "vocab_size").Optional,
        ],
        Names = GgufNames,
        Read = ReadGguf,
        Write = WriteGguf,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size", "block_dim"), layers = config.Size("num_hidden_layers");
        foreach (string key in (string[])["conv_dim", "conv_dim_out"])
        {
            if (config.SizeOrNull(key) is { } channels && channels != width)
                throw config.Unsupported(key, channels, $"hidden_size {width} is needed");
        }

        config.Waive("how fresh weights are drawn", "block_mlp_init_scale", "block_out_init_scale", "block_use_xavier_init",
            "conv_use_xavier_init");
        config.Waive("norm_eps is what is read", "block_norm_eps");
        config.Waive("positions are rotary, always", "use_pos_enc");
        var norm = new NormSpec(NormKind.Rms, (float)config.Number(1e-5, "norm_eps"), Bias: false);
        (MixerSpec.Attention attention, int context) = Attention(config, width, norm);
        var convolution = new MixerSpec.ShortConvolution(
            width, MambaFamily.Kernel(config, "conv_L_cache"), config.Flag(false, "conv_bias"));
        config.Product("conv_L_cache", convolution.Kernel, width, "hidden_size");
        var feedForward = new FeedForwardSpec.Gated(Inner(config), Activation.Silu, Bias: false);
        string[] kinds = Kinds(config, layers);
        config.Only("block_use_swiglu", true);
        int vocabulary = config.Size("vocab_size");
        var stack = new StackSpec(vocabulary, width, Visibility.Causal, CommonKeys.Layers(config, layers, i =>
            new LayerSpec(Placement.Pre, norm, kinds[i] == Convolution ? convolution : attention, feedForward)))
        {
            FrozenId = config.IdOrNull("pad_token_id"),
            FinalNorm = norm,
        };
        var head = new HeadSpec(vocabulary) { Tied = config.Flag(true, "tie_word_embeddings", "tie_embedding") };
        return new ModelSpec(ModelType, ModelTask.CausalLanguageModel, null, stack, head, context);
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        var names = new NameTable
        {
            { "embed", "model.embed_tokens" },
            { "layers.*.norm1", $"{Layer}operator_norm" },
            { "layers.*.attention.q", $"{Layer}self_attn.q_proj" },
            { "layers.*.attention.k", $"{Layer}self_attn.k_proj" },
            { "layers.*.attention.v", $"{Layer}self_attn.v_proj" },
            { "layers.*.attention.o", $"{Layer}self_attn.out_proj" },
            { "layers.*.attention.q_norm", $"{Layer}self_attn.q_layernorm" },
            { "layers.*.attention.k_norm", $"{Layer}self_attn.k_layernorm" },
            { "layers.*.convolution.o", $"{Layer}conv.out_proj" },
            { "layers.*.convolution.filter.bias", $"{Layer}conv.conv.bias" },
            { "layers.*.norm2", $"{Layer}ffn_norm" },
            { "layers.*.mlp.gate", $"{Layer}feed_forward.w1" },
            { "layers.*.mlp.up", $"{Layer}feed_forward.w3" },
            { "layers.*.mlp.down", $"{Layer}feed_forward.w2" },
            { "norm", "model.embedding_norm" },
            { "head", "lm_head" },
        };
        AddConvolution(names, spec, $"{Layer}conv.in_proj", $"{Layer}conv.conv.weight", [1]);
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "lm_head.weight") : names;
    }

    private static (MixerSpec.Attention Attention, int Context) Attention(ConfigReader config, int width, NormSpec norm)
    {
        if (config.SizeOrNull("num_heads") is { } other && other != config.Size("num_attention_heads"))
            throw config.Unsupported("num_heads", other, $"num_attention_heads {config.Size("num_attention_heads")} is needed");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width,
            rope: keys => keys with { DefaultTheta = 1e6, Part = [] });
        return (attention with { HeadNorm = new HeadNormSpec(norm, HeadNormOver.Head) }, context);
    }

    /// <summary>By a list of kinds, or by the numbers of the layers that have attention; both must say the same.</summary>
    private static string[] Kinds(ConfigReader config, int layers)
    {
        string[]? listed = LayerKinds.Read(config, layers, Convolution, LayerKinds.Full);
        if (!config.IsList("full_attn_idxs"))
            return listed ?? [.. Enumerable.Repeat(LayerKinds.Full, layers)];
        int[] attention = config.Ids("full_attn_idxs");
        if (Array.Find(attention, i => i >= layers) is > 0 and var outside)
            throw config.Unsupported("full_attn_idxs", outside, $"layers from 0 to {layers - 1} are needed");
        string[] kinds = [.. Enumerable.Range(0, layers).Select(i => attention.Contains(i) ? LayerKinds.Full : Convolution)];
        int differs = listed is null ? -1 : Array.FindIndex([.. listed.Zip(kinds)], pair => pair.First != pair.Second);
        return differs < 0
            ? kinds
            : throw config.Unsupported($"layer_types[{differs}]", listed![differs],
                $"full_attn_idxs makes layer {differs} {kinds[differs]}; they must agree");
    }

    /// <summary>Two thirds of what the config says, times a factor, rounded up, unless it says the very number.</summary>
    private static int Inner(ConfigReader config)
    {
        int inner = config.Size("block_ff_dim", "intermediate_size");
        if (!config.Flag(true, "block_auto_adjust_ff_dim"))
            return inner;
        inner = (int)(2L * inner / 3);
        int unit = config.SizeOrNull("block_multiple_of") ?? 256;
        double factor = config.Number(1, "block_ffn_dim_multiplier");
        double grown = Math.Floor(factor * inner);
        return grown is >= 1 and <= 1 << 28
            ? config.Product("block_multiple_of", unit, ((int)grown + unit - 1) / unit, "the units of a feed-forward layer")
            : throw config.Unsupported("block_ffn_dim_multiplier", factor, "features from 1 to 2^28 must come of it");
    }

    private static void AddConvolution(NameTable names, ModelSpec spec, string linear, string filter, long[] between)
    {
        if (spec.Decoder!.Layers.Select(layer => layer.Mixer).OfType<MixerSpec.ShortConvolution>()
            .FirstOrDefault() is not { } own)
        {
            return;
        }
        foreach ((int i, string part) in (ReadOnlySpan<(int, string)>)[(0, "b"), (1, "c"), (2, "x")])
        {
            names.Add($"layers.*.convolution.{part}",
                new TensorPlace(linear, Rows: RowPattern.Run(i * own.Width, own.Width, 3 * own.Width)));
        }

        names.Add("layers.*.convolution.filter.weight",
            new TensorPlace(filter) { Shape = [own.Width, .. between, own.Kernel] });
    }

    private static NameTable GgufNames(ModelSpec spec)
    {
        var names = new NameTable
        {
            { "embed", "token_embd" },
            { "layers.*.norm1", "blk.*.attn_norm" },
            { "layers.*.attention.q", "blk.*.attn_q" },
            { "layers.*.attention.k", "blk.*.attn_k" },
            { "layers.*.attention.v", "blk.*.attn_v" },
            { "layers.*.attention.o", "blk.*.attn_output" },
            { "layers.*.attention.q_norm", "blk.*.attn_q_norm" },
            { "layers.*.attention.k_norm", "blk.*.attn_k_norm" },
            { "layers.*.convolution.o", "blk.*.shortconv.out_proj" },
            { "layers.*.norm2", "blk.*.ffn_norm" },
            { "layers.*.mlp.gate", "blk.*.ffn_gate" },
            { "layers.*.mlp.up", "blk.*.ffn_up" },
            { "layers.*.mlp.down", "blk.*.ffn_down" },
            { "norm", "token_embd_norm" },
            { "head", "output" },
        };
        AddConvolution(names, spec, "blk.*.shortconv.in_proj", "blk.*.shortconv.conv.weight", []);
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "output.weight") : names;
    }

    private static void ReadGguf(GgufConfig config)
    {
        int heads = Math.Max(1, config.Required("attention.head_count"));
        int[] keyHeads = config.Sizes("attention.head_count_kv", config.Required("block_count"));
        int most = keyHeads.Length == 0 ? 0 : keyHeads.Max();
        if (Array.Exists(keyHeads, count => count != 0 && count != most))
            throw config.Unsupported("attention.head_count_kv", keyHeads, $"0 or {most} in each layer is needed");
        config.Json["num_key_value_heads"] = Math.Max(1, most);
        config.Json["layer_types"] =
            new JsonArray([.. keyHeads.Select(count => (JsonNode)(count == 0 ? Convolution : LayerKinds.Full))]);
        config.Json["intermediate_size"] = config.Required("feed_forward_length");
        config.Json["block_auto_adjust_ff_dim"] = false;
        config.Only("attention.key_length", config.Required("embedding_length") / heads, "the width over the heads");
        config.Only("attention.value_length", config.Required("embedding_length") / heads, "the width over the heads");
        GgufRope.Read(config, config.Required("embedding_length") / heads);
    }

    private static void WriteGguf(GgufExport export)
    {
        StackSpec stack = export.Spec.Decoder!;
        export.Require(stack.AttentionLayers().Any(), "full_attn_idxs", "readers need a layer of attention");
        export.Require(!stack.Layers.Any(layer => layer.Mixer is MixerSpec.ShortConvolution { Bias: true }), "conv_bias",
            "GGUF files have no bias of the convolution");
        export.Set("feed_forward_length", (uint)stack.AgreedFeedForward<FeedForwardSpec.Gated>().Width);
        export.Set("attention.head_count_kv",
            stack.Layers.Select(layer => layer.Mixer is MixerSpec.Attention own ? (uint)own.KeyValueHeads : 0u).ToArray());
        export.SetRope(stack.AttentionLayers().First().Attention, partial: false);
        export.SetDefault("shortconv.l_cache", (uint)(stack.Layers.Select(layer => layer.Mixer)
            .OfType<MixerSpec.ShortConvolution>().FirstOrDefault()?.Kernel ?? 3));
    }
}

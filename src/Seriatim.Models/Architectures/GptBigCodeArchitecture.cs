namespace Seriatim.Models;

/// <summary>StarCoder (Li et al., 2023): GPT-2 with one key head for all heads, and matrices that lie as [out, in].</summary>
internal sealed class GptBigCodeArchitecture : Architecture
{
    public override string ModelType => "gpt_bigcode";

    public override IReadOnlyList<string> ClassNames => ["GPTBigCodeForCausalLM", "GPTBigCodeLMHeadModel"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "starcoder",
        Keys =
        [
            new("context_length", "n_positions"), new("embedding_length", "n_embd"), new("block_count", "n_layer"),
            new GgufKey("feed_forward_length", "n_inner").Optional, new("attention.head_count", "n_head"),
            new("attention.layer_norm_epsilon", "layer_norm_epsilon", GgufKind.Number),
            new GgufKey("vocab_size", "vocab_size").Optional,
        ],
        Names = spec =>
        {
            MixerSpec.Attention attention = spec.Decoder!.AgreedAttention();
            NameTable names = GgufMap.WithFused(GgufMap.CommonNames(spec), attention.Heads * attention.HeadDim,
                attention.KeyValueHeads * attention.HeadDim);
            names.Add("positions", "position_embd");
            return names;
        },
        Read = config =>
        {
            int heads = config.Required("attention.head_count");
            int keyHeads = config.Size("attention.head_count_kv") ?? 1;
            if (keyHeads != 1 && keyHeads != heads)
                throw config.Unsupported("attention.head_count_kv", keyHeads, $"1 or {heads}, the number of heads, is needed");
            config.Json["multi_query"] = keyHeads == 1 && heads > 1;
        },
        Write = export =>
        {
            export.Set("attention.head_count_kv", (uint)export.Spec.Decoder!.AgreedAttention().KeyValueHeads);
            export.RequireActivation(Activation.GeluTanh);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("n_embd", "hidden_size"), heads = config.Size("n_head", "num_attention_heads");
        int headDim = CommonKeys.HeadDim(config, width, heads);
        int positions = config.Size("n_positions", "max_position_embeddings");
        bool one = config.Flag(true, "multi_query");
        config.Only("scale_attn_weights", true);
        config.Waive("attention is computed in F32 anyway", "attention_softmax_in_fp32", "scale_attention_softmax_in_fp32");
        config.Waive("a head of another task, or how the reference runs", "summary_activation", "summary_first_dropout",
            "summary_proj_to_labels", "summary_type", "summary_use_proj", "inference_runner", "max_batch_size",
            "max_sequence_length", "pre_allocate_kv_cache", "pad_key_length", "validate_runner_input",
            "runner_max_sequence_length");
        var norm = new NormSpec(NormKind.Layer, (float)config.Number(1e-5, "layer_norm_epsilon"), Bias: true);
        MixerSpec.Attention attention = CommonKeys.MultiHead(heads, headDim, bias: true) with { KeyValueHeads = one ? 1 : heads };
        var feedForward = new FeedForwardSpec.Dense(config.SizeOrNull("n_inner") ?? 4 * width,
            CommonKeys.ReadActivation(config, "gelu_pytorch_tanh", "activation_function"), Bias: true);
        var layer = new LayerSpec(Placement.Pre, norm, attention, feedForward);
        int vocabulary = config.Size("vocab_size");
        var stack = new StackSpec(vocabulary, width, Visibility.Causal,
            CommonKeys.Layers(config, config.Size("n_layer", "num_hidden_layers"), _ => layer))
        {
            Position = new PositionSpec.Learned(positions, Offset: 0),
            FinalNorm = norm,
        };
        var head = new HeadSpec(vocabulary) { Tied = config.Flag(true, "tie_word_embeddings") };
        return new ModelSpec(ModelType, ModelTask.CausalLanguageModel, null, stack, head, positions)
        {
            Dropout = config.Dropout("embd_pdrop", "resid_pdrop", "attn_pdrop"),
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        MixerSpec.Attention attention = spec.Decoder!.AgreedAttention();
        (int d, int keyHeads) = (attention.HeadDim, attention.KeyValueHeads);
        int group = attention.Heads / keyHeads;
        int rows = d * (attention.Heads + 2 * keyHeads), one = (group + 2) * d;

        // For each key head: its queries, its keys, its values.
        TensorPlace Part(int first, int size) =>
            new("transformer.h.*.attn.c_attn", Rows: new RowPattern(first, size, one, rows));
        var names = new NameTable
        {
            { "embed", "transformer.wte" },
            { "positions", "transformer.wpe" },
            { "layers.*.norm1", "transformer.h.*.ln_1" },
            { "layers.*.attention.q", Part(0, group * d) },
            { "layers.*.attention.k", Part(group * d, d) },
            { "layers.*.attention.v", Part((group + 1) * d, d) },
            { "layers.*.attention.o", "transformer.h.*.attn.c_proj" },
            { "layers.*.norm2", "transformer.h.*.ln_2" },
            { "layers.*.mlp.up", "transformer.h.*.mlp.c_fc" },
            { "layers.*.mlp.down", "transformer.h.*.mlp.c_proj" },
            { "norm", "transformer.ln_f" },
            { "head", "lm_head" },
        };
        if (spec.Head.Tied)
            names.Waive(NameTable.TiedCopy, "lm_head.weight");
        return names.Waive("causal masks that early files store", "transformer.h.*.attn.bias",
            "transformer.h.*.attn.masked_bias");
    }
}

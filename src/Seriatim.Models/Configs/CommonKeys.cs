namespace Seriatim.Models;

/// <summary>What the configs of all architectures have in common.</summary>
internal static class CommonKeys
{
    private static readonly Dictionary<string, Activation> Activations = new()
    {
        ["relu"] = Activation.Relu,
        ["gelu"] = Activation.Gelu,
        ["gelu_python"] = Activation.Gelu,
        ["gelu_new"] = Activation.GeluTanh,
        ["gelu_fast"] = Activation.GeluTanh,
        ["gelu_pytorch_tanh"] = Activation.GeluTanh,
        ["gelu_python_tanh"] = Activation.GeluTanh,
        ["quick_gelu"] = Activation.GeluQuick,
        ["silu"] = Activation.Silu,
        ["swish"] = Activation.Silu,
        ["tanh"] = Activation.Tanh,
        ["sigmoid"] = Activation.Sigmoid,
    };

    /// <summary>Keys that every config may have and that change no result of a forward pass.</summary>
    public static void Waive(ConfigReader config)
    {
        config.Waive("who wrote the file, and with what", "transformers_version", "_name_or_path", "name_or_path",
            "_commit_hash", "auto_map", "_num_labels", "unsloth_*", "axolotl_*", "finetuning_task", "license", "model_name",
            "base_model_name_or_path");
        config.WaiveAgreed("the type is that of each tensor in the file", "torch_dtype", "dtype");
        config.Waive("the type is that of each tensor in the file", "_pre_quantization_dtype", "use_bfloat16");
        config.Waive("the engine decides whether keys and values are kept", "use_cache", "cache_implementation");
        config.Waive("how fresh weights are drawn", "initializer_range", "initializer_factor", "init_std",
            "initializer_cutoff_factor");
        config.Waive("memory against time in training", "gradient_checkpointing");
        config.Waive("which outputs the reference library returns",
            "output_attentions", "output_hidden_states", "output_past", "return_dict", "output_router_logits", "use_return_dict",
            "output_scores", "return_dict_in_generate", "is_composition", "keys_to_ignore_at_inference");
        config.Waive("how the reference library exports or shards a model", "torchscript", "tf_legacy_loss", "xla_device",
            "base_model_tp_plan", "base_model_pp_plan", "base_model_ep_plan");
        config.Waive("defaults of text generation, which its caller decides",
            "task_specific_params", "max_length", "min_length", "max_new_tokens", "num_beams", "num_beam_groups",
            "num_return_sequences", "diversity_penalty", "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size",
            "early_stopping", "prefix", "do_sample", "temperature", "top_k", "top_p", "typical_p", "bad_words_ids",
            "repetition_penalty", "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens",
            "remove_invalid_values", "generation_config");
        config.Waive("which loss the reference library picks", "problem_type", "loss_type");
        config.Waive("the tokenizer knows them", "unk_token_id", "sep_token_id", "cls_token_id", "mask_token_id",
            "tokenizer_class", "bos_token", "eos_token", "pad_token", "unk_token", "add_bos_token", "add_eos_token",
            "padding_side", "truncation_side", "tokenizer_padding_side", "tokenizer_model_max_length", "use_fast_tokenizer");
        config.Waive("the reference library reads the context from max_position_embeddings alone", "max_sequence_length",
            "model_max_length");
        config.Waive("memory against time, or which of two kernels that say the same", "chunk_size_feed_forward",
            "_attn_implementation", "attn_implementation", "_attn_implementation_autoset", "_attn_implementation_internal",
            "_experts_implementation", "_experts_implementation_internal", "use_flash_attn", "use_flash_attention",
            "use_flash_attention_2", "_flash_attn_2_enabled", "use_memory_efficient_attention", "use_sdpa");
        config.WaiveAt("nothing is cut out", "{}", "pruned_heads");
        config.WaiveAt("attention looks one way only, as it is built", "false", "use_bidirectional_attention");
    }

    /// <summary>Keys whose value must be the one that is built.</summary>
    public static void Require(ConfigReader config, ModelSpec spec)
    {
        config.Only("is_encoder_decoder", spec is { Encoder: not null, Decoder: not null });
        if (spec.Decoder is null)
            config.Only("is_decoder", false);
        else
            config.Waive("the class says so", "is_decoder");
        config.Only("add_cross_attention", false);
        config.Only("tie_encoder_decoder", false);
        LayerKinds.Check(config, spec);
    }

    /// <summary>The names of ids and labels that generation needs.</summary>
    public static ModelConfig Read(ConfigReader config, ModelSpec spec) => new()
    {
        BosTokenId = config.IdOrNull("bos_token_id"),
        EosTokenIds = config.Ids("eos_token_id"),
        PadTokenId = config.IdOrNull("pad_token_id"),
        DecoderStartTokenId = config.IdOrNull("decoder_start_token_id"),
        ForcedBosTokenId = config.IdOrNull("forced_bos_token_id"),
        ForcedEosTokenId = config.IdOrNull("forced_eos_token_id"),
        Labels = Labels(config, spec),
        TrainingValues = config.TrainingValues,
        Coding = WeightCoding.Read(config),
    };

    /// <summary>The function of a key that names one.</summary>
    public static Activation ReadActivation(ConfigReader config, string? fallback, params ReadOnlySpan<string> names)
    {
        string name = config.Text(fallback, names);
        return Activations.TryGetValue(name, out Activation activation)
            ? activation
            : throw config.Unsupported(names[0], name, $"one of {string.Join(", ", Activations.Keys)} is needed");
    }

    /// <summary>Features of a head, if they are the width divided by the heads.</summary>
    public static int HeadDim(ConfigReader config, int width, int heads) => width % heads == 0
        ? width / heads
        : throw config.Unsupported("the number of heads", heads, $"a divisor of the hidden size {width} is needed");

    /// <summary>Attention as in the original Transformer: a key head for each query head, scores divided by sqrt(D).</summary>
    public static MixerSpec.Attention MultiHead(int heads, int headDim, bool bias) =>
        new(heads, heads, headDim, (float)(1 / Math.Sqrt(headDim))) { InputBias = bias, OutputBias = bias };

    /// <summary>The weight of a new batch in the running statistics of batch norms.</summary>
    public static float BatchNormMomentum(ConfigReader config)
    {
        double momentum = config.Number(0.1, "batchnorm_momentum");
        return momentum is > 0 and <= 1
            ? (float)momentum
            : throw config.Unsupported("batchnorm_momentum", momentum, "a number over 0 and at most 1 is needed");
    }

    /// <summary>The layers of a stack, all alike or each by its index.</summary>
    public static LayerSpec[] Layers(ConfigReader config, int count, Func<int, LayerSpec> layer) => count <= 4096
        ? [.. Enumerable.Range(0, count).Select(layer)]
        : throw config.Unsupported("the number of layers", count, "at most 4096 are supported");

    private static IReadOnlyList<string> Labels(ConfigReader config, ModelSpec spec)
    {
        if (spec.Task is ModelTask.SequenceClassification or ModelTask.TokenClassification)
            return config.Labels();
        config.Waive("labels of heads other than this one", "id2label", "label2id", "num_labels");
        return [];
    }
}

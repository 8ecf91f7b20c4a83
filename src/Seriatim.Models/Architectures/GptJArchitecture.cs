namespace Seriatim.Models;

/// <summary>
/// GPT-J (Wang and Komatsuzaki, 2021): both parts read one norm, neighbouring features of a part of each head turn.
/// </summary>
internal sealed class GptJArchitecture : Architecture
{
    public override string ModelType => "gptj";

    public override IReadOnlyList<string> ClassNames => ["GPTJForCausalLM"];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("n_embd", "hidden_size"), heads = config.Size("n_head", "num_attention_heads");
        int headDim = CommonKeys.HeadDim(config, width, heads);
        int positions = config.Size("n_positions", "max_position_embeddings", "n_ctx");
        int turning = config.SizeOrNull("rotary_dim") ?? 64;
        if (turning > headDim || turning % 2 != 0)
            throw config.Unsupported("rotary_dim", turning,
                $"an even number of at most {headDim}, the features of a head, is needed");
        config.Waive("a head of another task",
            "summary_activation", "summary_first_dropout", "summary_proj_to_labels", "summary_type", "summary_use_proj");
        config.Waive("says what the class says", "rotary", "scale_attn_weights", "gradient_checkpointing");
        var norm = new NormSpec(NormKind.Layer, (float)config.Number(1e-5, "layer_norm_epsilon"), Bias: true);
        MixerSpec.Attention attention = CommonKeys.MultiHead(heads, headDim, bias: false) with
        {
            Position = new PositionSpec.Rope(10000, turning, RopePairing.Interleaved, null),
        };
        var feedForward = new FeedForwardSpec.Dense(config.SizeOrNull("n_inner") ?? 4 * width,
            CommonKeys.ReadActivation(config, "gelu_new", "activation_function"), Bias: true);
        var layer = new LayerSpec(Placement.ParallelOfOne, norm, attention, feedForward);
        int vocabulary = config.Size("vocab_size");
        var stack = new StackSpec(vocabulary, width, Visibility.Causal,
            CommonKeys.Layers(config, config.Size("n_layer", "num_hidden_layers"), _ => layer))
        {
            FinalNorm = norm,
        };
        var head = new HeadSpec(vocabulary) { Tied = config.Flag(false, "tie_word_embeddings"), Bias = true };
        return new ModelSpec(ModelType, ModelTask.CausalLanguageModel, null, stack, head, positions)
        {
            Dropout = config.Dropout("embd_pdrop", "resid_pdrop", "attn_pdrop"),
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        var names = new NameTable
        {
            { "embed", "transformer.wte" },
            { "layers.*.norm1", "transformer.h.*.ln_1" },
            { "layers.*.attention.q", "transformer.h.*.attn.q_proj" },
            { "layers.*.attention.k", "transformer.h.*.attn.k_proj" },
            { "layers.*.attention.v", "transformer.h.*.attn.v_proj" },
            { "layers.*.attention.o", "transformer.h.*.attn.out_proj" },
            { "layers.*.mlp.up", "transformer.h.*.mlp.fc_in" },
            { "layers.*.mlp.down", "transformer.h.*.mlp.fc_out" },
            { "norm", "transformer.ln_f" },
            { "head", "lm_head" },
        };
        return names.Waive("causal masks that early files store", "transformer.h.*.attn.bias", "transformer.h.*.attn.masked_bias",
            "transformer.h.*.attn.embed_positions");
    }
}

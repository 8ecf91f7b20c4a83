namespace Seriatim.Models;

/// <summary>
/// OPT (Zhang et al., 2022): learned positions from row 2; the 350m kind has its norms after each part and a narrower embedding.
/// </summary>
internal sealed class OptArchitecture : Architecture
{
    public override string ModelType => "opt";

    public override IReadOnlyList<string> ClassNames => ["OPTForCausalLM"];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        int heads = config.Size("num_attention_heads");
        int headDim = CommonKeys.HeadDim(config, width, heads);
        int positions = config.Size("max_position_embeddings");
        int vocabulary = config.Size("vocab_size");
        bool bias = config.Flag(true, "enable_bias");
        bool before = config.Flag(true, "do_layer_norm_before");
        bool noFinalNorm = config.Flag(false, "_remove_final_layer_norm");
        config.Only("layer_norm_elementwise_affine", true);
        config.TrainingOnly("layerdrop");

        var norm = new NormSpec(NormKind.Layer, 1e-5f, Bias: true);
        MixerSpec.Attention attention = CommonKeys.MultiHead(heads, headDim, bias);
        var feedForward = new FeedForwardSpec.Dense(
            config.Size("ffn_dim"), CommonKeys.ReadActivation(config, "relu", "activation_function"), bias);
        var layer = new LayerSpec(before ? Placement.Pre : Placement.Post, norm, attention, feedForward);
        var stack = new StackSpec(vocabulary, width, Visibility.Causal,
            CommonKeys.Layers(config, config.Size("num_hidden_layers"), _ => layer))
        {
            EmbeddingWidth = config.SizeOrNull("word_embed_proj_dim") ?? width,
            FrozenId = config.IdOrNull("pad_token_id"),
            Position = new PositionSpec.Learned(positions, Offset: 2),
            FinalNorm = before && !noFinalNorm ? norm : null,
        };
        var head = new HeadSpec(vocabulary) { Tied = config.Flag(true, "tie_word_embeddings") };
        return new ModelSpec(ModelType, ModelTask.CausalLanguageModel, null, stack, head, positions)
        {
            Dropout = config.Dropout(residual: "dropout", attention: "attention_dropout", activation: "activation_dropout"),
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        var names = new NameTable
        {
            { "embed", "model.decoder.embed_tokens" },
            { "positions", "model.decoder.embed_positions" },
            { "project_in", "model.decoder.project_in" },
            { "project_out", "model.decoder.project_out" },
            { "layers.*.norm1", "model.decoder.layers.*.self_attn_layer_norm" },
            { "layers.*.attention.q", "model.decoder.layers.*.self_attn.q_proj" },
            { "layers.*.attention.k", "model.decoder.layers.*.self_attn.k_proj" },
            { "layers.*.attention.v", "model.decoder.layers.*.self_attn.v_proj" },
            { "layers.*.attention.o", "model.decoder.layers.*.self_attn.out_proj" },
            { "layers.*.norm2", "model.decoder.layers.*.final_layer_norm" },
            { "layers.*.mlp.up", "model.decoder.layers.*.fc1" },
            { "layers.*.mlp.down", "model.decoder.layers.*.fc2" },
            { "norm", "model.decoder.final_layer_norm" },
            { "head", "lm_head" },
        };
        if (spec.Head.Tied)
            names.Waive(NameTable.TiedCopy, "lm_head.weight");
        return names.WithOptionalPrefix("model.");
    }
}

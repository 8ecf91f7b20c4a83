namespace Seriatim.Models;

/// <summary>
/// RetNet (Sun et al., 2023) as its authors' code (torchscale) has it. Configs hold the arguments of its decoder. GGUF files know
/// no such family.
/// </summary>
internal sealed class RetNetArchitecture : Architecture
{
    public override string ModelType => "retnet";

    public override IReadOnlyList<string> ClassNames => ["RetNetDecoder"];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.SizeOrNull("decoder_embed_dim") ?? 768;
        int values = config.SizeOrNull("decoder_value_embed_dim") ?? 1280;
        int heads = config.SizeOrNull("decoder_retention_heads") ?? 3;
        if (width % (2 * heads) != 0)
            throw config.Unsupported("decoder_embed_dim", width, $"a multiple of 2 x decoder_retention_heads {heads} is needed");
        if (values % heads != 0)
        {
            throw config.Unsupported(
                "decoder_value_embed_dim", values, $"a multiple of decoder_retention_heads {heads} is needed");
        }

        config.Product("decoder_value_embed_dim", values, width / heads, "the key features of a head");
        float epsilon = (float)config.Number(1e-6, "layernorm_eps");
        bool before = config.Flag(true, "decoder_normalize_before");
        var norm = new NormSpec(NormKind.Rms, epsilon, Bias: false);
        var layer = new LayerSpec(
            before ? Placement.Pre : Placement.Post, norm,
            new MixerSpec.Retention(heads, width / heads, values / heads, epsilon),
            new FeedForwardSpec.Gated(config.SizeOrNull("decoder_ffn_embed_dim") ?? 1280,
                CommonKeys.ReadActivation(config, "gelu", "activation_fn"), Bias: false));
        RefuseAndWaive(config);
        int vocabulary = config.Size("vocab_size");
        var stack = new StackSpec(vocabulary, width, Visibility.Causal,
            CommonKeys.Layers(config, config.SizeOrNull("decoder_layers") ?? 12, _ => layer))
        {
            EmbeddingScale = config.Flag(true, "no_scale_embedding") ? 1 : (float)Math.Sqrt(width),
            EmbeddingNorm = config.Flag(false, "layernorm_embedding") ? norm : null,
            FinalNorm = before ? norm : null,
            FrozenId = config.IdOrNull("pad_token_id"),
        };
        var head = new HeadSpec(vocabulary) { Tied = config.Flag(false, "share_decoder_input_output_embed") };
        return new ModelSpec(ModelType, ModelTask.CausalLanguageModel, null, stack, head,
            config.SizeOrNull("max_target_positions") ?? 1024)
        {
            Dropout = config.Dropout("dropout", "dropout", activation: "activation_dropout"),
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        var names = new NameTable
        {
            { "embed", "embed_tokens" },
            { "embed_norm", "layernorm_embedding" },
            { "layers.*.norm1", "layers.*.retention_layer_norm" },
            { "layers.*.retention.q", "layers.*.retention.q_proj" },
            { "layers.*.retention.k", "layers.*.retention.k_proj" },
            { "layers.*.retention.v", "layers.*.retention.v_proj" },
            { "layers.*.retention.gate", "layers.*.retention.g_proj" },
            { "layers.*.retention.o", "layers.*.retention.out_proj" },
            { "layers.*.norm2", "layers.*.final_layer_norm" },

            // The original activates fc1 and multiplies by what it calls the gate.
            { "layers.*.mlp.gate", "layers.*.ffn.fc1" },
            { "layers.*.mlp.up", "layers.*.ffn.gate" },
            { "layers.*.mlp.down", "layers.*.ffn.fc2" },
            { "norm", "layer_norm" },
            { "head", "output_projection" },
        };
        if (spec.Head.Tied)
            names.Waive(NameTable.TiedCopy, "output_projection.weight");
        return names.Waive("computed from the config", "retnet_rel_pos.angle", "retnet_rel_pos.decay");
    }

    private static void RefuseAndWaive(ConfigReader config)
    {
        foreach (string name in (string[])["deepnorm", "multiway", "xpos_rel_pos", "no_output_layer", "use_xmoe"])
            config.Only(name, false);
        if ((config.IdOrNull("moe_freq") ?? 0) is var frequency and not 0)
            throw config.Unsupported("moe_freq", frequency, "only 0, no experts, is supported");
        if (config.Number(0, "drop_path_rate") is var rate and not 0)
            throw config.Unsupported("drop_path_rate", rate, "only 0 is supported: layers are not left out");
        config.Waive("there are no experts", "moe_expert_count", "moe_top1_expert", "moe_second_expert_policy",
            "moe_gating_use_fp32", "moe_eval_capacity_token_fraction", "moe_normalize_gate_prob_before_dropping");
        config.Waive("its three forms are one here", "chunkwise_recurrent", "recurrent_chunk_size");
        config.Waive("of encoders, and of attention", "encoder_normalize_before", "subln", "rel_pos_buckets", "max_rel_pos");
        config.Waive("there is no xpos", "xpos_scale_base");
        config.Waive("memory against time in training, and sharding", "checkpoint_activations", "fsdp", "ddp_rank");
    }
}

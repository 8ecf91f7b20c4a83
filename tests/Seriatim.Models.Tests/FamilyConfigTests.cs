using System.Text.Json;

namespace Seriatim.Models.Tests;

/// <summary>
/// Configs with the keys that models of the families of 2022 to 2026 are published with: every key is applied or waived, none is
/// in the way; what contradicts itself is refused by name with both values.
/// </summary>
public sealed class FamilyConfigTests
{
    private const string Common = """
        "attention_dropout":0.0,"bos_token_id":1,"eos_token_id":2,"initializer_range":0.02,"use_cache":true,"vocab_size":50,
        "max_position_embeddings":4096,"hidden_size":64,"num_attention_heads":4,"num_hidden_layers":4,"intermediate_size":96,
        "transformers_version":"4.57.1"
        """;

    private static readonly Dictionary<string, string> Configs = new()
    {
        ["qwen3"] = """
            {"architectures":["Qwen3ForCausalLM"],"model_type":"qwen3","attention_bias":false,"head_dim":128,"hidden_act":"silu",
            "max_window_layers":28,"num_key_value_heads":2,"rms_norm_eps":1e-06,"rope_scaling":null,"rope_theta":1000000,
            "sliding_window":null,"tie_word_embeddings":true,"torch_dtype":"bfloat16","use_sliding_window":false,@}
            """,
        ["qwen3 of transformers 5"] = """
            {"architectures":["Qwen3ForCausalLM"],"model_type":"qwen3","attention_bias":false,"head_dim":128,"hidden_act":"silu",
            "max_window_layers":28,"num_key_value_heads":2,"rms_norm_eps":1e-06,"dtype":"bfloat16","layer_types":
            ["full_attention","full_attention","full_attention","full_attention"],"rope_parameters":{"rope_theta":1000000,
            "rope_type":"default"},"sliding_window":null,"tie_word_embeddings":true,"use_sliding_window":false,"pad_token_id":null,@}
            """,
        ["qwen3_moe"] = """
            {"architectures":["Qwen3MoeForCausalLM"],"model_type":"qwen3_moe","attention_bias":false,"decoder_sparse_step":1,
            "head_dim":128,"hidden_act":"silu","max_window_layers":48,"mlp_only_layers":[],"moe_intermediate_size":48,
            "norm_topk_prob":true,"num_experts":8,"num_experts_per_tok":4,"num_key_value_heads":2,"output_router_logits":false,
            "rms_norm_eps":1e-06,"rope_scaling":null,"rope_theta":1000000.0,"router_aux_loss_coef":0.001,"sliding_window":null,
            "tie_word_embeddings":false,"torch_dtype":"bfloat16","use_sliding_window":false,@}
            """,
        ["qwen2_moe"] = """
            {"architectures":["Qwen2MoeForCausalLM"],"model_type":"qwen2_moe","decoder_sparse_step":1,"hidden_act":"silu",
            "max_window_layers":21,"moe_intermediate_size":48,"norm_topk_prob":false,"num_experts":8,"num_experts_per_tok":4,
            "num_key_value_heads":4,"output_router_logits":false,"rms_norm_eps":1e-06,"rope_theta":1000000.0,
            "router_aux_loss_coef":0.001,"shared_expert_intermediate_size":96,"sliding_window":32768,"tie_word_embeddings":false,
            "torch_dtype":"bfloat16","use_sliding_window":false,@}
            """,
        ["olmo"] = """
            {"architectures":["OlmoForCausalLM"],"model_type":"olmo","attention_bias":false,"clip_qkv":8.0,"hidden_act":"silu",
            "num_key_value_heads":4,"pad_token_id":1,"rope_scaling":null,"rope_theta":10000.0,"tie_word_embeddings":false,
            "torch_dtype":"float32",@}
            """,
        ["olmo3"] = """
            {"architectures":["Olmo3ForCausalLM"],"model_type":"olmo3","attention_bias":false,"hidden_act":"silu",
            "layer_types":["sliding_attention","sliding_attention","sliding_attention","full_attention"],"num_key_value_heads":4,
            "pad_token_id":0,"rms_norm_eps":1e-06,"rope_scaling":{"attention_factor":1.2079441541679836,"beta_fast":32.0,
            "beta_slow":1.0,"factor":8.0,"original_max_position_embeddings":512,"rope_type":"yarn"},"rope_theta":500000,
            "sliding_window":4096,"tie_word_embeddings":false,"dtype":"float32",@}
            """,
        ["granite"] = """
            {"architectures":["GraniteForCausalLM"],"model_type":"granite","attention_bias":false,"attention_multiplier":0.0078125,
            "embedding_multiplier":12.0,"hidden_act":"silu","logits_scaling":16.0,"mlp_bias":false,"num_key_value_heads":2,
            "pad_token_id":0,"residual_multiplier":0.22,"rms_norm_eps":1e-05,"rope_scaling":null,"rope_theta":10000000.0,
            "tie_word_embeddings":true,"torch_dtype":"bfloat16",@}
            """,
        ["smollm3"] = """
            {"architectures":["SmolLM3ForCausalLM"],"model_type":"smollm3","attention_bias":false,"hidden_act":"silu",
            "layer_types":["full_attention","full_attention","full_attention","full_attention"],"max_window_layers":28,
            "mlp_bias":false,"no_rope_layer_interval":4,"no_rope_layers":[1,1,1,0],"num_key_value_heads":2,"pad_token_id":4,
            "pretraining_tp":2,"rms_norm_eps":1e-06,"rope_scaling":null,"rope_theta":5000000.0,"sliding_window":null,
            "torch_dtype":"bfloat16","use_sliding_window":false,@}
            """,
        ["glm4"] = """
            {"architectures":["Glm4ForCausalLM"],"model_type":"glm4","attention_bias":false,"head_dim":128,"hidden_act":"silu",
            "num_key_value_heads":2,"pad_token_id":0,"partial_rotary_factor":0.5,"rms_norm_eps":1e-05,"rope_theta":10000.0,
            "tie_word_embeddings":false,"torch_dtype":"bfloat16",@}
            """,
        ["glm4_moe"] = """
            {"architectures":["Glm4MoeForCausalLM"],"model_type":"glm4_moe","attention_bias":true,"pad_token_id":0,"head_dim":128,
            "hidden_act":"silu","moe_intermediate_size":48,"norm_topk_prob":true,"num_nextn_predict_layers":1,
            "num_key_value_heads":2,"partial_rotary_factor":0.5,"rms_norm_eps":1e-05,"rope_scaling":null,"rope_theta":1000000,
            "use_qk_norm":false,"n_group":1,"topk_group":1,"n_shared_experts":1,"n_routed_experts":8,
            "routed_scaling_factor":1.0,"num_experts_per_tok":4,"first_k_dense_replace":1,"tie_word_embeddings":false,
            "torch_dtype":"bfloat16",@}
            """,
        ["cohere"] = """
            {"architectures":["CohereForCausalLM"],"model_type":"cohere","attention_bias":false,"hidden_act":"silu",
            "layer_norm_eps":1e-05,"logit_scale":0.8333333333333334,"num_key_value_heads":2,"pad_token_id":0,
            "rope_theta":75000000.0,"torch_dtype":"float16","use_qk_norm":true,@}
            """,
        ["cohere2"] = """
            {"architectures":["Cohere2ForCausalLM"],"model_type":"cohere2","attention_bias":false,"cache_implementation":"hybrid",
            "head_dim":16,"hidden_act":"silu","layer_norm_eps":1e-05,"logit_scale":0.25,"num_key_value_heads":2,
            "order_of_interleaved_layers":"local_attn_first","pad_token_id":0,"position_embedding_type":"rope_gptj",
            "rope_scaling":null,"rope_theta":50000,"rotary_pct":1.0,"sliding_window":4096,"sliding_window_pattern":4,
            "torch_dtype":"bfloat16","use_embedding_sharing":true,"use_gated_activation":true,"use_parallel_block":true,
            "use_parallel_embedding":true,@}
            """,
        ["phi-2"] = """
            {"architectures":["PhiForCausalLM"],"model_type":"phi","embd_pdrop":0.0,"hidden_act":"gelu_new","layer_norm_eps":1e-05,
            "num_key_value_heads":4,"partial_rotary_factor":0.5,"qk_layernorm":false,"resid_pdrop":0.1,"rope_scaling":null,
            "rope_theta":10000.0,"tie_word_embeddings":false,"torch_dtype":"float16",@}
            """,
        ["phi-4-mini"] = """
            {"architectures":["Phi3ForCausalLM"],"model_type":"phi3","attention_bias":false,"auto_map":{},"embd_pdrop":0.0,
            "full_attn_mod":1,"hidden_act":"silu","interpolate_factor":1,"lm_head_bias":false,"mlp_bias":false,
            "num_key_value_heads":2,"original_max_position_embeddings":4096,"pad_token_id":3,"partial_rotary_factor":0.75,
            "resid_pdrop":0.0,"rms_norm_eps":1e-05,"rope_scaling":{"long_factor":[1,1.1,1.2,1.3,1.4,1.5],"short_factor":
            [1.0,1.0,1.0,1.0,1.0,1.0],"type":"longrope"},"rope_theta":10000.0,"sliding_window":262144,
            "tie_word_embeddings":true,"torch_dtype":"bfloat16",@}
            """,
        ["gemma"] = """
            {"architectures":["GemmaForCausalLM"],"model_type":"gemma","attention_bias":false,"head_dim":256,"hidden_act":"gelu",
            "hidden_activation":null,"num_key_value_heads":1,"pad_token_id":0,"rms_norm_eps":1e-06,"rope_scaling":null,
            "rope_theta":10000.0,"torch_dtype":"bfloat16",@}
            """,
        ["gemma3 of transformers 5"] = """
            {"architectures":["Gemma3ForCausalLM"],"model_type":"gemma3_text","_sliding_window_pattern":6,"attention_bias":false,
            "attn_logit_softcapping":null,"final_logit_softcapping":null,"head_dim":256,"hidden_activation":"gelu_pytorch_tanh",
            "layer_types":["sliding_attention","sliding_attention","full_attention","sliding_attention"],"num_key_value_heads":1,
            "pad_token_id":0,"query_pre_attn_scalar":256,"rms_norm_eps":1e-06,"rope_parameters":{"full_attention":
            {"rope_theta":1000000.0,"rope_type":"default"},"sliding_attention":{"rope_theta":10000.0,"rope_type":"default"}},
            "sliding_window":512,"use_bidirectional_attention":false,"dtype":"bfloat16",@}
            """,
        ["gpt_oss"] = """
            {"architectures":["GptOssForCausalLM"],"model_type":"gpt_oss","attention_bias":true,"experts_per_token":4,"head_dim":64,
            "hidden_act":"silu","initial_context_length":4096,"layer_types":["sliding_attention","full_attention",
            "sliding_attention","full_attention"],"num_experts_per_tok":4,"num_key_value_heads":2,"num_local_experts":8,
            "output_router_logits":false,"pad_token_id":0,"rms_norm_eps":1e-05,"rope_scaling":{"beta_fast":32.0,"beta_slow":1.0,
            "factor":32.0,"original_max_position_embeddings":4096,"rope_type":"yarn","truncate":false},"rope_theta":150000,
            "router_aux_loss_coef":0.9,"sliding_window":128,"swiglu_limit":7.0,"tie_word_embeddings":false,@}
            """,
        ["falcon-7b"] = """
            {"alibi":false,"apply_residual_connection_post_layernorm":false,"architectures":["FalconForCausalLM"],"auto_map":{},
            "attention_dropout":0.0,"bias":false,"bos_token_id":11,"eos_token_id":11,"hidden_dropout":0.0,"hidden_size":64,
            "initializer_range":0.02,"layer_norm_epsilon":1e-05,"model_type":"falcon","multi_query":true,
            "new_decoder_architecture":false,"num_attention_heads":4,"num_hidden_layers":2,"parallel_attn":true,
            "torch_dtype":"bfloat16","transformers_version":"4.27.4","use_cache":true,"vocab_size":50}
            """,
        ["falcon-40b"] = """
            {"alibi":false,"apply_residual_connection_post_layernorm":false,"architectures":["FalconForCausalLM"],"auto_map":{},
            "attention_dropout":0.0,"bias":false,"bos_token_id":11,"eos_token_id":11,"hidden_dropout":0.0,"hidden_size":64,
            "initializer_range":0.02,"layer_norm_epsilon":1e-05,"model_type":"falcon","new_decoder_architecture":true,
            "num_attention_heads":4,"num_hidden_layers":2,"num_kv_heads":2,"parallel_attn":true,"torch_dtype":"bfloat16",
            "transformers_version":"4.27.4","use_cache":true,"vocab_size":50}
            """,
        ["mpt-7b"] = """
            {"architectures":["MPTForCausalLM"],"attn_config":{"alibi":true,"alibi_bias_max":8,"attn_impl":"torch","attn_pdrop":0,
            "attn_type":"multihead_attention","attn_uses_sequence_id":false,"clip_qkv":null,"prefix_lm":false,"qk_ln":false,
            "softmax_scale":null},"auto_map":{},"d_model":64,"emb_pdrop":0,"embedding_fraction":1.0,"expansion_ratio":4,
            "init_config":{"name":"kaiming_normal_"},"init_device":"cpu","learned_pos_emb":true,"logit_scale":null,
            "max_seq_len":2048,"model_type":"mpt","n_heads":4,"n_layers":2,"no_bias":true,"norm_type":"low_precision_layernorm",
            "resid_pdrop":0,"tokenizer_name":"x","torch_dtype":"bfloat16","transformers_version":"4.28.1","use_cache":false,
            "verbose":0,"vocab_size":50}
            """,
        ["gpt-j"] = """
            {"activation_function":"gelu_new","architectures":["GPTJForCausalLM"],"attn_pdrop":0.0,"bos_token_id":1,
            "embd_pdrop":0.0,"eos_token_id":1,"gradient_checkpointing":false,"initializer_range":0.02,"layer_norm_epsilon":1e-05,
            "model_type":"gptj","n_embd":64,"n_head":4,"n_inner":null,"n_layer":2,"n_positions":2048,"resid_pdrop":0.0,
            "rotary":true,"rotary_dim":16,"scale_attn_weights":true,"summary_activation":null,"summary_first_dropout":0.1,
            "summary_proj_to_labels":true,"summary_type":"cls_index","summary_use_proj":true,"task_specific_params":{},
            "tie_word_embeddings":false,"tokenizer_class":"GPT2Tokenizer","transformers_version":"4.18.0.dev0","use_cache":true,
            "vocab_size":50}
            """,
        ["starcoder"] = """
            {"activation_function":"gelu_pytorch_tanh","architectures":["GPTBigCodeForCausalLM"],"attention_softmax_in_fp32":true,
            "attn_pdrop":0.1,"bos_token_id":0,"embd_pdrop":0.1,"eos_token_id":0,"inference_runner":0,"initializer_range":0.02,
            "layer_norm_epsilon":1e-05,"max_batch_size":null,"max_sequence_length":null,"model_type":"gpt_bigcode",
            "multi_query":true,"n_embd":64,"n_head":4,"n_inner":256,"n_layer":2,"n_positions":8192,"pad_key_length":true,
            "pre_allocate_kv_cache":false,"resid_pdrop":0.1,"scale_attention_softmax_in_fp32":true,"scale_attn_weights":true,
            "summary_activation":null,"summary_first_dropout":0.1,"summary_proj_to_labels":true,"summary_type":"cls_index",
            "summary_use_proj":true,"torch_dtype":"float32","transformers_version":"4.28.1","use_cache":true,
            "validate_runner_input":true,"vocab_size":50}
            """,
        ["starcoder2"] = """
            {"architectures":["Starcoder2ForCausalLM"],"model_type":"starcoder2","activation_function":"gelu",
            "attention_softmax_in_fp32":true,"embedding_dropout":0.1,"hidden_act":"gelu_pytorch_tanh","layer_norm_epsilon":1e-05,
            "mlp_type":"default","norm_epsilon":1e-05,"norm_type":"layer_norm","num_key_value_heads":2,"residual_dropout":0.1,
            "rope_theta":999999.4420358813,"scale_attention_softmax_in_fp32":true,"scale_attn_weights":true,
            "sliding_window":4096,"torch_dtype":"bfloat16","use_bias":true,@}
            """,
        ["stablelm"] = """
            {"architectures":["StableLmForCausalLM"],"model_type":"stablelm","hidden_act":"silu","hidden_dropout":0.0,
            "layer_norm_eps":1e-05,"num_key_value_heads":4,"partial_rotary_factor":0.25,"rope_scaling":null,"rope_theta":10000,
            "tie_word_embeddings":false,"torch_dtype":"float16","use_qkv_bias":true,@}
            """,
        ["seed_oss"] = """
            {"architectures":["SeedOssForCausalLM"],"model_type":"seed_oss","attention_bias":true,"attention_out_bias":false,
            "head_dim":128,"hidden_act":"silu","mlp_bias":false,"num_key_value_heads":2,"pad_token_id":1,"pretraining_tp":1,
            "residual_dropout":0.1,"rms_norm_eps":1e-06,"rope_scaling":{"rope_type":"default"},"rope_theta":10000000.0,
            "tie_word_embeddings":false,"torch_dtype":"bfloat16",@}
            """,
        ["exaone4"] = """
            {"architectures":["Exaone4ForCausalLM"],"model_type":"exaone4","head_dim":16,"hidden_act":"silu","layer_types":
            ["sliding_attention","sliding_attention","sliding_attention","full_attention"],"num_key_value_heads":2,
            "pad_token_id":0,"rms_norm_eps":1e-05,"rope_scaling":{"factor":16.0,"high_freq_factor":4.0,"low_freq_factor":1.0,
            "original_max_position_embeddings":8192,"rope_type":"llama3"},"rope_theta":1000000,"sliding_window":4096,
            "sliding_window_pattern":"LLLG","tie_word_embeddings":false,"torch_dtype":"bfloat16",@}
            """,
        ["ernie4_5"] = """
            {"architectures":["Ernie4_5ForCausalLM"],"model_type":"ernie4_5","head_dim":128,"hidden_act":"silu",
            "num_key_value_heads":2,"pad_token_id":0,"rms_norm_eps":1e-05,"rope_scaling":null,"rope_theta":500000.0,
            "tie_word_embeddings":true,"torch_dtype":"bfloat16","use_bias":false,@}
            """,
    };

    public static TheoryData<string> Names => [.. Configs.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryKeyIsAppliedOrWaived(string name)
    {
        ModelSpec spec = Read(Configs[name]);
        Assert.InRange(spec.Last.Layers.Count, 2, 4);
        Assert.Contains(ArchitectureRegistry.All, family => family.ModelType == spec.Family);
    }

    /// <summary>What says the same in two ways and differs is refused with both values.</summary>
    [Theory]
    [InlineData("qwen3", "\"torch_dtype\":\"bfloat16\"", "\"torch_dtype\":\"bfloat16\",\"dtype\":\"float16\"", "dtype",
        "\"float16\"", "\"bfloat16\"")]
    [InlineData("qwen3 of transformers 5", "\"rope_type\"", "\"factor\":2,\"rope_type\"", "rope_parameters.factor", "2", "1")]
    [InlineData("qwen3 of transformers 5", "\"attention_bias\":false", "\"attention_bias\":false,\"rope_theta\":5", "rope_theta",
        "1000000", "5")]
    [InlineData("gpt_oss", "\"experts_per_token\":4", "\"experts_per_token\":3", "experts_per_token", "3", "4")]
    [InlineData("gemma3 of transformers 5", "\"_sliding_window_pattern\":6", "\"sliding_window_pattern\":6", "layer_types[2]",
        "full_attention", "sliding_attention")]
    [InlineData("gemma3 of transformers 5", "\"attention_bias\":false", "\"attention_bias\":false,\"rope_local_base_freq\":9",
        "rope_theta", "10000", "9")]
    [InlineData("smollm3", "\"full_attention\"]", "\"full_attention\",\"full_attention\"]", "layer_types", "5 kinds", "4")]
    [InlineData("exaone4", "\"LLLG\"", "\"LG\"", "layer_types[1]", "sliding_attention", "full_attention")]
    [InlineData("olmo3", "\"full_attention\"]", "\"chunked_attention\"]", "layer_types[3]", "chunked_attention",
        "full_attention")]
    [InlineData("glm4_moe", "\"n_group\":1", "\"n_group\":3", "n_group", "3", "8")]
    [InlineData("smollm3", "[1,1,1,0]", "[1,1,2,0]", "no_rope_layers", "2", "0")]
    [InlineData("mpt-7b", "\"alibi\":true", "\"alibi\":false", "attn_config.alibi", "false", "true")]
    [InlineData("mpt-7b", "\"qk_ln\":false", "\"qk_ln\":true", "attn_config.qk_ln", "true", "false")]
    [InlineData("gemma", "\"hidden_act\":\"gelu\"", "\"hidden_act\":\"silu\"", "hidden_act", "silu", "gelu_pytorch_tanh")]
    public void WhatContradictsItselfIsRefused(string name, string from, string to, string key, params string[] values)
    {
        string config = Configs[name].Replace(from, to);
        Assert.NotEqual(Configs[name], config);
        var refused = Assert.Throws<UnsupportedConfigException>(() => Read(config));
        Assert.Contains(key, refused.Message, StringComparison.Ordinal);
        Assert.All(values, value => Assert.Contains(value, refused.Message, StringComparison.Ordinal));
    }

    /// <summary>
    /// The list of kinds that a library leaves its pattern beside, which it does not keep up to date, counts alone.
    /// </summary>
    [Fact]
    public void TheListOfKindsCounts()
    {
        ModelSpec spec = Read(Configs["gemma3 of transformers 5"]);
        Assert.Equal([512, 512, 0, 512], spec.Decoder!.Layers.Select(layer => ((MixerSpec.Attention)layer.Mixer).Window));
        Assert.Equal([1e4, 1e4, 1e6, 1e4], spec.Decoder.Layers.Select(
            layer => ((PositionSpec.Rope)((MixerSpec.Attention)layer.Mixer).Position).Theta));
    }

    /// <summary>Both generations of one config are one model.</summary>
    [Fact]
    public void BothGenerationsAreOneModel()
    {
        (ModelSpec old, ModelSpec today) = (Read(Configs["qwen3"]), Read(Configs["qwen3 of transformers 5"]));
        Assert.Equal(old.Decoder!.Layers, today.Decoder!.Layers);
        Assert.Equal(old with { Decoder = null }, today with { Decoder = null });
    }

    /// <summary>What is newer than this version is named key by key, and who might know it.</summary>
    [Theory]
    [InlineData("5.9.0", "after transformers 5.9")]
    [InlineData("6.0.0.dev0", "after transformers 6.0")]
    [InlineData("5.5.2", null)]
    [InlineData("4.57.1", null)]
    public void AConfigOfTomorrowNamesEveryKey(string version, string? hint)
    {
        string config = Configs["qwen3"].Replace("4.57.1", version)
            .Replace("\"attention_bias\":false", "\"attention_bias\":false,\"engram_size\":7,\"q_swirl\":true")
            .Replace("@", Common.Replace("4.57.1", version));
        var refused = Assert.Throws<UnsupportedConfigException>(() => Read(config));
        Assert.Equal(["engram_size (7)", "q_swirl (true)"], refused.Keys);
        Assert.Equal(hint is not null, refused.Message.Contains("release of Seriatim", StringComparison.Ordinal));
        Assert.Contains(hint ?? "engram_size", refused.Message, StringComparison.Ordinal);
        var unknown = Assert.Throws<UnknownArchitectureException>(() =>
            Read(config.Replace("Qwen3ForCausalLM", "Qwen9ForCausalLM")));
        Assert.Equal(hint is not null, unknown.Message.Contains("release of Seriatim", StringComparison.Ordinal));
    }

    private static ModelSpec Read(string config)
    {
        using JsonDocument json = JsonDocument.Parse(config.Replace("@", Common));
        return Model.ReadConfig("config.json", json.RootElement).Spec;
    }
}

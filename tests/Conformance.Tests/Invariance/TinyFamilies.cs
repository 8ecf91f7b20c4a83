namespace Seriatim.Conformance.Tests;

/// <summary>
/// Small models of the families of 2024 to 2026, a row each. Most are made of parts that others have too, in another order: they
/// are tested in one way each, and in all ways in the long tests.
/// </summary>
internal static class TinyFamilies
{
    /// <summary>Families with a part that no other has, which are tested in all ways at once.</summary>
    private static readonly HashSet<string> WithPartsOfTheirOwn =
        ["gemma4", "gpt_oss", "llama4", "deepseek_v3", "falcon_h1", "qwen3_next"];

    private static readonly Dictionary<string, string> Configs = new()
    {
        ["phi3-partial"] = TinyModels.LlamaLike("Phi3", """
            , "partial_rotary_factor": 0.7, "original_max_position_embeddings": 32, "rope_scaling": {"type": "longrope",
            "long_factor": [1.1, 1.7, 2.6, 4.1], "short_factor": [1.0, 1.3, 1.9, 3.0]}
            """),
        ["qwen3"] = TinyModels.LlamaLike("Qwen3"),
        ["qwen3_moe"] = TinyModels.LlamaLike("Qwen3Moe", """
            , "num_experts": 5, "num_experts_per_tok": 2, "moe_intermediate_size": 24, "norm_topk_prob": true,
            "mlp_only_layers": [0]
            """),
        ["qwen2_moe"] = TinyModels.LlamaLike("Qwen2Moe", """
            , "num_experts": 5, "num_experts_per_tok": 2, "moe_intermediate_size": 24, "shared_expert_intermediate_size": 28
            """),
        ["olmo"] = TinyModels.LlamaLike("Olmo", """, "clip_qkv": 0.9""").Replace(", \"rms_norm_eps\": 1e-6", ""),
        ["olmo2"] = TinyModels.LlamaLike("Olmo2"),
        ["olmo3"] = TinyModels.LlamaLike("Olmo3", """
            , "sliding_window": 5, "layer_types": ["sliding_attention", "full_attention"],
            "rope_scaling": {"type": "yarn", "factor": 4.0}
            """),
        ["granite"] = TinyModels.LlamaLike("Granite", """
            , "attention_multiplier": 0.3, "embedding_multiplier": 3, "residual_multiplier": 0.4, "logits_scaling": 2
            """),
        ["granitemoe"] = TinyModels.LlamaLike("GraniteMoeShared", """
            , "attention_multiplier": 0.3, "embedding_multiplier": 3, "residual_multiplier": 0.4, "logits_scaling": 2,
            "num_local_experts": 5, "num_experts_per_tok": 2, "shared_intermediate_size": 28
            """),
        ["olmoe"] = TinyModels.LlamaLike("Olmoe", """, "num_experts": 5, "num_experts_per_tok": 2"""),
        ["ministral3"] = TinyModels.LlamaLike("Ministral3", """
            , "rope_parameters": {"type": "yarn", "rope_type": "yarn", "rope_theta": 10000, "factor": 4.0, "beta_fast": 32.0,
            "beta_slow": 1.0, "mscale": 1.0, "mscale_all_dim": 1.0, "original_max_position_embeddings": 6,
            "max_position_embeddings": 128, "llama_4_scaling_beta": 0.4}
            """),
        ["glm"] = TinyModels.LlamaLike("Glm"),
        ["smollm3"] = TinyModels.LlamaLike("SmolLM3", """, "no_rope_layers": [1, 0]"""),
        ["glm4"] = TinyModels.LlamaLike("Glm4", """, "attention_bias": true"""),
        ["glm4_moe"] = TinyModels.LlamaLike("Glm4Moe", """
            , "n_routed_experts": 6, "num_experts_per_tok": 2, "moe_intermediate_size": 24, "n_shared_experts": 2,
            "n_group": 3, "topk_group": 2, "routed_scaling_factor": 1.5, "use_qk_norm": true, "first_k_dense_replace": 1
            """),
        ["seed_oss"] = TinyModels.LlamaLike("SeedOss"),
        ["exaone4"] = TinyModels.LlamaLike("Exaone4", """, "sliding_window": 5, "sliding_window_pattern": "LG" """),
        ["ernie4_5"] = TinyModels.LlamaLike("Ernie4_5", """, "use_bias": true"""),
        ["cohere"] = CohereLike("Cohere", """, "use_qk_norm": true"""),
        ["cohere2"] = CohereLike("Cohere2", """, "sliding_window": 5, "sliding_window_pattern": 2"""),
        ["gemma"] = TinyModels.LlamaLike("Gemma"),
        ["gemma3"] = TinyModels.LlamaLike("Gemma3", """
            , "query_pre_attn_scalar": 12, "sliding_window": 6, "sliding_window_pattern": 2, "final_logit_softcapping": 6.0,
            "rope_scaling": {"rope_type": "linear", "factor": 2.0}
            """),
        ["gemma4"] = Gemma4("""
            , "num_kv_shared_layers": 2, "use_double_wide_mlp": true, "hidden_size_per_layer_input": 6,
            "vocab_size_per_layer_input": 61
            """),
        ["gemma4-experts"] = Gemma4("""
            , "attention_k_eq_v": true, "num_global_key_value_heads": 1, "enable_moe_block": true, "num_experts": 5,
            "top_k_experts": 2, "moe_intermediate_size": 24
            """),
        ["gpt_oss"] = TinyModels.LlamaLike("GptOss", """
            , "num_local_experts": 5, "num_experts_per_tok": 2, "sliding_window": 5, "swiglu_limit": 0.5,
            "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32, "truncate": false}
            """),
        ["llama4"] = TinyModels.LlamaLike("Llama4", """
            , "intermediate_size_mlp": 48, "num_local_experts": 5, "num_experts_per_tok": 1, "interleave_moe_layer_step": 2,
            "attention_chunk_size": 6, "floor_scale": 5, "no_rope_layers": [1, 0]
            """),
        ["phi"] = """
            {"architectures": ["PhiForCausalLM"], "vocab_size": 61, "hidden_size": 40, "intermediate_size": 56,
            "num_attention_heads": 2, "num_hidden_layers": 2, "max_position_embeddings": 128, "qk_layernorm": true}
            """,
        ["falcon"] = FalconLike(""),
        ["falcon-new"] = FalconLike(""", "new_decoder_architecture": true, "num_kv_heads": 2"""),
        ["falcon-alibi"] = FalconLike(""", "alibi": true, "bias": true, "parallel_attn": false, "multi_query": false"""),
        ["mpt"] = """
            {"architectures": ["MptForCausalLM"], "vocab_size": 61, "d_model": 36, "n_heads": 3, "n_layers": 2,
            "max_seq_len": 128, "attn_config": {"clip_qkv": 0.8, "alibi_bias_max": 6}}
            """,
        ["gptj"] = """
            {"architectures": ["GPTJForCausalLM"], "vocab_size": 61, "n_embd": 36, "n_head": 3, "n_layer": 2,
            "n_positions": 128, "rotary_dim": 8}
            """,
        ["gpt_bigcode"] = """
            {"architectures": ["GPTBigCodeForCausalLM"], "vocab_size": 61, "n_embd": 36, "n_head": 3, "n_layer": 2,
            "n_positions": 128}
            """,
        ["starcoder2"] = """
            {"architectures": ["Starcoder2ForCausalLM"], "vocab_size": 61, "hidden_size": 40, "intermediate_size": 56,
            "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 2, "max_position_embeddings": 128,
            "sliding_window": 7}
            """,
        ["stablelm"] = """
            {"architectures": ["StableLmForCausalLM"], "vocab_size": 61, "hidden_size": 48, "intermediate_size": 56,
            "num_attention_heads": 3, "num_key_value_heads": 1, "num_hidden_layers": 2, "max_position_embeddings": 128,
            "use_parallel_residual": true, "use_qkv_bias": true}
            """,
        ["stablelm-heads"] = """
            {"architectures": ["StableLmForCausalLM"], "vocab_size": 61, "hidden_size": 48, "intermediate_size": 56,
            "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 2, "max_position_embeddings": 128,
            "use_parallel_residual": true, "qk_layernorm": true, "partial_rotary_factor": 0.5}
            """,
        ["deepseek_v3-halves"] = Deepseek("V3", """
            , "n_routed_experts": 8, "num_experts_per_tok": 3, "n_group": 1, "topk_group": 1, "q_lora_rank": 18,
            "attention_bias": true, "rope_interleave": false
            """),
        ["deepseek_v2"] = Deepseek("V2", """
            , "n_routed_experts": 6, "num_experts_per_tok": 2, "n_group": 3, "topk_group": 2,
            "topk_method": "group_limited_greedy", "routed_scaling_factor": 1.5
            """),
        ["deepseek_v3"] = Deepseek("V3", """
            , "n_routed_experts": 8, "num_experts_per_tok": 3, "n_group": 4, "topk_group": 2, "q_lora_rank": 18,
            "rope_scaling": {"type": "yarn", "factor": 4, "original_max_position_embeddings": 32, "mscale": 1, "mscale_all_dim": 1}
            """),
        ["lfm2"] = """
            {"architectures": ["Lfm2ForCausalLM"], "vocab_size": 61, "hidden_size": 40, "intermediate_size": 60,
            "block_multiple_of": 8, "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 3,
            "max_position_embeddings": 128, "conv_bias": true, "layer_types": ["conv", "full_attention", "conv"]}
            """,
        ["falcon_h1"] = TinyModels.LlamaLike("FalconH1", """
            , "mamba_d_ssm": 36, "mamba_n_heads": 6, "mamba_d_head": 6, "mamba_n_groups": 2, "mamba_d_state": 9,
            "mamba_d_conv": 3, "ssm_multipliers": [0.7, 0.8, 0.6, 0.9, 0.75], "mlp_multipliers": [0.9, 0.6],
            "attention_in_multiplier": 1.2, "attention_out_multiplier": 0.9, "ssm_in_multiplier": 1.3, "ssm_out_multiplier": 0.8,
            "key_multiplier": 0.7, "embedding_multiplier": 5, "lm_head_multiplier": 0.5
            """),
        ["granitemoehybrid"] = GraniteHybrid("""
            , "num_local_experts": 4, "num_experts_per_tok": 2, "intermediate_size": 20
            """),
        ["granitemoehybrid-dense"] = GraniteHybrid(""", "num_local_experts": 0, "position_embedding_type": "rope" """),
        ["qwen3_next"] = QwenDelta("Qwen3Next", """
            , "num_experts": 5, "num_experts_per_tok": 2, "moe_intermediate_size": 24, "shared_expert_intermediate_size": 28,
            "norm_topk_prob": true
            """),
        ["qwen3_5"] = QwenDelta("Qwen3_5", ""),
        ["qwen3_5_moe"] = QwenDelta("Qwen3_5Moe", """
            , "num_experts": 5, "num_experts_per_tok": 2, "moe_intermediate_size": 24, "shared_expert_intermediate_size": 28
            """),
    };

    public static IEnumerable<string> Names => Configs.Keys;

    public static string? Config(string name) => Configs.GetValueOrDefault(name);

    /// <summary>Whether a row is tested in one way, and in the others in the long tests.</summary>
    public static bool IsBrief(string name) => Configs.ContainsKey(name) && !WithPartsOfTheirOwn.Contains(name);

    /// <summary>A dense layer, then one of experts.</summary>
    private static string Deepseek(string version,
        string more) => $"{{\"architectures\": [\"Deepseek{version}ForCausalLM\"]," + """
        "vocab_size": 61, "hidden_size": 40, "intermediate_size": 56, "num_hidden_layers": 2, "num_attention_heads": 3,
        "kv_lora_rank": 19, "qk_nope_head_dim": 7, "qk_rope_head_dim": 6, "v_head_dim": 11, "moe_intermediate_size": 24,
        "n_shared_experts": 2, "first_k_dense_replace": 1, "max_position_embeddings": 128
        """ + more + "}";

    private static string GraniteHybrid(string more) => """
        {"architectures": ["GraniteMoeHybridForCausalLM"], "vocab_size": 61, "hidden_size": 40, "num_hidden_layers": 3,
        "num_attention_heads": 4, "num_key_value_heads": 2, "shared_intermediate_size": 36, "mamba_expand": 2,
        "mamba_n_heads": 5, "mamba_d_head": 16, "mamba_d_state": 9, "mamba_d_conv": 3, "max_position_embeddings": 128,
        "attention_multiplier": 0.3, "embedding_multiplier": 3, "residual_multiplier": 0.4, "logits_scaling": 2,
        "layer_types": ["mamba", "attention", "mamba"]
        """ + more + "}";

    private static string QwenDelta(string family, string more) => $"{{\"architectures\": [\"{family}ForCausalLM\"]," + """
        "vocab_size": 61, "hidden_size": 40, "intermediate_size": 56, "num_hidden_layers": 3, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 12, "max_position_embeddings": 128, "partial_rotary_factor": 0.5,
        "linear_num_key_heads": 2, "linear_num_value_heads": 6, "linear_key_head_dim": 7, "linear_value_head_dim": 18,
        "linear_conv_kernel_dim": 3, "full_attention_interval": 3
        """ + more + "}";

    private static string CohereLike(string family, string more) => $"{{\"architectures\": [\"{family}ForCausalLM\"]," + """
        "vocab_size": 61, "hidden_size": 40, "intermediate_size": 56, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 10, "max_position_embeddings": 128
        """ + more + "}";

    /// <summary>Heads of 12 in layers with a window, of 20 in the others, of which a part turns.</summary>
    private static string Gemma4(string more) => """
        {"architectures": ["Gemma4ForCausalLM"], "vocab_size": 61, "hidden_size": 40, "intermediate_size": 56,
        "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 12, "global_head_dim": 20,
        "max_position_embeddings": 128, "sliding_window": 6, "final_logit_softcapping": 6.0,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention", "full_attention"],
        "rope_parameters": {"full_attention": {"rope_type": "proportional", "partial_rotary_factor": 0.5, "rope_theta": 1000000},
        "sliding_attention": {"rope_theta": 10000}}
        """ + more + "}";

    private static string FalconLike(string more) => """
        {"architectures": ["FalconForCausalLM"], "vocab_size": 61, "hidden_size": 48, "num_attention_heads": 6,
        "num_hidden_layers": 2, "max_position_embeddings": 128
        """ + more + "}";
}

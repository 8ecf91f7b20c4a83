using System.Text;

namespace Seriatim.Models.Tests;

/// <summary>
/// Configs with the keys that well-known models are published with (their sizes made small): every key is applied or waived, none
/// is in the way. And what would change the model is refused.
/// </summary>
public sealed class PublishedConfigTests
{
    private static readonly Dictionary<string, string> Configs = new()
    {
        ["tinyllama"] = """
            {"architectures":["LlamaForCausalLM"],"bos_token_id":1,"eos_token_id":2,"hidden_act":"silu","hidden_size":32,
            "initializer_range":0.02,"intermediate_size":48,"max_position_embeddings":64,"model_type":"llama",
            "num_attention_heads":4,"num_hidden_layers":1,"num_key_value_heads":2,"pretraining_tp":1,"rms_norm_eps":1e-05,
            "rope_scaling":null,"tie_word_embeddings":false,"torch_dtype":"float32","transformers_version":"4.31.0.dev0",
            "use_cache":true,"vocab_size":50,"_name_or_path":"x"}
            """,
        ["smollm2"] = """
            {"architectures":["LlamaForCausalLM"],"attention_bias":false,"attention_dropout":0.0,"bos_token_id":0,"eos_token_id":0,
            "hidden_act":"silu","hidden_size":32,"initializer_range":0.04,"intermediate_size":48,"is_llama_config":true,
            "max_position_embeddings":64,"mlp_bias":false,"model_type":"llama","num_attention_heads":4,"num_hidden_layers":1,
            "num_key_value_heads":2,"pretraining_tp":1,"rms_norm_eps":1e-05,"rope_interleaved":false,"rope_scaling":null,
            "rope_theta":100000,"tie_word_embeddings":true,"torch_dtype":"bfloat16","transformers_version":"4.40.1",
            "use_cache":true,"vocab_size":50}
            """,
        ["llama32"] = """
            {"architectures":["LlamaForCausalLM"],"attention_bias":false,"attention_dropout":0.0,"bos_token_id":1,
            "eos_token_id":[2,3,4],"head_dim":8,"hidden_act":"silu","hidden_size":32,"initializer_range":0.02,
            "intermediate_size":48,"max_position_embeddings":131072,"mlp_bias":false,"model_type":"llama","num_attention_heads":4,
            "num_hidden_layers":1,"num_key_value_heads":2,"pretraining_tp":1,"rms_norm_eps":1e-05,"rope_scaling":{"factor":32.0,
            "high_freq_factor":4.0,"low_freq_factor":1.0,"original_max_position_embeddings":8192,"rope_type":"llama3"},
            "rope_theta":500000.0,"tie_word_embeddings":true,"torch_dtype":"bfloat16","transformers_version":"4.45.0.dev0",
            "use_cache":true,"vocab_size":50}
            """,
        ["mistral"] = """
            {"architectures":["MistralForCausalLM"],"attention_dropout":0.0,"bos_token_id":1,"eos_token_id":2,"hidden_act":"silu",
            "hidden_size":32,"initializer_range":0.02,"intermediate_size":48,"max_position_embeddings":32768,
            "model_type":"mistral","num_attention_heads":4,"num_hidden_layers":1,"num_key_value_heads":2,"rms_norm_eps":1e-05,
            "rope_theta":1000000.0,"sliding_window":null,"tie_word_embeddings":false,"torch_dtype":"bfloat16",
            "transformers_version":"4.42.0.dev0","use_cache":true,"vocab_size":50}
            """,
        ["qwen25"] = """
            {"architectures":["Qwen2ForCausalLM"],"attention_dropout":0.0,"bos_token_id":1,"eos_token_id":2,"hidden_act":"silu",
            "hidden_size":32,"initializer_range":0.02,"intermediate_size":48,"max_position_embeddings":32768,
            "max_window_layers":24,"model_type":"qwen2","num_attention_heads":4,"num_hidden_layers":1,"num_key_value_heads":2,
            "rms_norm_eps":1e-06,"rope_theta":1000000.0,"sliding_window":32768,"tie_word_embeddings":true,"torch_dtype":"bfloat16",
            "transformers_version":"4.40.1","use_cache":true,"use_mrope":false,"use_sliding_window":false,"vocab_size":50}
            """,
        ["gemma2"] = """
            {"architectures":["Gemma2ForCausalLM"],"attention_bias":false,"attention_dropout":0.0,"attn_logit_softcapping":50.0,
            "bos_token_id":2,"cache_implementation":"hybrid","eos_token_id":1,"final_logit_softcapping":30.0,"head_dim":8,
            "hidden_act":"gelu_pytorch_tanh","hidden_activation":"gelu_pytorch_tanh","hidden_size":32,"initializer_range":0.02,
            "intermediate_size":48,"max_position_embeddings":8192,"model_type":"gemma2","num_attention_heads":4,
            "num_hidden_layers":2,"num_key_value_heads":2,"pad_token_id":0,"query_pre_attn_scalar":256,"rms_norm_eps":1e-06,
            "rope_theta":10000.0,"sliding_window":4096,"torch_dtype":"float32","transformers_version":"4.42.4","use_cache":true,
            "vocab_size":50}
            """,
        ["reformer"] = """
            {"architectures":["ReformerModelWithLMHead"],"attention_head_size":8,"attention_probs_dropout_prob":0.1,
            "attn_layers":["local","lsh","local","lsh"],"axial_norm_std":1.0,"axial_pos_embds":true,"axial_pos_embds_dim":[8,24],
            "axial_pos_shape":[16,32],"chunk_size_feed_forward":0,"chunk_size_lm_head":0,"eos_token_id":2,"feed_forward_size":48,
            "hash_seed":null,"hidden_act":"relu","hidden_dropout_prob":0.05,"hidden_size":32,"initializer_range":0.02,
            "intermediate_size":3072,"is_decoder":true,"layer_norm_eps":1e-12,"local_attention_probs_dropout_prob":0.05,
            "local_attn_chunk_length":64,"local_num_chunks_after":0,"local_num_chunks_before":1,
            "lsh_attention_probs_dropout_prob":0.0,"lsh_attn_chunk_length":64,"lsh_num_chunks_after":0,"lsh_num_chunks_before":1,
            "max_position_embeddings":512,"model_type":"reformer","num_attention_heads":2,"num_buckets":[64,128],
            "num_chunks_after":0,"num_chunks_before":1,"num_hashes":1,"num_hidden_layers":4,"output_past":true,"pad_token_id":0,
            "task_specific_params":{"text-generation":{"do_sample":true,"max_length":100}},"vocab_size":50}
            """,
        ["phi3"] = """
            {"_name_or_path":"Phi-3-mini-4k-instruct","architectures":["Phi3ForCausalLM"],"attention_bias":false,
            "attention_dropout":0.0,"auto_map":{"AutoConfig":"configuration_phi3.Phi3Config"},"bos_token_id":1,"embd_pdrop":0.0,
            "eos_token_id":2,"hidden_act":"silu","hidden_size":32,"initializer_range":0.02,"intermediate_size":48,
            "max_position_embeddings":4096,"model_type":"phi3","num_attention_heads":4,"num_hidden_layers":1,
            "num_key_value_heads":4,"original_max_position_embeddings":4096,"pad_token_id":2,"resid_pdrop":0.0,
            "rms_norm_eps":1e-05,"rope_scaling":null,"rope_theta":10000.0,"sliding_window":2047,"tie_word_embeddings":false,
            "torch_dtype":"bfloat16","transformers_version":"4.40.2","use_cache":true,"vocab_size":50}
            """,
        ["gpt2"] = """
            {"activation_function":"gelu_new","architectures":["GPT2LMHeadModel"],"attn_pdrop":0.1,"bos_token_id":1,
            "embd_pdrop":0.1,"eos_token_id":1,"initializer_range":0.02,"layer_norm_epsilon":1e-05,"model_type":"gpt2","n_ctx":64,
            "n_embd":32,"n_head":4,"n_layer":1,"n_positions":64,"resid_pdrop":0.1,"summary_activation":null,
            "summary_first_dropout":0.1,"summary_proj_to_labels":true,"summary_type":"cls_index","summary_use_proj":true,
            "task_specific_params":{"text-generation":{"do_sample":true,"max_length":50}},"vocab_size":50}
            """,
        ["pythia"] = """
            {"architectures":["GPTNeoXForCausalLM"],"bos_token_id":0,"eos_token_id":0,"hidden_act":"gelu","hidden_size":32,
            "initializer_range":0.02,"intermediate_size":48,"layer_norm_eps":1e-05,"max_position_embeddings":64,
            "model_type":"gpt_neox","num_attention_heads":4,"num_hidden_layers":1,"rotary_emb_base":10000,"rotary_pct":0.25,
            "tie_word_embeddings":false,"torch_dtype":"float16","transformers_version":"4.24.0","use_cache":true,
            "use_parallel_residual":true,"vocab_size":50}
            """,
        ["opt"] = """
            {"_name_or_path":"opt-125m","_remove_final_layer_norm":false,"activation_dropout":0.0,"activation_function":"relu",
            "architectures":["OPTForCausalLM"],"attention_dropout":0.0,"bos_token_id":2,"do_layer_norm_before":true,"dropout":0.1,
            "eos_token_id":2,"ffn_dim":48,"hidden_size":32,"init_std":0.02,"layerdrop":0.0,"max_position_embeddings":64,
            "model_type":"opt","num_attention_heads":4,"num_hidden_layers":1,"pad_token_id":1,"prefix":"</s>",
            "torch_dtype":"float16","transformers_version":"4.21.0.dev0","use_cache":true,"vocab_size":50,
            "word_embed_proj_dim":32}
            """,
        ["bloom"] = """
            {"apply_residual_connection_post_layernorm":false,"attention_dropout":0.0,"attention_softmax_in_fp32":true,
            "architectures":["BloomForCausalLM"],"bias_dropout_fusion":true,"bos_token_id":1,"eos_token_id":2,"pad_token_id":3,
            "unk_token_id":0,"hidden_dropout":0.0,"initializer_range":0.02,"layer_norm_epsilon":1e-05,"masked_softmax_fusion":true,
            "model_type":"bloom","n_embed":32,"n_inner":null,"n_layer":1,"num_attention_heads":4,"offset_alibi":100,
            "pretraining_tp":1,"seq_length":2048,"skip_bias_add":true,"skip_bias_add_qkv":false,"transformers_version":"4.20.0",
            "use_cache":true,"vocab_size":50}
            """,
        ["bert"] = """
            {"architectures":["BertForMaskedLM"],"attention_probs_dropout_prob":0.1,"gradient_checkpointing":false,
            "hidden_act":"gelu","hidden_dropout_prob":0.1,"hidden_size":32,"initializer_range":0.02,"intermediate_size":48,
            "layer_norm_eps":1e-12,"max_position_embeddings":64,"model_type":"bert","num_attention_heads":4,"num_hidden_layers":1,
            "pad_token_id":0,"position_embedding_type":"absolute","transformers_version":"4.6.0.dev0","type_vocab_size":2,
            "use_cache":true,"vocab_size":50}
            """,
        ["t5small"] = """
            {"architectures":["T5ForConditionalGeneration"],"d_ff":48,"d_kv":8,"d_model":32,"decoder_start_token_id":0,
            "dropout_rate":0.1,"eos_token_id":1,"initializer_factor":1.0,"is_encoder_decoder":true,"layer_norm_epsilon":1e-06,
            "model_type":"t5","n_positions":512,"num_heads":4,"num_layers":1,"output_past":true,"pad_token_id":0,
            "relative_attention_num_buckets":32,"task_specific_params":{"summarization":{"early_stopping":true}},"vocab_size":50}
            """,
        ["bartlarge-cnn"] = """
            {"_num_labels":3,"activation_dropout":0.0,"activation_function":"gelu","add_final_layer_norm":false,
            "architectures":["BartForConditionalGeneration"],"attention_dropout":0.0,"bos_token_id":0,"classif_dropout":0.0,
            "classifier_dropout":0.0,"d_model":32,"decoder_attention_heads":4,"decoder_ffn_dim":48,"decoder_layerdrop":0.0,
            "decoder_layers":1,"decoder_start_token_id":2,"dropout":0.1,"early_stopping":true,"encoder_attention_heads":4,
            "encoder_ffn_dim":48,"encoder_layerdrop":0.0,"encoder_layers":1,"eos_token_id":2,
            "force_bos_token_to_be_generated":true,"forced_bos_token_id":0,"forced_eos_token_id":2,"gradient_checkpointing":false,
            "id2label":{"0":"LABEL_0","1":"LABEL_1","2":"LABEL_2"},"init_std":0.02,"is_encoder_decoder":true,
            "label2id":{"LABEL_0":0,"LABEL_1":1,"LABEL_2":2},"length_penalty":2.0,"max_length":142,"max_position_embeddings":64,
            "min_length":56,"model_type":"bart","no_repeat_ngram_size":3,"normalize_before":false,"num_beams":4,
            "num_hidden_layers":1,"output_past":true,"pad_token_id":1,"prefix":" ","scale_embedding":false,
            "task_specific_params":{"summarization":{"early_stopping":true}},"transformers_version":"4.7.0.dev0","use_cache":true,
            "vocab_size":50}
            """,
        ["opus"] = """
            {"_num_labels":3,"activation_dropout":0.0,"activation_function":"swish","add_bias_logits":false,
            "add_final_layer_norm":false,"architectures":["MarianMTModel"],"attention_dropout":0.0,"bad_words_ids":[[49]],
            "bos_token_id":0,"classif_dropout":0.0,"d_model":32,"decoder_attention_heads":4,"decoder_ffn_dim":48,
            "decoder_layerdrop":0.0,"decoder_layers":1,"decoder_start_token_id":49,"dropout":0.1,"encoder_attention_heads":4,
            "encoder_ffn_dim":48,"encoder_layerdrop":0.0,"encoder_layers":1,"eos_token_id":0,"forced_eos_token_id":0,
            "id2label":{"0":"LABEL_0"},"init_std":0.02,"is_encoder_decoder":true,"label2id":{"LABEL_0":0},"max_length":512,
            "max_position_embeddings":64,"model_type":"marian","normalize_before":false,"normalize_embedding":false,"num_beams":6,
            "num_hidden_layers":1,"pad_token_id":49,"scale_embedding":true,"static_position_embeddings":true,
            "transformers_version":"4.22.0.dev0","use_cache":true,"vocab_size":50}
            """,
        ["mixtral"] = """
            {"architectures":["MixtralForCausalLM"],"attention_dropout":0.0,"bos_token_id":1,"eos_token_id":2,"hidden_act":"silu",
            "hidden_size":32,"initializer_range":0.02,"intermediate_size":48,"max_position_embeddings":32768,
            "model_type":"mixtral","num_attention_heads":4,"num_experts_per_tok":2,"num_hidden_layers":1,"num_key_value_heads":2,
            "num_local_experts":4,"output_router_logits":false,"rms_norm_eps":1e-05,"rope_theta":1000000.0,
            "router_aux_loss_coef":0.02,"sliding_window":null,"tie_word_embeddings":false,"torch_dtype":"bfloat16",
            "transformers_version":"4.36.0.dev0","use_cache":true,"vocab_size":50}
            """,
        ["mamba"] = """
            {"architectures":["MambaForCausalLM"],"bos_token_id":0,"conv_kernel":4,"d_inner":64,"d_model":32,"eos_token_id":0,
            "expand":2,"fused_add_norm":true,"hidden_act":"silu","hidden_size":32,"initializer_range":0.1,"intermediate_size":64,
            "layer_norm_epsilon":1e-05,"model_type":"mamba","n_layer":1,"num_hidden_layers":1,"pad_token_id":0,
            "pad_vocab_size_multiple":8,"rescale_prenorm_residual":false,"residual_in_fp32":true,"rms_norm":true,"ssm_cfg":{},
            "state_size":16,"time_step_floor":0.0001,"time_step_init_scheme":"random","time_step_max":0.1,"time_step_min":0.001,
            "time_step_rank":2,"time_step_scale":1.0,"torch_dtype":"float32","transformers_version":"4.39.0.dev0",
            "use_bias":false,"use_cache":true,"use_conv_bias":true,"vocab_size":56}
            """,
        ["falcon-mamba"] = """
            {"architectures":["FalconMambaForCausalLM"],"bos_token_id":0,"conv_kernel":4,"eos_token_id":11,"expand":16,
            "hidden_act":"silu","hidden_size":32,"initializer_range":0.1,"intermediate_size":64,"layer_norm_epsilon":1e-05,
            "model_type":"falcon_mamba","num_hidden_layers":1,"pad_token_id":11,"rescale_prenorm_residual":false,
            "residual_in_fp32":true,"state_size":16,"tie_word_embeddings":false,"time_step_floor":0.0001,
            "time_step_init_scheme":"random","time_step_max":0.1,"time_step_min":0.001,"time_step_rank":16,"time_step_scale":1.0,
            "torch_dtype":"bfloat16","transformers_version":"4.43.0.dev0","use_bias":false,"use_cache":true,"use_conv_bias":true,
            "use_mambapy":false,"mixer_rms_eps":1e-06,"vocab_size":50}
            """,
        ["jamba"] = """
            {"architectures":["JambaForCausalLM"],"attention_dropout":0.0,"attn_layer_offset":4,"attn_layer_period":8,
            "bos_token_id":1,"eos_token_id":2,"expert_layer_offset":1,"expert_layer_period":2,"hidden_act":"silu",
            "hidden_size":32,"initializer_range":0.02,"intermediate_size":48,"mamba_conv_bias":true,"mamba_d_conv":4,"mamba_d_state":16,
            "mamba_dt_rank":4,"mamba_expand":2,"mamba_proj_bias":false,"max_position_embeddings":262144,"model_type":"jamba",
            "num_attention_heads":4,"num_experts":4,"num_experts_per_tok":2,"num_hidden_layers":8,"num_key_value_heads":2,
            "num_logits_to_keep":1,"output_router_logits":false,"pad_token_id":0,"rms_norm_eps":1e-06,
            "router_aux_loss_coef":0.001,"sliding_window":null,"tie_word_embeddings":false,"torch_dtype":"bfloat16",
            "transformers_version":"4.40.1","use_cache":true,"use_mamba_kernels":true,"vocab_size":50}
            """,
        ["roberta"] = """
            {"architectures":["RobertaForMaskedLM"],"attention_probs_dropout_prob":0.1,"bos_token_id":0,"eos_token_id":2,
            "hidden_act":"gelu","hidden_dropout_prob":0.1,"hidden_size":32,"initializer_range":0.02,"intermediate_size":48,
            "layer_norm_eps":1e-05,"max_position_embeddings":66,"model_type":"roberta","num_attention_heads":4,
            "num_hidden_layers":1,"pad_token_id":1,"type_vocab_size":1,"vocab_size":50}
            """,
        ["longformer"] = """
            {"attention_mode":"longformer","attention_probs_dropout_prob":0.1,"attention_window":[4,8],"bos_token_id":0,
            "eos_token_id":2,"gradient_checkpointing":false,"hidden_act":"gelu","hidden_dropout_prob":0.1,"hidden_size":32,
            "ignore_attention_mask":false,"initializer_range":0.02,"intermediate_size":48,"layer_norm_eps":1e-05,
            "max_position_embeddings":66,"model_type":"longformer","num_attention_heads":4,"num_hidden_layers":2,"pad_token_id":1,
            "sep_token_id":2,"type_vocab_size":1,"vocab_size":50}
            """,
        ["bigbird"] = """
            {"architectures":["BigBirdForPreTraining"],"attention_probs_dropout_prob":0.1,"attention_type":"block_sparse",
            "block_size":8,"bos_token_id":1,"eos_token_id":2,"gradient_checkpointing":false,"hidden_act":"gelu_new",
            "hidden_dropout_prob":0.1,"hidden_size":32,"initializer_range":0.02,"intermediate_size":48,"layer_norm_eps":1e-12,
            "max_position_embeddings":64,"model_type":"big_bird","num_attention_heads":4,"num_hidden_layers":1,
            "num_random_blocks":3,"pad_token_id":0,"position_embedding_type":"absolute","rescale_embeddings":false,
            "sep_token_id":6,"transformers_version":"4.4.0.dev0","type_vocab_size":2,"use_bias":true,"use_cache":true,"vocab_size":50}
            """,
        ["linformer"] = """
            {"architectures":["LinformerLM"],"depth":1,"dim":32,"dim_head":null,"dropout":0.1,"heads":4,"k":6,
            "model_type":"linformer","num_tokens":50,"one_kv_head":false,"reversible":false,"seq_len":24,"share_kv":false}
            """,
    };

    public static TheoryData<string> Names => [.. Configs.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Published_configs_build(string name)
    {
        using Model model = Create(Configs[name]);
        Assert.True(model.ParameterCount > 0);
    }

    [Theory]
    [InlineData("smollm2", "\"rope_interleaved\":false", "\"rope_interleaved\":true", "rope_interleaved")]
    [InlineData("qwen25", "\"use_mrope\":false", "\"use_mrope\":true", "use_mrope")]
    [InlineData("bert", "\"use_cache\":true", "\"is_decoder\":true", "is_decoder")]
    [InlineData("longformer", "[4,8]", "[4,7]", "attention_window[1] is 7")]
    [InlineData("longformer", "[4,8]", "[4,8,8]", "a list of 2 numbers")]
    [InlineData("longformer", "[4,8]", "[4,2.5]", "attention_window is 2.5")]
    [InlineData("longformer", "\"longformer\",\"attention_probs", "\"n2\",\"attention_probs", "attention_mode")]
    [InlineData("longformer", "\"gradient_checkpointing\":false", "\"autoregressive\":true", "autoregressive")]
    [InlineData("bigbird", "block_sparse", "sparse", "attention_type")]
    [InlineData("bigbird", "\"block_size\":8", "\"block_size\":0", "block_size")]
    [InlineData("linformer", "\"reversible\":false", "\"reversible\":true", "reversible")]
    [InlineData("linformer", "\"dim_head\":null", "\"dim_head\":0", "dim_head")]
    [InlineData("tinyllama", "\"pretraining_tp\":1", "\"pretraining_tp\":2", "pretraining_tp")]
    [InlineData("tinyllama", "\"use_cache\":true", "\"quantization_config\":{}", "quantization_config")]
    [InlineData("mamba", "\"ssm_cfg\":{}", "\"ssm_cfg\":{\"layer\":\"Mamba2\"}", "ssm_cfg")]
    [InlineData("mamba", "\"rms_norm\":true", "\"rms_norm\":false", "rms_norm")]
    [InlineData("mamba", "\"d_inner\":64", "\"d_inner\":96", "intermediate_size")]
    [InlineData("mamba", "\"conv_kernel\":4", "\"conv_kernel\":1", "conv_kernel is 1; a kernel of 2 or more")]
    [InlineData("mamba", "\"time_step_rank\":2", "\"time_step_rank\":\"many\"", "time_step_rank")]
    [InlineData("mamba", "\"time_step_max\":0.1", "\"time_step_max\":0.0001", "time_step_max")]
    [InlineData("falcon-mamba", "\"mixer_rms_eps\":1e-06", "\"use_rope\":true", "use_rope")]
    [InlineData("jamba", "\"sliding_window\":null", "\"sliding_window\":512", "sliding_window")]
    [InlineData("jamba", "\"attn_layer_offset\":4", "\"attn_layer_offset\":8", "is 8; less than attn_layer_period 8")]
    [InlineData("jamba", "\"num_experts_per_tok\":2", "\"num_experts_per_tok\":5", "num_experts 4")]
    public void What_would_change_the_model_is_refused_by_name(string name, string from, string to, string key)
    {
        Assert.Contains(from, Configs[name]);
        var failure = Assert.Throws<UnsupportedConfigException>(() => Create(Configs[name].Replace(from, to)));
        Assert.Contains(key, failure.Message);
    }

    private static Model Create(string config) =>
        Model.Create("config.json", Encoding.UTF8.GetBytes(config), new RandomSource(1));
}

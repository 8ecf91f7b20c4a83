using System.Text;
using Seriatim.Models;

namespace Seriatim.Attention.Benchmarks;

/// <summary>
/// A small model of a family for the tasks of <see cref="Recall"/>: two layers of width 64, near equal in parameters.
/// </summary>
/// <param name="Name">What tables call it.</param>
/// <param name="IsCausal">Whether rows see the past alone.</param>
/// <param name="Config">The config for a vocabulary and a longest sequence.</param>
internal sealed record RecallFamily(string Name, bool IsCausal, Func<int, int, string> Config)
{
    private const string Shape =
        "\"hidden_size\": 64, \"num_hidden_layers\": 2, \"num_attention_heads\": 4, \"intermediate_size\": 128";

    /// <summary>
    /// Whether the answers' places are global tokens (a question's tokens, in the words of the Longformer paper).
    /// </summary>
    public bool HasGlobals { get; init; }

    public static IReadOnlyList<RecallFamily> All { get; } =
    [
        new("full", true, (v, n) => $$"""
            {"architectures": ["LlamaForCausalLM"], "vocab_size": {{v}}, {{Shape}}, "max_position_embeddings": {{n}}}
            """),
        new("window 32", true, (v, n) => $$"""
            {"architectures": ["MistralForCausalLM"], "vocab_size": {{v}}, {{Shape}}, "max_position_embeddings": {{n}},
            "sliding_window": 32}
            """),
        new("global+local", false, (v, n) => $$"""
            {"architectures": ["LongformerForMaskedLM"], "model_type": "longformer", "vocab_size": {{v}}, {{Shape}},
            "attention_window": [32, 32],
            "pad_token_id": 1, "max_position_embeddings": {{n + 2}}, "type_vocab_size": 1, "hidden_act": "gelu"}
            """) { HasGlobals = true },
        new("block-sparse", false, (v, n) => $$"""
            {"architectures": ["BigBirdForMaskedLM"], "model_type": "big_bird", "vocab_size": {{v}}, {{Shape}},
            "attention_type": "block_sparse",
            "block_size": 8, "num_random_blocks": 2, "max_position_embeddings": {{n}}, "type_vocab_size": 1,
            "hidden_act": "gelu_new", "use_bias": true}
            """),
        new("LSH", true, (v, n) => $$"""
            {"architectures": ["ReformerModelWithLMHead"], "model_type": "reformer", "is_decoder": true, "vocab_size": {{v}},
            "hidden_size": 64,
            "attention_head_size": 16, "num_attention_heads": 4, "feed_forward_size": 128, "attn_layers": ["lsh", "lsh"],
            "num_hidden_layers": 2,
            "lsh_attn_chunk_length": 16, "lsh_num_chunks_before": 1, "lsh_num_chunks_after": 0, "num_hashes": 2,
            "num_buckets": 16,
            "axial_pos_embds": false, "max_position_embeddings": {{n}}, "hash_seed": 7, "hidden_act": "relu",
            "tie_word_embeddings": false}
            """),
        new("low-rank 32", false, (v, n) => $$"""
            {"architectures": ["LinformerLM"], "model_type": "linformer", "num_tokens": {{v}}, "dim": 64, "depth": 2,
            "heads": 4, "seq_len": {{n}},
            "k": 32, "dim_head": null, "one_kv_head": false, "share_kv": false, "reversible": false}
            """),
        new("retention", true, (v, n) => $$"""
            {"architectures": ["RetNetDecoder"], "model_type": "retnet", "vocab_size": {{v}}, "decoder_embed_dim": 64,
            "decoder_value_embed_dim": 128,
            "decoder_ffn_embed_dim": 128, "decoder_layers": 2, "decoder_retention_heads": 4, "activation_fn": "gelu",
            "decoder_normalize_before": true,
            "layernorm_eps": 1e-6, "no_scale_embedding": true, "recurrent_chunk_size": 64,
            "share_decoder_input_output_embed": false, "subln": true,
            "max_target_positions": {{n}}}
            """),
        new("Mamba", true, (v, _) => $$"""
            {"architectures": ["MambaForCausalLM"], "model_type": "mamba", "vocab_size": {{v}}, "hidden_size": 64,
            "state_size": 16,
            "num_hidden_layers": 2, "expand": 2, "intermediate_size": 128, "conv_kernel": 4, "time_step_rank": 8,
            "use_bias": false,
            "use_conv_bias": true, "hidden_act": "silu", "layer_norm_epsilon": 1e-5}
            """),
        new("Mamba-2", true, (v, _) => $$"""
            {"architectures": ["Mamba2ForCausalLM"], "model_type": "mamba2", "vocab_size": {{v}}, "hidden_size": 64,
            "state_size": 32,
            "num_hidden_layers": 2, "expand": 2, "head_dim": 32, "num_heads": 4, "n_groups": 1, "conv_kernel": 4,
            "chunk_size": 64,
            "time_step_rank": 8, "use_bias": false, "use_conv_bias": true, "hidden_act": "silu", "rms_norm": true,
            "layer_norm_epsilon": 1e-5}
            """),
        new("LSTM", true, (v, _) => $$"""
            {"architectures": ["torch.nn.LSTM"], "model_type": "lstm", "vocab_size": {{v}}, "hidden_size": 64, "num_layers": 2}
            """),
        new("GRU", true, (v, _) => $$"""
            {"architectures": ["torch.nn.GRU"], "model_type": "gru", "vocab_size": {{v}}, "hidden_size": 64, "num_layers": 2}
            """),
        new("Mamba+attention", true, (v, n) => $$"""
            {"architectures": ["JambaForCausalLM"], "model_type": "jamba", "vocab_size": {{v}}, {{Shape}},
            "num_key_value_heads": 4,
            "attn_layer_offset": 1, "attn_layer_period": 2, "expert_layer_offset": 1, "expert_layer_period": 2, "num_experts": 1,
            "num_experts_per_tok": 1, "mamba_d_conv": 4, "mamba_d_state": 16, "mamba_dt_rank": 8, "mamba_expand": 2,
            "mamba_conv_bias": true,
            "mamba_proj_bias": false, "rms_norm_eps": 1e-6, "hidden_act": "silu", "tie_word_embeddings": false,
            "max_position_embeddings": {{n}}}
            """),
    ];

    public Model Make(int vocabulary, int longest) =>
        Model.Create(Name, Encoding.UTF8.GetBytes(Config(vocabulary, longest)), new RandomSource(3));

    /// <summary>Adds a sequence whose last rows are the answers' places.</summary>
    public void Add(RaggedBatchBuilder builder, int[] tokens, int answers)
    {
        if (IsCausal)
            builder.Add(tokens, outputs: Outputs.All);
        else
            builder.AddEncoder(tokens, pattern: new SparsePattern
            {
                Globals = HasGlobals ? [.. Enumerable.Range(tokens.Length - answers, answers)] : [],
            });
    }
}

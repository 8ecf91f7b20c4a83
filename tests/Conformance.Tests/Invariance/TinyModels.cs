using System.Text;

namespace Seriatim.Conformance.Tests;

/// <summary>
/// Small models with random weights, one or more for each decoder architecture, with the shapes that break things: head
/// dimensions that are no multiple of 16, odd widths, windows shorter than a page, heads that share keys.
/// </summary>
internal static class TinyModels
{
    private static readonly Dictionary<string, string> Configs = new()
    {
        ["llama"] = LlamaLike("Llama"),
        ["llama-dynamic"] =
        LlamaLike("Llama", """, "rope_scaling": {"rope_type": "dynamic", "factor": 2.0}""").Replace("128", "24"),
        ["llama-yarn"] = LlamaLike("Llama", """, "rope_scaling": {"type": "yarn", "factor": 4.0}"""),
        ["mistral"] = LlamaLike("Mistral", """, "sliding_window": 5"""),
        ["qwen2"] = LlamaLike("Qwen2", """, "use_sliding_window": true, "sliding_window": 19, "max_window_layers": 1"""),
        ["gemma2"] = LlamaLike("Gemma2", """
            , "query_pre_attn_scalar": 20, "sliding_window": 6, "attn_logit_softcapping": 4.0, "final_logit_softcapping": 6.0
            """),
        ["phi3"] = LlamaLike("Phi3", """
            , "original_max_position_embeddings": 32, "rope_scaling": {"type": "longrope",
            "long_factor": [1.1, 1.7, 2.6, 4.1, 6.0, 9.0], "short_factor": [1.0, 1.3, 1.9, 3.0, 5.0, 7.5]}
            """),
        ["mixtral"] = LlamaLike("Mixtral", """, "num_local_experts": 5, "num_experts_per_tok": 2"""),
        ["gpt2"] =
            """{"architectures": ["GPT2LMHeadModel"], "vocab_size": 61, "n_embd": 36, "n_head": 3, "n_layer": 2, "n_positions": 128}""",
        ["gpt_neox"] = """
            {"architectures": ["GPTNeoXForCausalLM"], "vocab_size": 61, "hidden_size": 40, "intermediate_size": 72, "num_attention_heads": 2,
            "num_hidden_layers": 2, "max_position_embeddings": 128, "rotary_pct": 0.3, "tie_word_embeddings": false}
            """,
        ["opt"] = """
            {"architectures": ["OPTForCausalLM"], "vocab_size": 61, "hidden_size": 40, "ffn_dim": 72, "num_attention_heads": 2,
            "num_hidden_layers": 2, "max_position_embeddings": 128}
            """,
        ["opt-post"] = """
            {"architectures": ["OPTForCausalLM"], "vocab_size": 61, "hidden_size": 40, "ffn_dim": 72, "num_attention_heads": 2,
            "num_hidden_layers": 2, "max_position_embeddings": 128, "do_layer_norm_before": false, "word_embed_proj_dim": 24}
            """,
        ["bloom"] = """{"architectures": ["BloomForCausalLM"], "vocab_size": 61, "hidden_size": 36, "n_head": 3, "n_layer": 2}""",
        ["bloom-normed"] = """
            {"architectures": ["BloomForCausalLM"], "vocab_size": 61, "hidden_size": 36, "n_head": 3, "n_layer": 2,
            "apply_residual_connection_post_layernorm": true}
            """,
        ["mamba"] = MambaLike("Mamba", """, "use_bias": true, "conv_kernel": 3, "intermediate_size": 52"""),
        ["falcon_mamba"] = MambaLike("FalconMamba", """, "tie_word_embeddings": false, "mixer_rms_eps": 1e-6, "expand": 1"""),
        ["jamba"] = """
            {"architectures": ["JambaForCausalLM"], "vocab_size": 61, "hidden_size": 36, "intermediate_size": 40,
            "num_hidden_layers": 3, "num_attention_heads": 3, "num_key_value_heads": 1, "attn_layer_period": 3,
            "attn_layer_offset": 1, "expert_layer_period": 2, "expert_layer_offset": 0, "num_experts": 5,
            "num_experts_per_tok": 2, "mamba_d_state": 5, "mamba_d_conv": 4,
            "mamba_expand": 2, "mamba_dt_rank": "auto", "max_position_embeddings": 128, "tie_word_embeddings": false}
            """,
        ["retnet"] = """
            {"architectures": ["RetNetDecoder"], "vocab_size": 61, "decoder_embed_dim": 40,
            "decoder_value_embed_dim": 68, "decoder_retention_heads": 2,
            "decoder_ffn_embed_dim": 56, "decoder_layers": 2, "max_target_positions": 128, "layernorm_embedding": true}
            """,
        ["retnet-post"] = """
            {"architectures": ["RetNetDecoder"], "vocab_size": 61, "decoder_embed_dim": 36,
            "decoder_value_embed_dim": 36, "decoder_retention_heads": 3,
            "decoder_ffn_embed_dim": 56, "decoder_layers": 2, "max_target_positions": 128, "decoder_normalize_before": false,
            "share_decoder_input_output_embed": true}
            """,
        ["mamba2"] = """
            {"architectures": ["Mamba2ForCausalLM"], "vocab_size": 61, "hidden_size": 36, "num_heads": 6,
            "head_dim": 12, "state_size": 10,
            "n_groups": 1, "num_hidden_layers": 2, "conv_kernel": 4, "tie_word_embeddings": false}
            """,
        ["mamba2-groups"] = """
            {"architectures": ["Mamba2ForCausalLM"], "vocab_size": 61, "hidden_size": 40, "num_heads": 4,
            "head_dim": 20, "state_size": 9,
            "n_groups": 2, "num_hidden_layers": 2, "conv_kernel": 3, "use_bias": true, "use_conv_bias": false,
            "time_step_limit": [0.01, 0.05]}
            """,
        ["lstm"] = RecurrentLike("LSTM", """, "embedding_size": 24, "hidden_size": 37, "num_layers": 2, "dropout": 0.1"""),
        ["lstm-tied"] = RecurrentLike("LSTM", """
            , "hidden_size": 20, "num_layers": 1, "bias": false, "output_bias": false, "tie_word_embeddings": true
            """),
        ["gru"] = RecurrentLike("GRU", """, "embedding_size": 50, "hidden_size": 33, "num_layers": 3"""),
        ["rnn-none"] = RecurrentSeq2Seq(""" "cell": "lstm", "attention": "none", "bidirectional": false, "decoder_layers": 2 """),
        ["rnn-none-both"] = RecurrentSeq2Seq(""" "cell": "gru", "attention": "none", "embedding_size": 25 """),
        ["rnn-dot"] = RecurrentSeq2Seq(""" "cell": "gru", "attention": "dot", "attention_heads": 3, "encoder_layers": 2 """),
        ["rnn-additive"] = RecurrentSeq2Seq(""" "cell": "gru", "tie_word_embeddings": true, "output_bias": false """),
        ["rnn-additive-heads"] = RecurrentSeq2Seq("""
            "cell": "lstm", "attention_heads": 2, "decoder_layers": 2, "embedding_size": 20, "dropout": 0.2
            """),
        ["reformer-local"] = Reformer("local", "local"),
        ["reformer"] = Reformer("lsh", "local", "lsh").Replace("\"axial_pos_embds\": false,", ""),
        ["reformer-hashed"] =
        Reformer("lsh", "lsh").Replace("\"num_hashes\": 2, \"num_buckets\": 4,", "\"lsh_num_chunks_before\": 2,"),
        ["t5"] = """
            {"architectures": ["T5ForConditionalGeneration"], "vocab_size": 61, "d_model": 40, "d_kv": 12, "num_heads": 3, "d_ff": 56,
            "num_layers": 2, "feed_forward_proj": "gated-gelu", "relative_attention_num_buckets": 8, "relative_attention_max_distance": 20}
            """,
        ["bart"] = BartLike("BartForConditionalGeneration"),
        ["marian"] = BartLike("MarianMTModel"),
        ["seriatim-batch"] = Switched("CausalLM", """, "positions": "sinusoidal", "norm": "batch" """),
        ["seriatim-bare"] = Switched("CausalLM", """, "positions": "none", "norm_placement": "none", "residual": false"""),
        ["seriatim-pair"] = Switched("Seq2SeqLM", """, "positions": "relative", "norm": "batch", "norm_placement": "post" """),
    };

    public const int Vocabulary = 61;

    public static IEnumerable<string> Names => [.. Configs.Keys, .. TinyHybrids.Names, .. TinyFamilies.Names];

    public static Model Make(string name, Func<string, string>? change = null, IWeightSource? source = null,
        Device? device = null) =>
        (Configs.GetValueOrDefault(name) ?? TinyFamilies.Config(name)) is { } config
            ? Model.Create(name, Encoding.UTF8.GetBytes(change is null ? config : change(config)),
                source ?? new RandomSource(7), device)
            : TinyHybrids.Make(name, source ?? new RandomSource(7), device);

    /// <summary>Ids that follow from the seed.</summary>
    public static int[] Tokens(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(Vocabulary))];
    }

    internal static string LlamaLike(string family, string more = "") => $"{{\"architectures\": [\"{family}ForCausalLM\"]," + """
        "vocab_size": 61, "hidden_size": 40, "intermediate_size": 56, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 12, "max_position_embeddings": 128, "rms_norm_eps": 1e-6
        """ + more + "}";

    private static string MambaLike(string family, string more = "") => $"{{\"architectures\": [\"{family}ForCausalLM\"]," + """
        "vocab_size": 61, "hidden_size": 40, "num_hidden_layers": 2, "state_size": 7, "time_step_rank": 3
        """ + more + "}";

    private static string RecurrentLike(string cell, string more) =>
        $"{{\"architectures\": [\"torch.nn.{cell}\"], \"vocab_size\": 61{more}}}";

    private static string RecurrentSeq2Seq(string more) =>
        $"{{\"architectures\": [\"RecurrentSeq2Seq\"], \"vocab_size\": 61, \"hidden_size\": 30, {more}}}";

    /// <summary>Chunks that do not divide each other; without a number of buckets it follows from the length.</summary>
    private static string Reformer(params string[] layers) =>
        $"{{\"architectures\": [\"ReformerModelWithLMHead\"]," + $"\"attn_layers\": [\"{string.Join("\", \"", layers)}\"]," + """
            "axial_pos_embds": false, "axial_pos_shape": [8, 16], "axial_pos_embds_dim": [13, 23], "num_hashes": 2, "num_buckets": 4,
            "vocab_size": 61, "hidden_size": 36, "feed_forward_size": 56, "num_attention_heads": 3, "attention_head_size": 10,
            "local_attn_chunk_length": 7, "lsh_attn_chunk_length": 5, "max_position_embeddings": 128, "is_decoder": true, "hash_seed": 3}
            """;

    private static string Switched(string name, string more) => $"{{\"architectures\": [\"SeriatimFor{name}\"]," + """
        "vocab_size": 61, "hidden_size": 36, "num_attention_heads": 3, "num_hidden_layers": 2, "intermediate_size": 56,
        "max_position_embeddings": 128
        """ + more + "}";

    private static string BartLike(string name) => $"{{\"architectures\": [\"{name}\"]," + """
        "vocab_size": 61, "d_model": 36, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 3,
        "decoder_attention_heads": 3, "encoder_ffn_dim": 56, "decoder_ffn_dim": 56, "max_position_embeddings": 128,
        "activation_function": "gelu"}
        """;
}

using System.Text;

namespace Seriatim.Lab;

/// <summary>
/// A way to remember, as a model of one layer of it and hardly anything besides: what is measured is the mixer.
/// </summary>
/// <param name="Name">What tables call it.</param>
/// <param name="What">Its shape in words.</param>
/// <param name="IsCausal">Whether it decodes; else rows see both ways.</param>
/// <param name="Config">The config of a model for sequences of so many tokens.</param>
internal sealed record Family(string Name, string What, bool IsCausal, Func<int, string> Config)
{
    /// <summary>Features of a row.</summary>
    public const int Width = 256;

    /// <summary>Ids.</summary>
    public const int Vocabulary = 64;

    /// <summary>Features of the feed-forward layer, which every family has: next to nothing.</summary>
    private const int Inner = 16;

    /// <summary>Global tokens of a sequence, where the family has them: its first ones.</summary>
    public int Globals { get; init; }

    /// <summary>Whether a step reads the whole sequence again.</summary>
    public bool ReadsWhole { get; init; }

    /// <summary>The exponent that the paper gives for the time of a whole sequence; logarithms count as 0.</summary>
    public int Exponent { get; init; } = 1;

    /// <summary>All that run here.</summary>
    public static IReadOnlyList<Family> All { get; } =
    [
        new("full", "causal attention to everything", true, n => Llama("Llama", n, "")) { Exponent = 2 },
        new("window", "causal attention to the last 256", true, n => Llama("Mistral", n, """, "sliding_window": 256""")),
        new("global+local", "Longformer: 256 around, 16 global tokens", false, Longformer) { Globals = 16 },
        new("block-sparse", "BigBird: blocks of 64, 3 neighbours, 2 global, 3 random", false, BigBird),
        new("LSH", "Reformer: chunks of 64, 2 rounds", true, Reformer) { ReadsWhole = true },
        new("low-rank", "Linformer: N keys projected to 128", false, Linformer),
        new("retention", "RetNet: 4 heads of 64 keys, 128 values", true, RetNet),
        new("Mamba", "512 channels of 16 states", true, _ => Mamba()),
        new("Mamba-2", "8 heads of 64, 64 states", true, _ => Mamba2()),
    ];

    /// <summary>A model for sequences of so many tokens, with random weights.</summary>
    public Model Make(int length) =>
        Model.Create($"{Name} for {length}", Encoding.UTF8.GetBytes(Config(length)), new RandomSource(1));

    /// <summary>A batch of one sequence, the same for every family.</summary>
    public RaggedBatch Batch(int length)
    {
        var random = new Random(length);
        int[] tokens = [.. Enumerable.Range(0, length).Select(_ => 3 + random.Next(Vocabulary - 3))];
        var builder = new RaggedBatchBuilder();
        return (IsCausal ? builder.Add(tokens)
            : builder.AddEncoder(tokens, pattern: new SparsePattern { Globals = [.. Enumerable.Range(0, Globals)] })).Build();
    }

    private static string Llama(string family, int length, string more) => $$"""
        {"architectures": ["{{family}}ForCausalLM"], "vocab_size": {{Vocabulary}}, "hidden_size": {{Width}},
        "intermediate_size": {{Inner}},
        "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 4, "max_position_embeddings": {{length}}{{more}}}
        """;

    private static string Longformer(int length) => $$"""
        {"architectures": ["LongformerForMaskedLM"], "model_type": "longformer", "vocab_size": {{Vocabulary}},
        "hidden_size": {{Width}},
        "intermediate_size": {{Inner}}, "num_hidden_layers": 1, "num_attention_heads": 4, "attention_window": [256],
        "pad_token_id": 1,
        "max_position_embeddings": {{length + 2}}, "type_vocab_size": 1, "hidden_act": "gelu"}
        """;

    private static string BigBird(int length) => $$"""
        {"architectures": ["BigBirdForMaskedLM"], "model_type": "big_bird", "vocab_size": {{Vocabulary}},
        "hidden_size": {{Width}},
        "intermediate_size": {{Inner}}, "num_hidden_layers": 1, "num_attention_heads": 4, "attention_type": "block_sparse",
        "block_size": 64,
        "num_random_blocks": 3, "max_position_embeddings": {{length}}, "type_vocab_size": 1, "hidden_act": "gelu_new",
        "use_bias": true}
        """;

    /// <summary>The number of buckets follows from the length, about two a chunk, in two factors once it is large.</summary>
    private static string Reformer(int length) => $$"""
        {"architectures": ["ReformerModelWithLMHead"], "model_type": "reformer", "is_decoder": true, "vocab_size": {{Vocabulary}},
        "hidden_size": {{Width}}, "attention_head_size": 64, "num_attention_heads": 4, "feed_forward_size": {{Inner}},
        "attn_layers": ["lsh"],
        "num_hidden_layers": 1, "lsh_attn_chunk_length": 64, "lsh_num_chunks_before": 1, "lsh_num_chunks_after": 0,
        "num_hashes": 2,
        "num_buckets": null, "axial_pos_embds": false, "max_position_embeddings": {{length}},
        "hash_seed": 7,
        "hidden_act": "relu", "tie_word_embeddings": false}
        """;

    private static string Linformer(int length) => $$"""
        {"architectures": ["LinformerLM"], "model_type": "linformer", "num_tokens": {{Vocabulary}}, "dim": {{Width}},
        "depth": 1, "heads": 4,
        "seq_len": {{length}}, "k": 128, "dim_head": null, "one_kv_head": false, "share_kv": false, "reversible": false}
        """;

    private static string RetNet(int length) => $$"""
        {"architectures": ["RetNetDecoder"], "model_type": "retnet", "vocab_size": {{Vocabulary}}, "decoder_embed_dim": {{Width}},
        "decoder_value_embed_dim": {{2 * Width}}, "decoder_ffn_embed_dim": {{Inner}}, "decoder_layers": 1,
        "decoder_retention_heads": 4,
        "activation_fn": "gelu", "decoder_normalize_before": true, "layernorm_eps": 1e-6, "no_scale_embedding": true,
        "recurrent_chunk_size": 64, "share_decoder_input_output_embed": false, "subln": true,
        "max_target_positions": {{length}}}
        """;

    private static string Mamba() => $$"""
        {"architectures": ["MambaForCausalLM"], "model_type": "mamba", "vocab_size": {{Vocabulary}}, "hidden_size": {{Width}},
        "state_size": 16,
        "num_hidden_layers": 1, "expand": 2, "intermediate_size": {{2 * Width}}, "conv_kernel": 4, "time_step_rank": 16,
        "use_bias": false,
        "use_conv_bias": true, "hidden_act": "silu", "layer_norm_epsilon": 1e-5, "residual_in_fp32": true}
        """;

    private static string Mamba2() => $$"""
        {"architectures": ["Mamba2ForCausalLM"], "model_type": "mamba2", "vocab_size": {{Vocabulary}}, "hidden_size": {{Width}},
        "state_size": 64, "num_hidden_layers": 1, "expand": 2, "head_dim": 64, "num_heads": 8, "n_groups": 1, "conv_kernel": 4,
        "chunk_size": 64, "time_step_rank": 16, "use_bias": false, "use_conv_bias": true, "hidden_act": "silu", "rms_norm": true,
        "layer_norm_epsilon": 1e-5, "residual_in_fp32": true}
        """;
}

using System.Text;

namespace Seriatim.Conformance.Tests;

/// <summary>Small encoders with random weights, whose windows, blocks and lengths divide nothing.</summary>
internal static class TinyEncoders
{
    private const string Shape = """
        "vocab_size": 61, "hidden_size": 36, "num_attention_heads": 3, "num_hidden_layers": 2, "intermediate_size": 56,
        "max_position_embeddings": 80, "type_vocab_size": 2
        """;

    private static readonly Dictionary<string, string> Configs = new()
    {
        ["bert"] = $$"""{"architectures": ["BertForMaskedLM"], {{Shape}}}""",
        ["longformer"] = $$"""{"architectures": ["LongformerForMaskedLM"], {{Shape}}, "attention_window": [6, 10]}""",
        ["longformer-dilated"] = $$"""
            {"architectures": ["LongformerForMaskedLM"], {{Shape}}, "attention_window": 6, "attention_dilation": [1, 3]}
            """,
        ["big_bird"] = $$"""
            {"architectures": ["BigBirdForMaskedLM"], {{Shape}}, "block_size": 5, "num_random_blocks": 2, "rescale_embeddings": true,
            "use_bias": false}
            """,
        ["big_bird-full"] = $$"""
            {"architectures": ["BigBirdForMaskedLM"], {{Shape}}, "attention_type": "original_full"}
            """,
        ["seriatim"] = """
            {"architectures": ["SeriatimForMaskedLM"], "vocab_size": 61, "hidden_size": 36, "num_attention_heads": 3,
            "num_hidden_layers": 2, "max_position_embeddings": 80, "positions": "alibi", "norm": "batch", "norm_placement": "post"}
            """,
        ["modernbert"] = """
            {"architectures": ["ModernBertForMaskedLM"], "vocab_size": 61, "hidden_size": 36, "intermediate_size": 52,
            "num_hidden_layers": 3, "num_attention_heads": 3, "max_position_embeddings": 128, "local_attention": 10}
            """,
        ["nomic_bert"] = """
            {"architectures": ["NomicBertModel"], "vocab_size": 61, "n_embd": 36, "n_inner": 52, "n_layer": 2, "n_head": 3,
            "n_positions": 128, "type_vocab_size": 2, "activation_function": "swiglu"}
            """,
        ["albert"] = """
            {"architectures": ["AlbertForMaskedLM"], "vocab_size": 61, "hidden_size": 36, "embedding_size": 20,
            "intermediate_size": 52, "num_hidden_layers": 3, "num_attention_heads": 3, "max_position_embeddings": 128,
            "type_vocab_size": 2}
            """,
        ["linformer"] = Linformer(""),
        ["linformer-onekv"] = Linformer(""", "share_kv": true, "one_kv_head": true, "dim_head": 7"""),
    };

    public static IEnumerable<string> Names => Configs.Keys;

    public static string Config(string name) => Configs[name];

    /// <summary>The model; null: there is none of that name.</summary>
    public static Model? Make(string name, Device? device = null, Func<string, string>? change = null) =>
        Configs.TryGetValue(name, out string? config)
            ? Model.Create(name, Encoding.UTF8.GetBytes(change is null ? config : change(config)), new RandomSource(7), device)
            : null;

    /// <summary>Global tokens where the model has some.</summary>
    public static SparsePattern? Pattern(string name, int[] globals) =>
        name.StartsWith("longformer", StringComparison.Ordinal) ? new SparsePattern { Globals = globals } : null;

    private static string Linformer(string more) => $$"""
        {"architectures": ["LinformerLM"], "num_tokens": 61, "dim": 36, "heads": 3, "depth": 2, "seq_len": 80, "k": 9{{more}}}
        """;
}

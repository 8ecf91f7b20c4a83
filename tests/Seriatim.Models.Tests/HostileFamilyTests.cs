using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;

namespace Seriatim.Models.Tests;

/// <summary>
/// Numbers of configs and headers of the families of issue 15 whose products no tensor could have, or that kernels have no room
/// for, are refused by name before anything is made of them.
/// </summary>
public sealed class HostileFamilyTests
{
    private const string Mamba =
        """{"model_type": "mamba", "vocab_size": 17, "hidden_size": 16, "num_hidden_layers": 1, "state_size": 4}""";

    private const string Mamba2 = """
        {"model_type": "mamba2", "vocab_size": 17, "hidden_size": 16, "num_hidden_layers": 1, "num_heads": 4, "head_dim": 8,
        "n_groups": 2, "state_size": 4}
        """;

    private const string Jamba = """
        {"model_type": "jamba", "vocab_size": 17, "hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 1,
        "num_attention_heads": 2, "num_experts": 1}
        """;

    private const string RetNet = """
        {"model_type": "retnet", "vocab_size": 17, "decoder_embed_dim": 12, "decoder_value_embed_dim": 18,
        "decoder_retention_heads": 3, "decoder_ffn_embed_dim": 20, "decoder_layers": 1}
        """;

    private const string Linformer = """
        {"architectures": ["LinformerLM"], "depth": 1, "dim": 16, "dim_head": 8, "heads": 2, "k": 6,
        "num_tokens": 17, "seq_len": 24}
        """;

    private const string Reformer = """
        {"model_type": "reformer", "attn_layers": ["local", "lsh"], "axial_pos_embds": false, "vocab_size": 17, "hidden_size": 16,
        "feed_forward_size": 20, "num_attention_heads": 2, "attention_head_size": 8, "max_position_embeddings": 64}
        """;

    private const string Lstm = """{"model_type": "lstm", "vocab_size": 17, "hidden_size": 16, "num_layers": 2}""";

    private const string Gru = """{"model_type": "gru", "vocab_size": 17, "hidden_size": 16, "num_layers": 2}""";

    [Theory]
    [InlineData(Lstm, "hidden_size is 65536; times features of all gates 262144", "hidden_size", 65536)]
    [InlineData(Lstm, "embedding_size is 268435456; times features of all gates 64", "embedding_size", 268435456)]
    [InlineData(Lstm, "the number of layers is 5000; at most 4096", "num_layers", 5000)]
    [InlineData(Gru, "hidden_size is 65536; times features of all gates 196608", "hidden_size", 65536)]
    [InlineData(Mamba, "expand is 65536; times hidden_size 65536", "expand", 65536, "hidden_size", 65536)]
    [InlineData(Mamba, "state_size is 268435456; times channels", "state_size", 268435456)]
    [InlineData(Mamba, "conv_kernel is 100000; a kernel of at most 1024", "conv_kernel", 100000)]
    [InlineData(Mamba2, "num_heads is 65536; times head_dim 65536", "num_heads", 65536, "head_dim", 65536, "expand", 65536,
        "hidden_size", 65536)]
    [InlineData(Mamba2, "conv_kernel is 16; times n_groups x state_size 20000000", "conv_kernel", 16, "n_groups", 4, "state_size",
        5000000)]
    [InlineData(Jamba, "mamba_expand is 268435456; times hidden_size 16", "mamba_expand", 268435456)]
    [InlineData(Jamba, "mamba_d_state is 100000000; times channels", "mamba_d_state", 100000000)]
    [InlineData(RetNet, "decoder_value_embed_dim is 201326592; times the key features of a head 4", "decoder_value_embed_dim",
        201326592)]
    [InlineData(Linformer, "heads is 65536; times dim_head 65536", "heads", 65536, "dim_head", 65536)]
    [InlineData(Linformer, "seq_len is 65536; times k 65536", "seq_len", 65536, "k", 65536)]
    [InlineData(Reformer, "num_attention_heads is 65536; times attention_head_size 65536", "num_attention_heads", 65536,
        "attention_head_size", 65536)]
    [InlineData(Reformer, "num_hashes is 1000000; at most 1024 rounds", "num_hashes", 1000000)]
    [InlineData(Reformer, "lsh_num_chunks_before is 268435456; times lsh_attn_chunk_length 64",
        "lsh_num_chunks_before", 268435456)]
    public void ProductsAreRefusedWithBothNumbers(string config, string says, params object[] changes)
    {
        JsonObject json = JsonNode.Parse(config)!.AsObject();
        for (int i = 0; i < changes.Length; i += 2)
            json[(string)changes[i]] = (int)changes[i + 1];
        long before = GC.GetAllocatedBytesForCurrentThread();
        string message = Assert.Throws<UnsupportedConfigException>(() => Model.Create(
            "config.json", Encoding.UTF8.GetBytes(json.ToJsonString()), new RandomSource(3)).Dispose()).Message;
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
        Assert.Contains(says, message);
    }

    [Theory]
    [InlineData("embedding_length", 0u, "ssm.inner_size|hidden_size")]
    [InlineData("block_count", 2147483647u, "block_count is 2147483647; at most 4096 layers")]
    [InlineData("block_count", 0u, "num_hidden_layers is 0")]
    public void AHeaderOfAJambaIsRefused(string key, uint value, string says)
    {
        var metadata = new Dictionary<string, object>
        {
            ["general.architecture"] = "jamba",
            ["jamba.vocab_size"] = 17u,
            ["jamba.context_length"] = 64u,
            ["jamba.embedding_length"] = 16u,
            ["jamba.block_count"] = 2u,
            ["jamba.feed_forward_length"] = 20u,
            ["jamba.attention.head_count"] = 2u,
            ["jamba.attention.head_count_kv"] = 1u,
            ["jamba.attention.layer_norm_rms_epsilon"] = 1e-6f,
            ["jamba.ssm.inner_size"] = 32u,
            ["jamba.ssm.state_size"] = 4u,
            ["jamba.ssm.conv_kernel"] = 4u,
            ["jamba.ssm.time_step_rank"] = 2u,
            ["jamba.expert_count"] = 1u,
        };
        Assert.Equal(2, GgufLoader.Describe(new Header(metadata)).Spec.Decoder!.Layers.Count);
        metadata[$"jamba.{key}"] = value;
        string message = Assert.ThrowsAny<ModelException>(() => GgufLoader.Describe(new Header(metadata))).Message;
        Assert.Contains(says.Split('|'), part => message.Contains(part, StringComparison.Ordinal));
    }

    private sealed class Header(Dictionary<string, object> metadata) : IGgufHeader
    {
        public string Path => "m.gguf";

        public IReadOnlyDictionary<string, object> Metadata => metadata;

        public ImmutableArray<long>? ShapeOf(string tensor) => null;

        public float[]? FloatsOf(string tensor) => null;
    }
}

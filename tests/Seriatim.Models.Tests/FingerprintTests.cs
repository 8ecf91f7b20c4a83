using System.Text;
using System.Text.Json.Nodes;

namespace Seriatim.Models.Tests;

/// <summary>
/// Models of the same weights whose layers compute otherwise have other fingerprints: a request that moves from one to the other
/// is refused, where it would go on with other tokens.
/// </summary>
public sealed class FingerprintTests
{
    private const string Reformer = """
        {"model_type": "reformer", "attn_layers": ["local", "lsh"], "axial_pos_embds": false, "vocab_size": 17, "hidden_size": 16,
        "feed_forward_size": 20, "num_attention_heads": 2, "attention_head_size": 8, "max_position_embeddings": 64,
        "num_hashes": 2, "num_buckets": [4, 2], "lsh_attn_chunk_length": 4, "local_attn_chunk_length": 4, "hash_seed": 1}
        """;

    private const string Longformer = """
        {"model_type": "longformer", "vocab_size": 17, "hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 2,
        "intermediate_size": 20, "max_position_embeddings": 40, "type_vocab_size": 1, "attention_window": [2, 4],
        "attention_dilation": [2, 1]}
        """;

    private const string Mamba2 = """
        {"model_type": "mamba2", "vocab_size": 17, "hidden_size": 16, "num_hidden_layers": 1, "num_heads": 4, "head_dim": 8,
        "n_groups": 2, "state_size": 4, "time_step_limit": [0.0, 0.5]}
        """;

    private const string Mistral = """
        {"architectures": ["MistralForCausalLM"], "vocab_size": 17, "hidden_size": 16, "intermediate_size": 20,
        "num_hidden_layers": 1, "num_attention_heads": 2, "sliding_window": 8, "max_position_embeddings": 64}
        """;

    [Theory]
    [InlineData(Reformer, "hash_seed", "2")]
    [InlineData(Reformer, "num_buckets", "[2, 4]")]
    [InlineData(Reformer, "num_hashes", "3")]
    [InlineData(Longformer, "attention_window", "[4, 2]")]
    [InlineData(Longformer, "attention_dilation", "[1, 2]")]
    [InlineData(Mamba2, "time_step_limit", "[0.0, 0.25]")]
    [InlineData(Mistral, "sliding_window", "4")]
    public void WhatLayersDoIsPartOfIt(string config, string key, string value)
    {
        string before = Of(config), again = Of(config), after = Of(config, key, value);
        Assert.Equal(before, again);
        Assert.NotEqual(before, after);
    }

    [Fact]
    public void RotationsThatAreGivenArePartOfIt()
    {
        using Model model = Make(Reformer);
        string Rotated(float first)
        {
            float[] values = new float[2 * 8 * 2 * 3];
            values[0] = first;
            var options = new ModelLoadOptions { HashRotations = new HashRotations(2, 8, 2, 3, values) };
            ModelSpec spec = options.Apply(model.Spec);
            using Model other = Model.Build(
                spec, new ReformerArchitecture().TensorNames(spec), new ModelConfig(), new RandomSource(3));
            return other.Fingerprint;
        }

        Assert.Equal(Rotated(1), Rotated(1));
        Assert.NotEqual(Rotated(1), Rotated(2));
    }

    /// <summary>What only a random start reads changes nothing of what a model computes.</summary>
    [Fact]
    public void TheStepsOfFreshLayersAreNot()
    {
        // The weights of both are drawn, and so are not the same; their specs are.
        using Model one = Make(Mamba2), other = Make(Mamba2, "time_step_max", "0.2");
        foreach ((ModelParameter from, ModelParameter to) in one.Parameters.Zip(other.Parameters))
        {
            float[] row = new float[from.Parameter.Columns];
            for (int r = 0; r < from.Parameter.Rows; r++)
            {
                from.Parameter.ReadRow(r, row);
                to.Parameter.WriteRow(r, row);
            }
        }

        Assert.Equal(one.Fingerprint, other.Fingerprint);
    }

    private static string Of(string config, string? key = null, string? value = null)
    {
        using Model model = Make(config, key, value);
        return model.Fingerprint;
    }

    private static Model Make(string config, string? key = null, string? value = null)
    {
        JsonObject json = JsonNode.Parse(config)!.AsObject();
        if (key is not null)
            json[key] = JsonNode.Parse(value!);
        return Model.Create("config.json", Encoding.UTF8.GetBytes(json.ToJsonString()), new RandomSource(3));
    }
}

using System.Text;
using System.Text.Json.Nodes;

namespace Seriatim.Models.Tests;

/// <summary>Configs and files of latent attention, delta nets and hybrids that do not fit together are refused by name.</summary>
public sealed class LatentAndDeltaConfigTests : IDisposable
{
    /// <summary>What all of them have, after the name of a class.</summary>
    private const string Shape = """
        ForCausalLM"], "vocab_size": 17, "hidden_size": 16, "num_attention_heads": 2, "max_position_embeddings": 64
        """;

    private const string Begin = "{\"architectures\": [\"";

    private const string Deepseek = Begin + "DeepseekV3" + Shape + """
        , "model_type": "deepseek_v3", "intermediate_size": 20, "num_hidden_layers": 2, "kv_lora_rank": 9, "q_lora_rank": 7,
        "qk_nope_head_dim": 5, "qk_rope_head_dim": 4, "v_head_dim": 6, "moe_intermediate_size": 8, "n_shared_experts": 1,
        "n_routed_experts": 8, "num_experts_per_tok": 2, "n_group": 4, "topk_group": 2, "first_k_dense_replace": 1}
        """;

    private const string Qwen = Begin + "Qwen3_5" + Shape + """
        , "intermediate_size": 20, "num_hidden_layers": 4, "num_key_value_heads": 1, "head_dim": 8, "linear_num_key_heads": 2,
        "linear_num_value_heads": 4, "linear_key_head_dim": 4, "linear_value_head_dim": 4}
        """;

    private const string Lfm2 = Begin + "Lfm2" + Shape + """
        , "intermediate_size": 20, "num_hidden_layers": 3, "num_key_value_heads": 1, "conv_L_cache": 3, "block_multiple_of": 4}
        """;

    private const string Falcon = Begin + "FalconH1" + Shape + """
        , "intermediate_size": 20, "num_hidden_layers": 1, "num_key_value_heads": 1, "mamba_d_ssm": 24, "mamba_n_heads": 4,
        "mamba_d_head": 6, "mamba_n_groups": 2, "mamba_d_state": 4, "mamba_d_conv": 4}
        """;

    private const string Granite = Begin + "GraniteMoeHybrid" + Shape + """
        , "num_hidden_layers": 2, "num_key_value_heads": 1, "shared_intermediate_size": 20, "num_local_experts": 4,
        "num_experts_per_tok": 2, "intermediate_size": 8, "mamba_n_heads": 4, "mamba_d_head": 8, "mamba_d_state": 4,
        "mamba_d_conv": 4, "layer_types": ["mamba", "attention"]}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("seriatim-latent-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(Deepseek, "qk_rope_head_dim is 5; an even number", "qk_rope_head_dim", "5")]
    [InlineData(Deepseek, "n_group is 3; a divisor of n_routed_experts 8", "n_group", "3")]
    [InlineData(Deepseek, "topk_group is 5; at most n_group 4", "topk_group", "5")]
    [InlineData(Deepseek, "num_experts_per_tok is 5; at most 4, the experts of 2 of 4 groups", "num_experts_per_tok", "5")]
    [InlineData(Deepseek, "n_group is 8; groups of two experts or more", "n_group", "8")]
    [InlineData(Deepseek, "topk_method is \"greedy\"; only \"noaux_tc\"", "topk_method", "\"greedy\"")]
    [InlineData(Deepseek, "mlp_bias (true; only false", "mlp_bias", "true")]
    [InlineData(Deepseek, "moe_layer_freq is 0; an integer from 1", "moe_layer_freq", "0")]
    [InlineData(Deepseek, "kv_lora_rank is missing", "kv_lora_rank", "null")]
    [InlineData(Deepseek, "num_attention_heads is 100000000; times kv_lora_rank + qk_rope_head_dim 13", "num_attention_heads",
        "100000000")]
    [InlineData(Qwen, "linear_num_key_heads is 3; a divisor of linear_num_value_heads 4", "linear_num_key_heads", "3")]
    [InlineData(Qwen, "num_key_value_heads is 3; a divisor of num_attention_heads 2", "num_key_value_heads", "3")]
    [InlineData(Qwen, "linear_conv_kernel_dim is 1; a kernel of 2 or more", "linear_conv_kernel_dim", "1")]
    [InlineData(Qwen, "linear_num_key_heads is 2; times linear_key_head_dim 150000000", "linear_key_head_dim", "150000000")]
    [InlineData(Qwen, "linear_conv_kernel_dim is 4; times channels 400000016", "linear_key_head_dim", "100000000")]
    [InlineData(Qwen, "layer_types[1] is \"mamba\"", "layer_types",
        "[\"linear_attention\", \"mamba\", \"full_attention\", \"full_attention\"]")]
    [InlineData(Lfm2, "full_attn_idxs is 3; layers from 0 to 2", "full_attn_idxs", "[3]")]
    [InlineData(Lfm2, "conv_dim is 24; hidden_size 16", "conv_dim", "24")]
    [InlineData(Lfm2, "num_heads is 4; num_attention_heads 2", "num_heads", "4")]
    [InlineData(Lfm2, "block_ffn_dim_multiplier is -1", "block_ffn_dim_multiplier", "-1")]
    [InlineData(Falcon, "mamba_n_heads is 5; mamba_n_heads 5 x mamba_d_head 6 must be mamba_d_ssm 24", "mamba_n_heads", "5")]
    [InlineData(Falcon, "mamba_n_groups is 3; a divisor of mamba_n_heads 4", "mamba_n_groups", "3")]
    [InlineData(Falcon, "a list of 5 numbers", "ssm_multipliers", "[1, 2]")]
    [InlineData(Granite, "mamba_n_heads is 3; mamba_n_heads 3 x mamba_d_head 8 must be mamba_expand x hidden_size, 32",
        "mamba_n_heads", "3")]
    [InlineData(Granite, "position_embedding_type is \"alibi\"; nope or rope", "position_embedding_type", "\"alibi\"")]
    [InlineData(Granite, "num_experts_per_tok is 5; at most num_local_experts 4", "num_experts_per_tok", "5")]
    public void AConfigIsRefusedByName(string config, string says, string key, string value)
    {
        JsonObject json = JsonNode.Parse(config)!.AsObject();
        Make(json.ToJsonString()).Dispose();
        json[key] = JsonNode.Parse(value);
        string message = Assert.Throws<UnsupportedConfigException>(() => Make(json.ToJsonString()).Dispose()).Message;
        Assert.Contains(says, message);
    }

    /// <summary>A tensor of another length, and one that is not there: both named, with the sizes that the config says.</summary>
    [Theory]
    [InlineData("model.layers.1.mlp.gate.e_score_correction_bias", true, "8 experts")]
    [InlineData("model.layers.1.mlp.gate.e_score_correction_bias", false, "8 experts")]
    [InlineData("model.layers.0.self_attn.kv_a_layernorm.weight", false, "kv_a_layernorm")]
    [InlineData("model.layers.0.self_attn.kv_b_proj.weight", false, "latent rank 9")]
    [InlineData("model.layers.0.self_attn.kv_b_proj.weight", true, "latent rank 9")]
    [InlineData("model.layers.1.self_attn.q_a_proj.weight", false, "query rank 7")]
    public void ATensorThatDoesNotFitIsNamed(string tensor, bool longer, string says)
    {
        using Model model = Make(Deepseek);
        (string Name, long[] Shape)[] tensors = [.. CheckpointExporter.Shapes(model.Parameters)
            .Where(t => longer || t.Name != tensor)
            .Select(t => (t.Name, t.Name == tensor ? (long[])[t.Shape[0] + 1, .. t.Shape.Skip(1)] : [.. t.Shape]))];
        File.WriteAllText(Path.Combine(_folder, "config.json"), Deepseek);
        using (SafetensorsWriter writer = SafetensorsWriter.Create(Path.Combine(_folder, "model.safetensors"),
            [.. tensors.Select(t => new SafetensorsTensorSpec(t.Name, SafetensorsType.F32, [.. t.Shape]))]))
        {
            foreach ((string name, long[] shape) in tensors)
                writer.Append(name, new byte[4 * shape.Aggregate(1L, (product, size) => product * size)]);
            writer.Complete();
        }

        CheckpointMismatchException refused = Assert.Throws<CheckpointMismatchException>(() => Model.Load(_folder).Dispose());
        Assert.Contains(tensor, refused.Message);
        Assert.Contains(says, refused.Message);
    }

    /// <summary>Both layers of kv_b stand in one tensor, one of them the other way round: written as read.</summary>
    [Fact]
    public void TheLayersOfALatentAreOneTensor()
    {
        using Model model = Make(Deepseek);
        ExportedTensor tensor = CheckpointExporter.Data(model.Parameters).Single(t =>
            t.Name.EndsWith("0.self_attn.kv_b_proj.weight", StringComparison.Ordinal));
        Assert.Equal([2 * 11, 9], tensor.Shape);
        float[] row = new float[5];
        Parameter("layers.0.attention.keys.1").ReadRow(8, row);
        for (int i = 0; i < row.Length; i++)
            Assert.Equal(row[i], tensor.Values[(11 + i) * 9 + 8]);
        float[] values = new float[9];
        Parameter("layers.0.attention.values.1").ReadRow(2, values);
        Assert.Equal(values, tensor.Values.AsSpan((11 + 5 + 2) * 9, 9).ToArray());

        Tensors.Parameter Parameter(string path) =>
            model.Parameters.Single(p => p.Path == path && p.Ending == ".weight").Parameter;
    }

    /// <summary>What a sequence remembers of a layer: the latent and the part that turns, once.</summary>
    [Fact]
    public void ALatentIsWhatIsRemembered()
    {
        using Model model = Make(Deepseek);
        Assert.Equal(2 * 4 * (9 + 4), model.BytesPerPosition);
        using MemoryPools pools = model.NewMemoryPools(16, 3);
        Assert.Equal("pages of latents", Assert.Single(Enumerable.Range(0, pools.Count).Select(kind => pools[kind])).Name);
        string message = Assert.Throws<SequenceTermsException>(() =>
            model.NewMemory(pools, new SequenceTerms { Window = new AttentionWindow(8, 2) })).Message;
        Assert.Contains("Latent", message);
    }

    [Fact]
    public void HeadsInTilesGoThereAndBack()
    {
        var tiles = new HeadTiles(Groups: 2, Share: 3, Width: 4);
        Assert.Equal(Enumerable.Range(0, 24), Enumerable.Range(0, 24).Select(tiles.Of).Order());
        Assert.Equal(4 * 2 + 1, tiles.Of(4 * 1 + 1)); // the second head of the first group comes after the first ones of both
        float[] row = [.. Enumerable.Range(0, 24).Select(i => (float)i)], file = new float[24], back = new float[24];
        tiles.Move(row, file, toFile: true);
        tiles.Move(file, back, toFile: false);
        Assert.Equal(row, back);
        Assert.Equal(4f, file[8]);
    }

    private static Model Make(string config) => Model.Create("config.json", Encoding.UTF8.GetBytes(config), new RandomSource(3));
}

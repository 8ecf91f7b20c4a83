using System.Text;
using System.Text.Json.Nodes;

namespace Seriatim.Models.Tests;

/// <summary>
/// What a config leaves out is what the class of the reference takes; what it says is taken, whatever spelling or generation it
/// says it in.
/// </summary>
public sealed class ClassDefaultTests
{
    private const string Shape = """
        "vocab_size": 17, "hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 4, "num_attention_heads": 2,
        "num_key_value_heads": 1, "head_dim": 8, "max_position_embeddings": 8192
        """;

    private const string Llama4 = """
        , "intermediate_size_mlp": 24, "num_local_experts": 2, "num_experts_per_tok": 1, "attention_chunk_size": 6
        """;

    private const string Experts = """, "num_experts": 3, "num_experts_per_tok": 2, "moe_intermediate_size": 8""";

    /// <summary>The window of each of the four layers.</summary>
    [Theory]
    [InlineData("Gemma2", "", 4096, 0, 4096, 0)]
    [InlineData("Gemma2", ", \"sliding_window\": null", 0, 0, 0, 0)]
    [InlineData("Gemma2",
        ", \"layer_types\": [\"full_attention\", \"sliding_attention\", \"sliding_attention\", \"full_attention\"]", 0,
        4096, 4096, 0)]
    [InlineData("Gemma3", ", \"sliding_window_pattern\": 2", 4096, 0, 4096, 0)]
    [InlineData("Mistral", "", 4096, 4096, 4096, 4096)]
    [InlineData("Mistral", ", \"sliding_window\": null", 0, 0, 0, 0)]
    [InlineData("Qwen2", ", \"use_sliding_window\": true, \"max_window_layers\": 3", 0, 0, 0, 4096)]
    [InlineData("Qwen2", ", \"use_sliding_window\": true, \"sliding_window\": 7", 0, 0, 0, 0)]
    [InlineData("Qwen2", ", \"use_sliding_window\": true, \"sliding_window\": 7, \"layer_types\": [\"sliding_attention\","
        + "\"full_attention\", \"sliding_attention\", \"full_attention\"]", 7, 0, 7, 0)]
    [InlineData("Qwen3", ", \"use_sliding_window\": true, \"sliding_window\": 7, \"layer_types\": [\"sliding_attention\","
        + "\"full_attention\", \"sliding_attention\", \"full_attention\"]", 7, 0, 7, 0)]
    [InlineData("Qwen3Moe", ", \"use_sliding_window\": true, \"sliding_window\": 7" + Experts, 7, 7, 7, 7)]
    [InlineData("Qwen2Moe", ", \"use_sliding_window\": true, \"sliding_window\": 7, \"max_window_layers\": 2,"
        + "\"shared_expert_intermediate_size\": 8" + Experts, 7, 0, 0, 0)]
    public void Windows(string family, string more, params int[] windows) =>
        Assert.Equal(windows, Attentions(family, more).Select(attention => attention.Window));

    [Theory]
    [InlineData("", 50, 30)]
    [InlineData(", \"attn_logit_softcapping\": null, \"final_logit_softcapping\": null", 0, 0)]
    [InlineData(", \"attn_logit_softcapping\": 20, \"final_logit_softcapping\": 10.0", 20, 10)]
    public void CapsOfGemma2(string more, float scores, float logits)
    {
        ModelSpec spec = Spec("Gemma2", more);
        MixerSpec.Attention attention = spec.Decoder!.AgreedAttention();
        Assert.Equal((scores, logits, 1f / 16), (attention.SoftCap, spec.Head.SoftCap, attention.Scale));
        Assert.Equal(256, Spec("Gemma2", "", shape => shape.Replace("\"head_dim\": 8, ", "")).Decoder!.AgreedAttention().HeadDim);
    }

    [Theory]
    [InlineData("Llama", false)]
    [InlineData("Mistral", false)]
    [InlineData("Qwen2", false)]
    [InlineData("Olmo2", false)]
    [InlineData("Gemma", true)]
    [InlineData("Gemma2", true)]
    [InlineData("SmolLM3", true)]
    [InlineData("Ernie4_5", true)]
    public void HeadsAreTiedAsTheClassTiesThem(string family, bool tied)
    {
        Assert.Equal(tied, Spec(family, "").Head.Tied);
        Assert.True(Spec(family, ", \"tie_word_embeddings\": true").Head.Tied);
    }

    /// <summary>A list of layers with experts counts where nothing else says which have some.</summary>
    [Theory]
    [InlineData(", \"moe_layers\": [0, 3]", true, false, false, true)]
    [InlineData(", \"interleave_moe_layer_step\": 2", false, true, false, true)]
    [InlineData(", \"interleave_moe_layer_step\": 2, \"moe_layers\": [1, 3]", false, true, false, true)]
    [InlineData("", true, true, true, true)]
    public void LayersWithExperts(string more, params bool[] experts) => Assert.Equal(experts,
        Spec("Llama4", Llama4 + more).Decoder!.Layers.Select(layer => layer.FeedForward is FeedForwardSpec.Experts));

    /// <summary>What a layer sees and whether it knows positions are two keys.</summary>
    [Fact]
    public void ChunksAndPositionsAreTwoThings()
    {
        MixerSpec.Attention[] layers = Attentions("Llama4", Llama4 + """
            , "no_rope_layers": [1, 0, 1, 0],
            "layer_types": ["full_attention", "chunked_attention", "chunked_attention", "full_attention"]
            """);
        Assert.Equal([0, 6, 6, 0], layers.Select(layer => layer.Chunk));
        Assert.Equal([true, false, true, false], layers.Select(layer => layer.Position is PositionSpec.Rope));
    }

    [Fact]
    public void KindsOfLayersTurnEachByItsSection()
    {
        const string ByKind = """
            , "layer_types": ["sliding_attention", "sliding_attention", "sliding_attention", "full_attention"], "sliding_window": 5,
            "rope_parameters": {"sliding_attention": {"rope_type": "default", "rope_theta": 20000.0},
            "full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 500000.0}}
            """;
        PositionSpec.Rope[] ropes = [.. Attentions("Olmo3", ByKind).Select(layer => (PositionSpec.Rope)layer.Position)];
        Assert.Equal((20000.0, null), (ropes[0].Theta, ropes[0].Scaling));
        Assert.Equal((500000.0, new RopeScaling.Linear(4)), (ropes[3].Theta, ropes[3].Scaling));
    }

    [Fact]
    public void ScalingAsItIsPublished()
    {
        const string Tuned = """
            , "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 2048, "finetuned": true}
            """;
        const string Quotient = """
            , "rope_scaling": {"rope_type": "yarn", "original_max_position_embeddings": 2048}
            """;
        RopeScaling? tuned = Scaling(Tuned);
        Assert.Equal(new RopeScaling.Yarn(4, 2048, 32, 1, RopeScaling.Yarn.DefaultAttentionFactor(4)), tuned);
        Assert.Equal(tuned, Scaling(Quotient));

        static RopeScaling? Scaling(string more) =>
            ((PositionSpec.Rope)Spec("Llama", more).Decoder!.AgreedAttention().Position).Scaling;
    }

    /// <summary>Early converters wrote -1 for no token.</summary>
    [Fact]
    public void MinusOneIsNoToken()
    {
        using Model model = Make("Llama", ", \"pad_token_id\": -1, \"eos_token_id\": -1, \"bos_token_id\": 1");
        Assert.Null(model.Config.PadTokenId);
        Assert.Null(model.Spec.Decoder!.FrozenId);
        Assert.Empty(model.Config.EosTokenIds);
        Assert.Throws<UnsupportedConfigException>(() => Spec("Llama", ", \"pad_token_id\": -2"));
    }

    /// <summary>What the reference writes beside the keys that it reads.</summary>
    [Fact]
    public void DeepseekAsItIsSavedAgain()
    {
        const string Saved = """
            {"architectures": ["DeepseekV2ForCausalLM"], "vocab_size": 17, "hidden_size": 16, "intermediate_size": 20,
            "num_hidden_layers": 5, "num_attention_heads": 2, "kv_lora_rank": 9, "qk_nope_head_dim": 5, "qk_rope_head_dim": 4,
            "v_head_dim": 6, "moe_intermediate_size": 8, "n_shared_experts": 1, "n_routed_experts": 8, "num_experts_per_tok": 2,
            "max_position_embeddings": 64, "mlp_bias": false, "head_dim": 4, "num_key_value_heads": 2, "n_group": null,
            "topk_group": null, "first_k_dense_replace": 1, "moe_layer_freq": 2, "pretraining_tp": 1, "attention_bias": true,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}}
            """;
        using Model model = Model.Create("config", Encoding.UTF8.GetBytes(Saved), new RandomSource(1));
        Assert.Equal([false, false, true, false, true],
            model.Spec.Decoder!.Layers.Select(layer => layer.FeedForward is FeedForwardSpec.Experts));
        string[] biases = [.. model.Parameters.Where(p => p.Place.Name.Contains("layers.0", StringComparison.Ordinal)
            && p.Ending == ".bias").Select(p => p.Place.Name).Distinct().Order()];
        Assert.Equal(["model.layers.0.self_attn.kv_a_proj_with_mqa.bias", "model.layers.0.self_attn.o_proj.bias"], biases);
    }

    /// <summary>Steps without an end, in the three ways that they are written.</summary>
    [Theory]
    [InlineData("Infinity")]
    [InlineData("\"Infinity\"")]
    [InlineData("{\"__float__\": \"Infinity\"}")]
    public void StepsOfHybrids(string end)
    {
        string more = $$"""
            , "mamba_d_ssm": 24, "mamba_n_heads": 4, "mamba_d_head": "auto", "mamba_d_state": 4,
            "time_step_limit": [0.0, {{end}}],
            "mamba_proj_bias": false, "projectors_bias": true
            """;
        var both = (MixerSpec.Both)Spec("FalconH1", more).Decoder!.Layers[0].Mixer;
        var mamba = (MixerSpec.Mamba2)both.Second;
        Assert.Equal((6, float.PositiveInfinity, 0), (mamba.HeadDim, mamba.HighestStep, mamba.NormChannels));
        Assert.Equal((false, true), (mamba.Bias, mamba.OutputBias));
    }

    [Fact]
    public void FalconOfTheFirstSpelling()
    {
        const string Old = """
            {"architectures": ["FalconForCausalLM"], "vocab_size": 17, "n_embed": 16, "n_head": 2, "n_layer": 1, "ff_factor": 4,
            "new_decoder_architecture": true, "num_ln_in_parallel_attn": 1, "ffn_hidden_size": 64, "n_head_kv": 1}
            """;
        using Model model = Model.Create("config", Encoding.UTF8.GetBytes(Old), new RandomSource(1));
        Assert.Equal((16, Placement.ParallelOfOne), (model.Spec.Decoder!.Width, model.Spec.Decoder.Layers[0].Placement));
    }

    [Fact]
    public void WeightsOfQwen3NextAreDividedByTheirSum()
    {
        const string More = """
            , "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 4, "linear_value_head_dim": 4,
            "shared_expert_intermediate_size": 8
            """;
        Assert.True(Router("Qwen3Next", More + Experts));
        Assert.False(Router("Qwen3Next", More + Experts + ", \"norm_topk_prob\": false"));
        Assert.False(Router("Qwen3Moe", Experts));

        static bool Router(string family, string more) =>
            Spec(family, more).Decoder!.AgreedFeedForward<FeedForwardSpec.Experts>().Router.Renormalise;
    }

    [Fact]
    public void GptOssIsStretchedUnlessItsConfigSaysOtherwise()
    {
        const string More = """, "num_local_experts": 3, "num_experts_per_tok": 2, "sliding_window": 5""";
        Assert.Equal((32, 4096, false), Yarn("") is { } usual ? (usual.Factor, usual.TrainedLength, usual.WholeWaves) : default);
        Assert.Null(Yarn(", \"rope_scaling\": null"));
        Assert.Null(Yarn(", \"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 150000.0}"));

        static RopeScaling.Yarn? Yarn(string more) =>
            ((PositionSpec.Rope)Attentions("GptOss", More + more)[0].Position).Scaling as RopeScaling.Yarn;
    }

    private static MixerSpec.Attention[] Attentions(string family, string more) =>
        [.. Spec(family, more).Decoder!.AttentionLayers().Select(layer => layer.Attention)];

    private static ModelSpec Spec(string family, string more, Func<string, string>? change = null)
    {
        using Model model = Make(family, more, change);
        return model.Spec;
    }

    private static Model Make(string family, string more, Func<string, string>? change = null) => Model.Create("config",
        Encoding.UTF8.GetBytes($"{{\"architectures\": [\"{family}ForCausalLM\"], {change?.Invoke(Shape) ?? Shape}{more}}}"),
        new RandomSource(1));
}

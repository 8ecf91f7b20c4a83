using System.Text;

namespace Seriatim.Models.Tests;

/// <summary>What a GGUF file cannot say is refused before a byte is written, field by field, with both values.</summary>
public sealed class GgufReadBackTests : IDisposable
{
    private const string Like = """
        "vocab_size": 17, "hidden_size": 24, "intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": 16
        """;

    private static readonly Dictionary<string, string> Configs = new()
    {
        ["llama"] = $$"""{"architectures": ["LlamaForCausalLM"], {{Like}}, "tie_word_embeddings": false}""",
        ["mistral"] = $$"""{"architectures": ["MistralForCausalLM"], {{Like}} }""",
        ["mixtral"] = $$"""{"architectures": ["MixtralForCausalLM"], {{Like}}, "num_local_experts": 3, "num_experts_per_tok": 2}""",
        ["qwen2"] = $$"""{"architectures": ["Qwen2ForCausalLM"], {{Like}} }""",
        ["phi3"] = $$"""{"architectures": ["Phi3ForCausalLM"], {{Like}} }""",
        ["gemma2"] = $$"""{"architectures": ["Gemma2ForCausalLM"], {{Like}}, "sliding_window": 4, "attn_logit_softcapping": 50, "final_logit_softcapping": 30}""",
        ["gpt2"] = """{"architectures": ["GPT2LMHeadModel"], "vocab_size": 17, "n_embd": 8, "n_head": 2, "n_layer": 2, "n_positions": 16}""",
        ["gpt_neox"] = """
            {"architectures": ["GPTNeoXForCausalLM"], "vocab_size": 17, "hidden_size": 16, "intermediate_size": 20, "num_attention_heads": 2,
            "num_hidden_layers": 2, "max_position_embeddings": 16, "tie_word_embeddings": false}
            """,
        ["bloom"] = """{"architectures": ["BloomForCausalLM"], "vocab_size": 17, "hidden_size": 8, "n_head": 2, "n_layer": 2}""",
        ["bert"] = """
            {"architectures": ["BertModel"], "vocab_size": 17, "hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 2, "intermediate_size": 12,
            "max_position_embeddings": 16, "type_vocab_size": 2}
            """,
        ["t5"] = """
            {"architectures": ["T5ForConditionalGeneration"], "vocab_size": 17, "d_model": 8, "d_kv": 4, "num_heads": 2, "d_ff": 12, "num_layers": 2,
            "is_encoder_decoder": true, "decoder_start_token_id": 0}
            """,
    };

    private readonly TempFolder _folder = new();

    public static TheoryData<string> Families => [.. Configs.Keys];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Families))]
    public void EveryFamilyThatConvertsComesBackAsItself(string name)
    {
        using Model model = Create(Configs[name]);
        using Model again = Model.Load(Write(model));
        Assert.Empty(SpecComparer.Differences(model.Spec, again.Spec, (a, b) => a.Scaling == b.Scaling));
        Assert.Empty(Directory.GetFiles(_folder.Path, "*.tmp"));
    }

    /// <summary>One value each that the format, or its readers, have no word for.</summary>
    [Theory]
    [InlineData("llama", "\"hidden_act\": \"gelu\"", "decoder.layer.feed-forward activation (in 2 layers) is Gelu and would become Silu")]
    [InlineData("mistral", "\"hidden_act\": \"gelu\"", "is Gelu and would become Silu")]
    [InlineData("mixtral", "\"hidden_act\": \"gelu\"", "feed-forward expert activation (in 2 layers) is Gelu and would become Silu")]
    [InlineData("qwen2", "\"hidden_act\": \"gelu_pytorch_tanh\"", "is GeluTanh and would become Silu")]
    [InlineData("phi3", "\"hidden_act\": \"relu\"", "is Relu and would become Silu")]
    [InlineData("gemma2", "\"hidden_activation\": \"gelu\"", "is Gelu and would become GeluTanh")]
    [InlineData("gemma2", "\"attention_bias\": true", "attention input bias (in 2 layers) is true and would become false")]
    [InlineData("gemma2", "\"query_pre_attn_scalar\": 7", "query_pre_attn_scalar")]
    [InlineData("gemma2", "\"tie_word_embeddings\": false", "tie_word_embeddings")]
    [InlineData("gpt2", "\"activation_function\": \"gelu\"", "activation_function")]
    [InlineData("gpt2", "\"scale_attn_by_inverse_layer_idx\": true", "scale_attn_by_inverse_layer_idx")]
    [InlineData("gpt_neox", "\"hidden_act\": \"gelu_new\"", "is GeluTanh and would become Gelu")]
    [InlineData("gpt_neox", "\"hidden_act\": \"relu\"", "activation_function")]
    [InlineData("bloom", "\"apply_residual_connection_post_layernorm\": true", "decoder.layer.placement (in 2 layers) is NormedResidual and would become Pre")]
    [InlineData("bert", "\"hidden_act\": \"relu\"", "activation_function")]
    [InlineData("t5", "\"relative_attention_max_distance\": 64", "relative_attention_max_distance")]
    [InlineData("t5", "\"feed_forward_proj\": \"gated-silu\"", "activation_function")]
    [InlineData("t5", "\"forced_eos_token_id\": 1", "forced_eos_token_id is 1 and would become none")]
    [InlineData("t5", "\"forced_bos_token_id\": 3", "forced_bos_token_id is 3 and would become none")]
    [InlineData("llama", "\"rope_theta\": 10000.0001", "rope base (in 2 layers) is 10000.0001 and would become 10000")]
    [InlineData("llama", "\"rope_scaling\": {\"rope_type\": \"dynamic\", \"factor\": 2}", "rope_scaling")]
    [InlineData("llama", "\"partial_rotary_factor\": 0.34", "partial_rotary_factor")]
    [InlineData("mistral", "\"sliding_window\": 4", "sliding_window")]
    [InlineData("qwen2", "\"use_sliding_window\": true, \"sliding_window\": 4, \"max_window_layers\": 0", "sliding_window")]
    public void WhatTheFormatCannotSayIsRefusedBeforeAByteIsWritten(string name, string key, string message)
    {
        using Model model = Create(Configs[name][..^1].TrimEnd('}', '\n', ' ') + ", " + key + "}");
        var error = Assert.Throws<UnsupportedConfigException>(() => Write(model));
        Assert.Contains(message, error.Message);
        Assert.Contains("cannot be written as GGUF", error.Message);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    /// <summary>Values that have a word, or that change nothing, go through.</summary>
    [Theory]
    [InlineData("mistral", "\"sliding_window\": 16")]
    [InlineData("llama", "\"attention_bias\": true, \"mlp_bias\": true, \"rms_norm_eps\": 3e-7, \"head_dim\": 10, \"attention_dropout\": 0.1, \"pad_token_id\": 3")]
    [InlineData("llama", "\"rope_parameters\": {\"rope_theta\": 500000.0, \"rope_type\": \"linear\", \"factor\": 2.5}")]
    [InlineData("llama", "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4, \"attention_factor\": 1.3, \"beta_fast\": 20}")]
    [InlineData("llama", "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4, \"original_max_position_embeddings\": 8}")]
    [InlineData("phi3", "\"head_dim\": 44, \"partial_rotary_factor\": 0.69")]
    [InlineData("gpt_neox", "\"use_parallel_residual\": false, \"attention_bias\": false")]
    [InlineData("t5", "\"feed_forward_proj\": \"gated-gelu\", \"num_decoder_layers\": 1, \"tie_word_embeddings\": false")]
    public void WhatItCanSayGoesThrough(string name, string key)
    {
        using Model model = Create(Configs[name][..^1].TrimEnd('}', '\n', ' ') + ", " + key + "}");
        using Model again = Model.Load(Write(model));
        Assert.Equal(model.Spec.Last.Layers.Count, again.Spec.Last.Layers.Count);
    }

    /// <summary>A field that the list of names does not know is still a difference.</summary>
    [Fact]
    public void FieldsWithoutANameAreCompared()
    {
        using Model model = Create(Configs["gpt2"]);
        ModelSpec other = model.Spec with { Decoder = model.Spec.Decoder! with { Visibility = Visibility.Full } };
        Assert.Single(SpecComparer.Differences(model.Spec, other, (a, b) => a.Scaling == b.Scaling), d => d.Field == "decoder");
    }

    [Fact]
    public void AByteOrderMarkInAConfigIsNoObstacle()
    {
        using (Model made = Create(Configs["llama"]))
            CheckpointWriter.Write(made, _folder.Path);
        string config = Path.Combine(_folder.Path, "config.json");
        File.WriteAllText(config, File.ReadAllText(config), new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        Assert.Equal(0xEF, File.ReadAllBytes(config)[0]);
        using Model model = Model.Load(_folder.Path);
        Write(model);
        CheckpointWriter.Write(model, Path.Combine(_folder.Path, "again"), DataType.BF16);
        Assert.Equal((byte)'{', File.ReadAllBytes(Path.Combine(_folder.Path, "again", "config.json"))[0]);
    }

    private static Model Create(string config) => Model.Create("config", Encoding.UTF8.GetBytes(config), new RandomSource(3));

    private string Write(Model model)
    {
        string path = Path.Combine(_folder.Path, "model.gguf");
        GgufModelWriter.Write(model, path, QuantizationMix.Parse("f32"), "tiny", new Dictionary<string, object>());
        return path;
    }
}

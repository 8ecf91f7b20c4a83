using System.Text.Json.Nodes;

namespace Seriatim.Models.Tests;

/// <summary>Configs that are not fully honoured never load; the message names key and value.</summary>
public sealed class ConfigTests
{
    [Theory]
    [InlineData("hidden_act", "\"foo\"", "hidden_act is \"foo\"")]
    [InlineData("pretraining_tp", "2", "pretraining_tp is 2")]
    [InlineData("hidden_size", "\"8\"", "hidden_size is \"8\"")]
    [InlineData("hidden_size", "-8", "hidden_size is -8")]
    [InlineData("hidden_size", "1e30", "hidden_size is 1e30")]
    [InlineData("num_attention_heads", "6", "the number of heads is 6")]
    [InlineData("num_key_value_heads", "3", "num_key_value_heads is 3")]
    [InlineData("num_hidden_layers", "100000", "the number of layers is 100000")]
    [InlineData("rope_theta", "0", "rope_theta is 0")]
    [InlineData("attention_bias", "\"yes\"", "attention_bias is \"yes\"")]
    [InlineData("attn_logit_softcapping", "30.0", "attn_logit_softcapping (30.0)")]
    [InlineData("rope_scaling", """{"rope_type": "bent", "factor": 2}""", "rope_scaling.rope_type is \"bent\"")]
    [InlineData("rope_scaling", """{"rope_type": "linear"}""", "rope_scaling.factor is missing")]
    [InlineData("rope_scaling", """{"rope_type": "linear", "factor": 2, "more": 1}""", "rope_scaling.more (1)")]
    [InlineData("is_encoder_decoder", "true", "is_encoder_decoder is true")]
    [InlineData("quantization_config", """{"bits": 4}""", "quantization_config ({\"bits\": 4})")]
    public void AValueThatCannotBeHonouredIsRefused(string key, string value, string message)
    {
        string config = TinyLlama.With((key, JsonNode.Parse(value)));
        var error = Assert.Throws<UnsupportedConfigException>(() => TinyLlama.Create(config));
        Assert.Contains(message, error.Message.Replace("\":4", "\": 4", StringComparison.Ordinal));
    }

    [Fact]
    public void AllUnknownKeysAreListed()
    {
        var error = Assert.Throws<UnsupportedConfigException>(() => TinyLlama.Create(TinyLlama.With(("one", 1), ("two", "x"))));
        Assert.Equal(["one (1)", "two (\"x\")"], error.Keys);
    }

    [Fact]
    public void AMissingKeyIsNamed() => Assert.Contains("vocab_size is missing",
        Assert.Throws<UnsupportedConfigException>(() => TinyLlama.Create(TinyLlama.With(("vocab_size", null)))).Message);

    [Fact]
    public void OldAndNewSpellingsMustAgree()
    {
        const string Gpt2 = """{"architectures": ["GPT2LMHeadModel"], "vocab_size": 9, "n_embd": 8, "n_head": 2, "n_layer": 1, "n_positions": 8, "n_ctx": 9}""";
        Assert.Contains("n_ctx is 9; n_positions means the same and is 8",
            Assert.Throws<UnsupportedConfigException>(() => TinyLlama.Create(Gpt2)).Message);
    }

    [Theory]
    [InlineData("""{"architectures": ["MysteryForCausalLM"], "model_type": "mystery"}""", "MysteryForCausalLM")]
    [InlineData("""{"model_type": "mystery"}""", "mystery")]
    [InlineData("""{}""", "''")]
    public void AnUnknownArchitectureIsNamedBesideTheKnownOnes(string config, string name)
    {
        var error = Assert.Throws<UnknownArchitectureException>(() => TinyLlama.Create(config));
        Assert.Contains(name, error.Message);
        Assert.Contains("LlamaForCausalLM", error.Message);
    }

    [Fact]
    public void ABertWithRelativePositionsIsRefused()
    {
        const string Bert = """
            {"architectures": ["BertForMaskedLM"], "vocab_size": 9, "hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1,
            "intermediate_size": 8, "max_position_embeddings": 8, "type_vocab_size": 2, "position_embedding_type": "relative_key"}
            """;
        Assert.Contains("position_embedding_type is \"relative_key\"",
            Assert.Throws<UnsupportedConfigException>(() => TinyLlama.Create(Bert)).Message);
    }

    [Fact]
    public void TheModelTypeAloneIsEnough()
    {
        using Model model = TinyLlama.Create(TinyLlama.With(("architectures", null)));
        Assert.Equal("llama", model.Spec.Family);
    }
}

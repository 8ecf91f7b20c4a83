using System.Text;
using System.Text.Json.Nodes;

namespace Seriatim.Models.Tests;

/// <summary>What a config of the family seriatim may say, and what of it is refused by name.</summary>
public sealed class SeriatimConfigTests
{
    [Theory]
    [InlineData("decoder", ModelTask.CausalLanguageModel)]
    [InlineData("encoder-decoder", ModelTask.SequenceToSequence)]
    [InlineData("encoder", ModelTask.MaskedLanguageModel)]
    public void TheShapeIsASwitchOrTheClass(string shape, ModelTask task)
    {
        using Model model = Make(("shape", shape));
        Assert.Equal(task, model.Spec.Task);
    }

    [Theory]
    [InlineData("shape", "SeriatimForMaskedLM is a encoder", "architectures", "SeriatimForMaskedLM", "shape", "decoder")]
    [InlineData("shape", "encoder-decoder or encoder is needed", "shape", "both")]
    [InlineData("positions", "alibi or relative is needed", "positions", "axial")]
    [InlineData("norm_placement", "pre, post or none", "norm_placement", "sandwich")]
    [InlineData("norm", "layer, rms or batch", "norm", "group")]
    [InlineData("norm", "norm", "norm_placement", "none", "norm", "rms")]
    [InlineData("batchnorm_momentum", "batchnorm_momentum", "norm", "rms", "batchnorm_momentum", 0.2)]
    [InlineData("batchnorm_momentum", "over 0", "norm", "batch", "batchnorm_momentum", 0.0)]
    [InlineData("rope_theta", "rope_theta", "positions", "learned", "rope_theta", 500.0)]
    [InlineData("max_position_embeddings", "65536", "positions", "sinusoidal", "max_position_embeddings", 100000)]
    [InlineData("heads", "divisor", "num_attention_heads", 5)]
    [InlineData("tie_word_embeddings", "classifier", "architectures", "SeriatimForSequenceClassification",
        "tie_word_embeddings", true)]
    public void ValuesThatCannotBeHonouredAreRefused(string key, string says, params object[] settings)
    {
        (string, object)[] pairs = [.. settings.Chunk(2).Select(pair => ((string)pair[0], pair[1]))];
        string message = Assert.Throws<UnsupportedConfigException>(() => Make(pairs).Dispose()).Message;
        Assert.Contains(key, message);
        Assert.Contains(says, message);
    }

    [Fact]
    public void HeadsAndPositionsChangeNoOtherParameters()
    {
        long count = Count(("positions", "none"));
        Assert.Equal(count, Count(("positions", "rope")));
        Assert.Equal(count, Count(("positions", "sinusoidal"), ("num_attention_heads", 1)));
        Assert.Equal(count, Count(("positions", "alibi"), ("num_attention_heads", 8), ("residual", false)));
        Assert.Equal(count, Count(("positions", "none"), ("norm", "batch")));
        Assert.Equal(count + 64 * 16, Count(("positions", "learned")));
        Assert.Equal(count + 32 * 2, Count(("positions", "relative")));
        Assert.Equal(count - 5 * 2 * 16, Count(("positions", "none"), ("norm_placement", "none")));
    }

    private static long Count(params (string, object)[] settings)
    {
        using Model model = Make(settings);
        return model.ParameterCount;
    }

    private static Model Make(params (string Key, object Value)[] settings)
    {
        JsonObject config = JsonNode.Parse("""
            {"model_type": "seriatim", "vocab_size": 11, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
            "max_position_embeddings": 64}
            """)!.AsObject();
        foreach ((string key, object value) in settings)
        {
            config[key] = value switch
            {
                string text when key == "architectures" => new JsonArray(text),
                string text => text,
                int number => number,
                double number => number,
                bool flag => flag,
                _ => throw new ArgumentException($"{key}: {value}"),
            };
        }

        return Model.Create("config.json", Encoding.UTF8.GetBytes(config.ToJsonString()), new RandomSource(3));
    }
}

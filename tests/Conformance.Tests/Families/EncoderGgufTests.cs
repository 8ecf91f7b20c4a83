using System.Text;

namespace Seriatim.Conformance.Tests;

/// <summary>Encoders as GGUF files and back: BERT under other names becomes BERT, EmbeddingGemma has a name of its own.</summary>
public sealed class EncoderGgufTests : IDisposable
{
    private const string Shape = """
        "vocab_size": 61, "hidden_size": 36, "num_attention_heads": 3, "num_hidden_layers": 2, "intermediate_size": 56,
        "max_position_embeddings": 80
        """;

    private static readonly Dictionary<string, string> Configs = new()
    {
        ["RobertaModel"] = $$"""{"architectures": ["RobertaModel"], {{Shape}}, "type_vocab_size": 1, "pad_token_id": 1}""",
        ["XLMRobertaForSequenceClassification"] = $$"""
            {"architectures": ["XLMRobertaForSequenceClassification"], {{Shape}}, "type_vocab_size": 1, "pad_token_id": 1,
            "id2label": {"0": "LABEL_0"}, "layer_norm_eps": 1e-5}
            """,
        ["CamembertModel"] = $$"""{"architectures": ["CamembertModel"], {{Shape}}, "type_vocab_size": 1, "pad_token_id": 1}""",
        ["DistilBertModel"] = """
            {"architectures": ["DistilBertModel"], "vocab_size": 61, "dim": 36, "n_heads": 3, "n_layers": 2, "hidden_dim": 56,
            "max_position_embeddings": 80}
            """,
        ["Gemma3TextModel"] = $$"""
            {"architectures": ["Gemma3TextModel"], {{Shape}}, "num_key_value_heads": 1, "head_dim": 12, "query_pre_attn_scalar": 12,
            "use_bidirectional_attention": true, "sliding_window": 10, "sliding_window_pattern": 2}
            """,
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("seriatim-encoders-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("RobertaModel", "bert", "position_embd.weight")]
    [InlineData("XLMRobertaForSequenceClassification", "bert", "cls.output.weight")]
    [InlineData("CamembertModel", "bert", "token_types.weight")]
    [InlineData("DistilBertModel", "bert", "blk.1.layer_output_norm.bias")]
    [InlineData("Gemma3TextModel", "gemma-embedding", "blk.1.post_ffw_norm.weight")]
    public void FilesGiveTheSameBits(string name, string architecture, string tensor)
    {
        IOps ops = OpsUnderTest.Get("cpu-512");
        using Model model = Make(name);
        string file = Path.Combine(_folder, "tiny.gguf");
        Write(model, file);
        using (GgufFile written = GgufFile.Open(file))
        {
            Assert.Equal(architecture, written.Metadata["general.architecture"]);
            GgufEntry entry = written.Entries.Single(entry => entry.Name == tensor);
            if (tensor == "position_embd.weight")
            {
                Assert.Equal<long[]>([78, 36], [.. entry.Shape]);
                Assert.Equal(78u, written.Metadata["bert.context_length"]);
            }
        }

        using Model again = Model.Load(file);
        Assert.Equal(model.Spec.Task, again.Spec.Task);
        Assert.Equal(model.Spec.Context, again.Spec.Context);
        float[][] expected = GgufRoundTripTests.Logits(model, ops), actual = GgufRoundTripTests.Logits(again, ops);
        if (name == "Gemma3TextModel") // a factor of 1 + w loses a bit of w on the way
            Close.Check(name, [.. expected.SelectMany(row => row)], [.. actual.SelectMany(row => row)], 1e-5);
        else
            Bits.Equal(expected, actual, name);
    }

    [Theory]
    [InlineData("RobertaModel", "RobertaForMaskedLM", "architectures")]
    [InlineData("DistilBertModel", "DistilBertForSequenceClassification", "transform")]
    [InlineData("Gemma3TextModel", "query_pre_attn_scalar", "query_pre_attn_scalar")]
    public void WhatFilesCannotSayIsRefused(string name, string change, string word)
    {
        using Model model = Make(name, json => change.StartsWith("query", StringComparison.Ordinal)
            ? json.Replace($"\"{change}\": 12", $"\"{change}\": 20") : json.Replace($"\"{name}\"", $"\"{change}\""));
        string file = Path.Combine(_folder, "tiny.gguf");
        Assert.Contains(word, Assert.Throws<UnsupportedConfigException>(() => Write(model, file)).Message);
        Assert.False(File.Exists(file));
    }

    private static Model Make(string name, Func<string, string>? change = null) => Model.Create(name,
        Encoding.UTF8.GetBytes(change is null ? Configs[name] : change(Configs[name])), new RandomSource(7));

    private static void Write(Model model, string file) =>
        GgufModelWriter.Write(model, file, QuantizationMix.Parse("f32"), "tiny", new Dictionary<string, object>());
}

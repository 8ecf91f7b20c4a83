namespace Seriatim.Conformance.Tests;

/// <summary>Families as GGUF files and back: the same bits, or a refusal by name before a byte is written.</summary>
public sealed class FamilyGgufTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("seriatim-families-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("phi3-partial")]
    [InlineData("qwen3")]
    [InlineData("qwen3_moe", "\"mlp_only_layers\": [0]", "\"mlp_only_layers\": []")]
    [InlineData("qwen2_moe")]
    [InlineData("olmo")]
    [InlineData("olmo2")]
    [InlineData("olmo3", "\"sliding_attention\", \"full_attention\"", "\"sliding_attention\", \"sliding_attention\"",
        "{\"type\": \"yarn\", \"factor\": 4.0}", "null")]
    [InlineData("granite")]
    [InlineData("granitemoe")]
    [InlineData("olmoe")]
    [InlineData("ministral3")]
    [InlineData("glm")]
    [InlineData("smollm3", "[1, 0]", "[1, 1]")]
    [InlineData("glm4")]
    [InlineData("glm4_moe")]
    [InlineData("seed_oss")]
    [InlineData("exaone4", "\"sliding_window\": 5, ", "")]
    [InlineData("ernie4_5")]
    [InlineData("cohere")]
    [InlineData("cohere2")]
    [InlineData("gemma")]
    [InlineData("gemma3")]
    [InlineData("gemma4")]
    [InlineData("gemma4-experts")]
    [InlineData("gpt_oss", "\"truncate\": false", "\"truncate\": true", "\"swiglu_limit\": 0.5", "\"swiglu_limit\": 7")]
    [InlineData("llama4", "\"attention_chunk_size\": 6, \"floor_scale\": 5, \"no_rope_layers\": [1, 0]",
        "\"no_rope_layers\": [1, 1]")]
    [InlineData("phi", "\"qk_layernorm\": true", "\"qk_layernorm\": false")]
    [InlineData("falcon")]
    [InlineData("falcon-new")]
    [InlineData("mpt", "\"n_heads\": 3", "\"n_heads\": 4")]
    [InlineData("gpt_bigcode")]
    [InlineData("starcoder2", "\"sliding_window\": 7", "\"sliding_window\": 128")]
    [InlineData("stablelm")]
    [InlineData("stablelm-heads")]
    [InlineData("qwen3_5_moe")]
    public void FilesGiveTheSameBits(string name, params string[] changes)
    {
        IOps ops = OpsUnderTest.Get("cpu-512");
        using Model model = Make(name, changes);
        string file = Path.Combine(_folder, "tiny.gguf");
        Write(model, file);
        float[][] expected = GgufRoundTripTests.Logits(model, ops);
        using Model again = Model.Load(file);

        // A factor of 1 + w loses a bit of w on the way, and factors of waves are F32 in files.
        bool rounds = name is "phi3-partial" || name is "gemma" or "gemma3";
        if (rounds)
        {
            Close.Check(name, [.. expected.SelectMany(row => row)],
                [.. GgufRoundTripTests.Logits(again, ops).SelectMany(row => row)], 1e-4);
        }
        else
        {
            Bits.Equal(expected, GgufRoundTripTests.Logits(again, ops), name);
        }
    }

    [Theory]
    [InlineData("gpt_oss", "yarn")]
    [InlineData("gpt_oss", "limit", "\"truncate\": false", "\"truncate\": true")]
    [InlineData("llama4", "no_rope_layers")]
    [InlineData("llama4", "attention_chunk_size", "\"no_rope_layers\": [1, 0]", "\"no_rope_layers\": [1, 1]")]
    [InlineData("smollm3", "no_rope_layers")]
    [InlineData("olmo3", "layer_types")]
    [InlineData("exaone4", "sliding_window")]
    [InlineData("qwen3_moe", "layers")]
    [InlineData("phi", "qk_layernorm")]
    [InlineData("falcon-alibi", "alibi")]
    [InlineData("mpt", "n_heads")]
    [InlineData("gptj", "model_type")]
    [InlineData("deepseek_v3-halves", "attention_bias")]
    [InlineData("deepseek_v3-halves", "rope_interleave", "\"attention_bias\": true, ", "")]
    [InlineData("starcoder2", "sliding_window")]
    public void WhatFilesCannotSayIsRefused(string name, string word, params string[] changes)
    {
        using Model model = Make(name, changes);
        string file = Path.Combine(_folder, "tiny.gguf");
        var refused = Assert.Throws<UnsupportedConfigException>(() => Write(model, file));
        Assert.Contains(word, refused.Message, StringComparison.OrdinalIgnoreCase);
        Assert.False(File.Exists(file));
    }

    private static Model Make(string name, string[] changes) => TinyModels.Make(name, json =>
    {
        for (int i = 0; i < changes.Length; i += 2)
        {
            Assert.Contains(changes[i], json, StringComparison.Ordinal);
            json = json.Replace(changes[i], changes[i + 1]);
        }

        return json;
    });

    private static void Write(Model model, string file) =>
        GgufModelWriter.Write(model, file, QuantizationMix.Parse("f32"), "tiny", new Dictionary<string, object>());
}

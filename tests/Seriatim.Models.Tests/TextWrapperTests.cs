using System.Text.Json.Nodes;

namespace Seriatim.Models.Tests;

/// <summary>Models of texts and pictures: the text model within loads as if it stood alone.</summary>
public sealed class TextWrapperTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("LlavaForConditionalGeneration", "language_model.", "language_model.", "vision_tower.x.weight")]
    [InlineData("LlavaForConditionalGeneration", "model.language_model.", "", "model.multi_modal_projector.linear.weight")]
    [InlineData("Idefics3ForConditionalGeneration", "model.text_model.", "", "model.connector.proj.weight")]
    public void TheTextModelIsTheOneThatStandsAlone(string name, string model, string head, string other)
    {
        using Model alone = TinyLlama.Create();
        Write(alone, name, t => t.StartsWith("model.", StringComparison.Ordinal) && model != "language_model." ? model + t[6..] : head + t, other);
        using Model loaded = Model.Load(_folder.Path);
        Assert.Equal(alone.Spec.Last.Layers, loaded.Spec.Last.Layers);
        Assert.Equal([5, 6], loaded.Config.EosTokenIds);
        Assert.Equal(Values(alone), Values(loaded));

        // What is written again is a model of texts alone.
        using var again = new TempFolder();
        CheckpointWriter.Write(loaded, again.Path);
        using Model text = Model.Load(again.Path);
        Assert.Equal(Values(alone), Values(text));
        Assert.DoesNotContain("vision_config", File.ReadAllText(Path.Combine(again.Path, "config.json")));
        Assert.Contains(text.Parameters, p => p.Place.Name == "model.layers.0.self_attn.q_proj.weight");
    }

    [Fact]
    public void ValuesOfTheClassAreTakenForMissingKeys()
    {
        string config = """{"architectures": ["LlavaForConditionalGeneration"], "vision_config": {}, "text_config": {"vocab_size": 17}}""";
        File.WriteAllText(Path.Combine(_folder.Path, "config.json"), config);
        using Model alone = TinyLlama.Create();
        CheckpointWriter.Write(alone, Path.Combine(_folder.Path, "x"));
        File.Move(Path.Combine(_folder.Path, "x", "model.safetensors"), Path.Combine(_folder.Path, "model.safetensors"));

        // The class has 32 layers of 4096 features, so these weights cannot be its.
        Assert.Contains("4096", Assert.Throws<CheckpointMismatchException>(() => Model.Load(_folder.Path)).Message);
    }

    [Theory]
    [InlineData("hidden_size", "16", "hidden_size is 16; text_config.hidden_size is 8; they must agree")]
    [InlineData("tie_word_embeddings", "true", "tie_word_embeddings is true; text_config.tie_word_embeddings is false; they must agree")]
    [InlineData("mystery", "1", "mystery (1)")]
    [InlineData("text_config", "[]", "text_config is []; a JSON object is needed")]
    public void ContradictionsAndUnknownKeysAreRefused(string key, string value, string message)
    {
        using Model alone = TinyLlama.Create();
        Write(alone, "LlavaForConditionalGeneration", t => "language_model." + t, "vision_tower.x.weight");
        string path = Path.Combine(_folder.Path, "config.json");
        JsonObject config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        config[key] = JsonNode.Parse(value);
        File.WriteAllText(path, config.ToJsonString());
        Assert.Contains(message, Assert.Throws<UnsupportedConfigException>(() => Model.Load(_folder.Path)).Message);
    }

    [Fact]
    public void TensorsOfNothingKnownAreRefused()
    {
        using Model alone = TinyLlama.Create();
        Write(alone, "LlavaForConditionalGeneration", t => "language_model." + t, "language_model.model.layers.0.extra.weight");
        Assert.Contains("extra", Assert.Throws<CheckpointMismatchException>(() => Model.Load(_folder.Path)).Message);
    }

    private void Write(Model alone, string name, Func<string, string> rename, string other)
    {
        TinyLlama.Write(alone, _folder.Path, t => t with { Name = rename(t.Name) }, new ExportedTensor(other, [2], [1f, 2f]));
        JsonObject text = JsonNode.Parse(TinyLlama.Config)!.AsObject();
        text.Remove("architectures");
        File.WriteAllText(Path.Combine(_folder.Path, "config.json"), new JsonObject
        {
            ["architectures"] = new JsonArray(name),
            ["model_type"] = "llava",
            ["text_config"] = text,
            ["vision_config"] = new JsonObject { ["hidden_size"] = 4, ["model_type"] = "clip" },
            ["image_token_index"] = 16,
            ["projector_hidden_act"] = "gelu",
            ["vision_feature_layer"] = -2,
            ["torch_dtype"] = "float16",
            ["eos_token_id"] = new JsonArray(5, 6),
        }.ToJsonString());
    }

    private static float[] Values(Model model) => [.. CheckpointExporter.Data(model.Parameters).OrderBy(t => t.Values.Length).ThenBy(t => t.Values[0]).SelectMany(t => t.Values)];
}

namespace Seriatim.Models.Tests;

/// <summary>Folders that do not hold what they should: a typed error that names the file, the tensor and both shapes.</summary>
public sealed class LoadingTests
{
    [Fact]
    public void AWrittenModelLoadsAsItWas()
    {
        using var folder = new TempFolder();
        TinyLlama.Write(folder.Path);
        using Model made = TinyLlama.Create();
        using Model loaded = Model.Load(folder.Path);
        ExportedTensor[] expected = [.. CheckpointExporter.Data(made.Parameters)];
        ExportedTensor[] actual = [.. CheckpointExporter.Data(loaded.Parameters)];
        Assert.Equal(expected.Select(t => t.Name), actual.Select(t => t.Name));
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First.Values, pair.Second.Values));
        Assert.Equal(made.Config.Json.ToArray(), loaded.Config.Json.ToArray());
        Assert.Equal([2, 3], loaded.Config.EosTokenIds);
        Assert.Equal(0.1f, loaded.Spec.Dropout.Attention);
        Assert.Equal(2 * 17 * 8 + 2 * (8 * 8 * 2 + 4 * 8 * 2 + 3 * 8 * 12 + 16) + 8, loaded.ParameterCount);
    }

    [Fact]
    public void AMissingFolderIsNamed()
    {
        string folder = Path.Combine(Path.GetTempPath(), "no-such-model");
        Assert.Contains(folder, Assert.Throws<ModelFormatException>(() => Model.Load(folder)).Message);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    public void AMissingFileIsNamed(string file)
    {
        using var folder = new TempFolder();
        TinyLlama.Write(folder.Path);
        File.Delete(Path.Combine(folder.Path, file));
        Assert.Contains(file, Assert.Throws<ModelFormatException>(() => Model.Load(folder.Path)).Message);
    }

    [Fact]
    public void AMissingTensorIsNamedWithItsShape()
    {
        const string Name = "model.layers.1.self_attn.k_proj.weight";
        using var folder = new TempFolder();
        TinyLlama.Write(folder.Path, tensor => tensor.Name == Name ? null : tensor);
        var error = Assert.Throws<CheckpointMismatchException>(() => Model.Load(folder.Path));
        Assert.Equal([Name], error.Tensors);
        Assert.Contains($"{Name} is missing; the config (key/value heads 2 x head dimension 2, hidden size 8) needs it as [4, 8].", error.Message);
    }

    [Fact]
    public void AMisshapedTensorIsNamedWithBothShapes()
    {
        const string Name = "model.layers.0.self_attn.q_proj.weight";
        using var folder = new TempFolder();
        TinyLlama.Write(folder.Path, tensor => tensor.Name == Name ? tensor with { Shape = [4, 16] } : tensor);
        var error = Assert.Throws<CheckpointMismatchException>(() => Model.Load(folder.Path));
        Assert.Contains($"{Name} is [4, 16]; the config (heads 4 x head dimension 2, hidden size 8) needs [8, 8].",
            error.Message);
        Assert.Contains("model.safetensors", error.Message);
    }

    [Fact]
    public void AllExtraTensorsAreListed()
    {
        using var folder = new TempFolder();
        TinyLlama.Write(folder.Path, tensor => tensor, new("model.extra.weight", [2], [1, 2]), new("another", [1], [1]));
        var error = Assert.Throws<CheckpointMismatchException>(() => Model.Load(folder.Path));
        Assert.Equal(["another", "model.extra.weight"], error.Tensors.Order());
        Assert.Contains("model.extra.weight", error.Message);
        Assert.Contains("another", error.Message);
    }

    [Fact]
    public void AWaivedTensorMayStand()
    {
        using var folder = new TempFolder();
        TinyLlama.Write(folder.Path, tensor => tensor,
            new ExportedTensor("model.layers.0.self_attn.rotary_emb.inv_freq", [1], [1]));
        using Model model = Model.Load(folder.Path);
        Assert.Equal("llama", model.Spec.Family);
    }

    [Theory]
    [InlineData("bert", "LayerNorm.weight", "LayerNorm.gamma")]
    [InlineData("bert", "LayerNorm.bias", "LayerNorm.beta")]
    [InlineData("gpt2", "transformer.", "")]
    public void EarlyNamesAreKnown(string family, string name, string early)
    {
        string config = family == "bert"
            ? """
              {"architectures": ["BertForMaskedLM"], "vocab_size": 9, "hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1,
              "intermediate_size": 8, "max_position_embeddings": 8, "type_vocab_size": 2}
              """
            : """{"architectures": ["GPT2LMHeadModel"], "vocab_size": 9, "n_embd": 8, "n_head": 2, "n_layer": 1, "n_positions": 8}""";
        using var folder = new TempFolder();
        using Model model = TinyLlama.Create(config);
        TinyLlama.Write(model, folder.Path, tensor => tensor with { Name = tensor.Name.Replace(name, early, StringComparison.Ordinal) });
        using Model loaded = Model.Load(folder.Path);
        Assert.All(CheckpointExporter.Data(model.Parameters).Zip(CheckpointExporter.Data(loaded.Parameters)),
            pair => Assert.Equal(pair.First.Values, pair.Second.Values));
    }

    [Fact]
    public void AHugeConfigDoesNotTakeHugeMemory()
    {
        using var folder = new TempFolder();
        TinyLlama.Write(folder.Path);
        File.WriteAllText(Path.Combine(folder.Path, "config.json"),
            TinyLlama.With(("hidden_size", 1 << 26), ("intermediate_size", 1 << 27)));
        Assert.Throws<CheckpointMismatchException>(() => Model.Load(folder.Path));
    }

    [Fact]
    public void HalfPrecisionStaysOrIsWidenedAsAskedFor()
    {
        using var folder = new TempFolder();
        using Model model = TinyLlama.Create();
        CheckpointWriter.Write(model, folder.Path);
        ExportedTensor[] tensors = [.. CheckpointExporter.Data(model.Parameters)];
        using (SafetensorsWriter writer = SafetensorsWriter.Create(Path.Combine(folder.Path, "model.safetensors"),
            tensors.Select(t => new SafetensorsTensorSpec(t.Name, SafetensorsType.BF16, [.. t.Shape]))))
        {
            foreach (ExportedTensor tensor in tensors)
                writer.AppendF32(tensor.Name, tensor.Values);
            writer.Complete();
        }

        using Model stored = Model.Load(folder.Path);
        using Model widened = Model.Load(folder.Path, new ModelLoadOptions { Storage = WeightStorage.F32 });
        Assert.All(stored.Parameters, p => Assert.Equal(p.IsVector ? DataType.F32 : DataType.BF16, p.Parameter.Data.Type));
        Assert.All(widened.Parameters, p => Assert.Equal(DataType.F32, p.Parameter.Data.Type));
        Assert.All(CheckpointExporter.Data(stored.Parameters).Zip(CheckpointExporter.Data(widened.Parameters)),
            pair => Assert.Equal(pair.First.Values, pair.Second.Values));
    }
}

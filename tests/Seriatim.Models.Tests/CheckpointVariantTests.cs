using System.Text;

namespace Seriatim.Models.Tests;

/// <summary>Checkpoints of one model in the forms that writers give it.</summary>
public sealed class CheckpointVariantTests
{
    private const string Moe = """
        {"architectures": ["Qwen3MoeForCausalLM"], "vocab_size": 17, "hidden_size": 16, "intermediate_size": 20,
        "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8, "max_position_embeddings": 64,
        "num_experts": 3, "num_experts_per_tok": 2, "moe_intermediate_size": 12, "tie_word_embeddings": true}
        """;

    private const string Bart = """
        {"architectures": ["BartForConditionalGeneration"], "vocab_size": 17, "d_model": 16, "encoder_layers": 1,
        "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 20,
        "decoder_ffn_dim": 20, "max_position_embeddings": 32}
        """;

    private const string Heads = """
        {"architectures": ["StableLmForCausalLM"], "vocab_size": 17, "hidden_size": 24, "intermediate_size": 20,
        "num_attention_heads": 3, "num_key_value_heads": 1, "num_hidden_layers": 1, "max_position_embeddings": 64,
        "qk_layernorm": true, "partial_rotary_factor": 0.5}
        """;

    /// <summary>Experts in two tensors a layer, as the reference has them in memory.</summary>
    [Fact]
    public void StackedExpertsAreTheSameModel()
    {
        using var folder = new TempFolder();
        using Model model = Make(Moe);
        ExportedTensor[] all = [.. CheckpointExporter.Data(model.Parameters)];
        float[] Of(int layer, int expert, string part) => all.Single(
            t => t.Name == $"model.layers.{layer}.mlp.experts.{expert}.{part}_proj.weight").Values;
        ExportedTensor[] stacked = [.. Enumerable.Range(0, 2).SelectMany(layer => (ExportedTensor[])
        [
            new($"model.layers.{layer}.mlp.experts.gate_up_proj", [3, 24, 16], [.. Enumerable.Range(0, 3).SelectMany(
                expert => Of(layer, expert, "gate").Concat(Of(layer, expert, "up")))]),
            new($"model.layers.{layer}.mlp.experts.down_proj", [3, 16, 12], [.. Enumerable.Range(0, 3).SelectMany(
                expert => Of(layer, expert, "down"))]),
        ])];
        TinyLlama.Write(model, folder.Path,
            tensor => tensor.Name.Contains(".experts.", StringComparison.Ordinal) ? null : tensor, stacked);
        using Model loaded = Model.Load(folder.Path);
        Assert.Equal(model.Fingerprint, loaded.Fingerprint);
    }

    /// <summary>A head beside a tied embedding is a copy of it, or the config is not that of the weights.</summary>
    [Fact]
    public void ATiedHeadThatDiffersIsRefused()
    {
        using var folder = new TempFolder();
        using Model model = Make(Moe);
        float[] embedding = [.. CheckpointExporter.Data(model.Parameters)
            .Single(t => t.Name == "model.embed_tokens.weight").Values];
        TinyLlama.Write(model, folder.Path, tensor => tensor, new ExportedTensor("lm_head.weight", [17, 16], embedding));
        using (Model loaded = Model.Load(folder.Path))
            Assert.Equal(["lm_head.weight"], loaded.SkippedTensors.Select(tensor => tensor.Name));
        embedding[200] += 1;
        TinyLlama.Write(model, folder.Path, tensor => tensor, new ExportedTensor("lm_head.weight", [17, 16], embedding));
        string message = Assert.Throws<CheckpointMismatchException>(() => Model.Load(folder.Path).Dispose()).Message;
        Assert.Contains("lm_head.weight F32 [17, 16] is not what model.embed_tokens.weight F32 [17, 16] is", message);
        Assert.Contains("tie_word_embeddings", message);
    }

    /// <summary>The bias of the logits is a buffer that not all files have.</summary>
    [Fact]
    public void AMissingConstantBiasIsZero()
    {
        using var folder = new TempFolder();
        using Model model = Make(Bart);
        TinyLlama.Write(model, folder.Path, tensor => tensor.Name == "final_logits_bias" ? null : tensor);
        using Model loaded = Model.Load(folder.Path);
        Assert.Equal(model.Fingerprint, loaded.Fingerprint);
    }

    /// <summary>The norm of each head is a tensor; they are one vector here, and are written as they were read.</summary>
    [Fact]
    public void NormsOfHeadsAreTensorsOfTheirOwn()
    {
        using var folder = new TempFolder();
        using Model model = Make(Heads);
        Tensors.Parameter norms = model.Parameters.Single(p => p.Path == "layers.0.attention.q_norm").Parameter;
        norms.WriteRow(0, [.. Enumerable.Range(0, 24).Select(i => (float)i)]);
        CheckpointWriter.Write(model, folder.Path);
        using (SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder.Path, "model.safetensors")))
        {
            Assert.Equal([8f, 9, 10, 11, 12, 13, 14, 15],
                file.ReadF32(file["model.layers.0.self_attn.q_layernorm.norms.1.weight"]));
            Assert.True(file.TryGet("model.layers.0.self_attn.k_layernorm.norms.0.weight", out _));
        }

        using Model loaded = Model.Load(folder.Path);
        float[] read = new float[24];
        loaded.Parameters.Single(p => p.Path == "layers.0.attention.q_norm").Parameter.ReadRow(0, read);
        Assert.Equal(Enumerable.Range(0, 24).Select(i => (float)i), read);
    }

    /// <summary>Rows of 16 bits that a fused tensor holds go where those of 32 go, as they are.</summary>
    [Fact]
    public void FusedRowsOfSixteenBitsAreTakenAsTheyAre()
    {
        const string Phi = """
            {"architectures": ["Phi3ForCausalLM"], "vocab_size": 41, "hidden_size": 72, "intermediate_size": 70,
            "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64}
            """;
        using var folder = new TempFolder();
        using (Model made = Make(Phi))
        {
            CheckpointWriter.Write(made, folder.Path);
            ExportedTensor[] tensors = [.. CheckpointExporter.Data(made.Parameters)];
            using SafetensorsWriter writer = SafetensorsWriter.Create(Path.Combine(folder.Path, "model.safetensors"),
                tensors.Select(t => new SafetensorsTensorSpec(t.Name, SafetensorsType.BF16, [.. t.Shape])));
            foreach (ExportedTensor tensor in tensors)
            {
                writer.Append(tensor.Name,
                    [.. tensor.Values.SelectMany(value => BitConverter.GetBytes(Tensors.SixteenBits.ToBFloat16(value)))]);
            }

            writer.Complete();
        }

        using Model stored = Model.Load(folder.Path);
        using Model opened = Model.Load(folder.Path, new ModelLoadOptions { Storage = WeightStorage.F32 });
        Assert.Contains(stored.Parameters, p => p.Parameter.Data.Type == Tensors.DataType.BF16);
        ExportedTensor[] expected = [.. CheckpointExporter.Data(opened.Parameters)];
        Assert.All(expected.Zip(CheckpointExporter.Data(stored.Parameters)), pair =>
            Assert.Equal(pair.First.Values, pair.Second.Values));
    }

    private static Model Make(string config) => Model.Create("config", Encoding.UTF8.GetBytes(config), new RandomSource(3));
}

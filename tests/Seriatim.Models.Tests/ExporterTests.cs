using System.Text;

namespace Seriatim.Models.Tests;

/// <summary>What files add to values is no part of gradients.</summary>
public sealed class ExporterTests : IDisposable
{
    private const string Gemma = """
        {"architectures": ["Gemma2ForCausalLM"], "vocab_size": 17, "hidden_size": 24, "intermediate_size": 20, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 16, "sliding_window": 4, "attn_logit_softcapping": 50,
        "final_logit_softcapping": 30}
        """;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void GradientsOfAShiftedTensorAreNotShifted()
    {
        string path = Path.Combine(_folder.Path, "m.gguf");
        using (Model made = Model.Create("config", Encoding.UTF8.GetBytes(Gemma), new RandomSource(3)))
            GgufModelWriter.Write(made, path, QuantizationMix.Parse("f32"), "m", new Dictionary<string, object>());
        using Model model = Model.Load(path);
        ModelParameter norm = model.Parameters.First(p => p.Place.Form == new ValueForm.Plus(1));
        float[] gradient = [.. Enumerable.Range(0, 24).Select(i => i * 0.25f)];
        norm.Parameter.AddGradientRow(0, gradient);
        Assert.Equal(gradient, CheckpointExporter.Gradients(model.Parameters).Single(t => t.Name == norm.Place.Name).Values);
        float[] values = new float[24];
        norm.Parameter.ReadRow(0, values);
        Assert.Equal(values.Select(v => v + 1),
            CheckpointExporter.Data(model.Parameters).Single(t => t.Name == norm.Place.Name).Values);
    }
}

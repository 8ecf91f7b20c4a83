using System.Text;

namespace Seriatim.Models.Tests;

/// <summary>Bloom whose residual stream is taken behind the norms.</summary>
public sealed class BloomTests
{
    private const string Config = """
        {"architectures": ["BloomForCausalLM"], "vocab_size": 17, "hidden_size": 8, "n_head": 2, "n_layer": 1, "apply_residual_connection_post_layernorm": true}
        """;

    /// <summary>With attention and feed-forward silent, what is left of a layer is one norm after the other; without the key it would be x.</summary>
    [Fact]
    public void WhatIsAddedToIsTheNormedRow()
    {
        using Model model = Model.Create("bloom", Encoding.UTF8.GetBytes(Config), new RandomSource(3));
        foreach (ModelParameter parameter in model.Parameters.Where(p => p.Path.EndsWith("attention.o", StringComparison.Ordinal) || p.Path.EndsWith("mlp.down", StringComparison.Ordinal)))
            Fill(parameter, _ => 0);
        foreach (ModelParameter parameter in model.Parameters.Where(p => p.Path.Contains("norm", StringComparison.Ordinal)))
            Fill(parameter, i => parameter.Ending == ".bias" ? 0.1f * (i % 3) : 1 + 0.25f * (i % 4));
        int[] text = [4, 9, 16];
        using var ops = new ReferenceOps();
        using Tensor hidden = model.Forward(ops, new RaggedBatchBuilder().Add(text, outputs: Outputs.All).Build());
        for (int row = 0; row < text.Length; row++)
        {
            double[] expected = Row(model, "embed", ".weight", text[row]);
            foreach (string norm in (string[])["embed_norm", "layers.0.norm1", "layers.0.norm2", "norm"])
                expected = Norm(expected, Row(model, norm, ".weight", 0), Row(model, norm, ".bias", 0));
            for (int e = 0; e < expected.Length; e++)
                Assert.Equal(expected[e], hidden.Row(row)[e], 4);
        }
    }

    /// <summary>Gradients through the norms, which are read twice, against differences of the loss.</summary>
    [Theory]
    [InlineData("layers.0.norm1", ".weight")]
    [InlineData("layers.0.norm2", ".bias")]
    [InlineData("layers.0.attention.v", ".weight")]
    [InlineData("embed_norm", ".weight")]
    public void GradientsAreThoseOfTheLoss(string path, string ending)
    {
        const float Step = 0.01f;
        using Model model = Model.Create("bloom", Encoding.UTF8.GetBytes(Config), new RandomSource(3, 0.3f));
        using var ops = new ReferenceOps();
        Parameter parameter = model.Parameters.Single(p => p.Path == path && p.Ending == ending).Parameter;
        using (var tape = new Tape(ops))
            _ = Loss(model, tape, loss => tape.Backward(loss));
        float[] gradient = parameter.GradientOrZeros().Span.ToArray();
        Span<float> data = parameter.Data.Span;
        int checkedValues = 0;
        for (int i = 0; i < data.Length && checkedValues < 8; i++)
        {
            float own = data[i];
            data[i] = own + Step;
            double above = Loss(model, ops, _ => { });
            data[i] = own - Step;
            double below = Loss(model, ops, _ => { });
            data[i] = own;
            Assert.Equal((above - below) / (2 * Step), gradient[i], 3);
            checkedValues++;
        }

        Assert.Contains(gradient, g => Math.Abs(g) > 1e-3);
    }

    private static double Loss(Model model, IOps ops, Action<Tensor> backward)
    {
        int[] text = [4, 9, 16, 2, 7];
        using Tensor hidden = model.Forward(ops, new RaggedBatchBuilder().Add(text, outputs: Outputs.All).Build());
        using Tensor loss = model.Loss(ops, hidden, (int[])[.. text[1..], 3], new CrossEntropyOptions());
        backward(loss);
        return loss.Span[0];
    }

    [Fact]
    public void TheKeyIsReadAndTheUsualKindIsAnother()
    {
        using Model normed = Model.Create("bloom", Encoding.UTF8.GetBytes(Config), new RandomSource(3));
        using Model usual = Model.Create("bloom", Encoding.UTF8.GetBytes(Config.Replace("true", "false")), new RandomSource(3));
        Assert.Equal((Placement.NormedResidual, Placement.Pre), (normed.Spec.Last.Layers[0].Placement, usual.Spec.Last.Layers[0].Placement));
    }

    private static void Fill(ModelParameter parameter, Func<int, float> value)
    {
        for (int row = 0; row < parameter.Parameter.Rows; row++)
            parameter.Parameter.WriteRow(row, [.. Enumerable.Range(0, parameter.Parameter.Columns).Select(value)]);
    }

    private static double[] Row(Model model, string path, string ending, int row)
    {
        ModelParameter parameter = model.Parameters.Single(p => p.Path == path && p.Ending == ending);
        float[] values = new float[parameter.Parameter.Columns];
        parameter.Parameter.ReadRow(row, values);
        return [.. values.Select(v => (double)v)];
    }

    private static double[] Norm(double[] x, double[] weight, double[] bias)
    {
        double mean = x.Average(), variance = x.Average(v => (v - mean) * (v - mean));
        return [.. x.Select((v, i) => (v - mean) / Math.Sqrt(variance + 1e-5) * weight[i] + bias[i])];
    }
}

namespace Seriatim.Models.Tests;

/// <summary>Layers without a norm and without a residual are values of the spec: a mixer alone, or what it adds.</summary>
public sealed class BareLayerTests
{
    private const int Width = 16;

    [Fact]
    public void WithoutNormAndResidualALayerIsItsMixer()
    {
        foreach (Placement placement in (Placement[])[Placement.Pre, Placement.Post])
        {
            using Model bare = Make(placement, null, residual: false);
            Assert.DoesNotContain(bare.Parameters, parameter => parameter.Path.Contains("norm", StringComparison.Ordinal));
            float[][] alone = Trace(bare);
            using Model sum = Make(placement, null, residual: true);
            float[][] added = Trace(sum);
            Assert.Equal(alone[0], added[0]);
            Assert.Equal(added[0].Zip(alone[1], (x, made) => x + made), added[1]);
            Assert.NotEqual(alone[1], alone[2]);
        }
    }

    [Fact]
    public void ANormOfALayerWithoutResidualIsThatOfWhatItMakes()
    {
        var norm = new NormSpec(NormKind.Rms, 1e-6f, Bias: false);
        using Model bare = Make(Placement.Post, null, residual: false);
        using Model normed = Make(Placement.Post, norm, residual: false);
        float[] made = Trace(bare)[1], after = Trace(normed)[1];
        for (int row = 0; row < made.Length; row += Width)
        {
            double square = made.AsSpan(row, Width).ToArray().Average(x => (double)x * x);
            Assert.Equal(made[row] / Math.Sqrt(square + 1e-6), after[row], 1e-5);
        }
    }

    [Fact]
    public void AReversibleLayerNeedsItsResiduals() => Assert.Contains("residuals", Assert.Throws<NotSupportedException>(() =>
        Make(Placement.Reversible, null, residual: false)).Message);

    private static Model Make(Placement placement, NormSpec? norm, bool residual)
    {
        LayerSpec[] layers = [.. Enumerable.Repeat(
            new LayerSpec(placement, norm, new MixerSpec.GatedRecurrence(24), null) { Residual = residual }, 2)];
        var names = new NameTable { { "embed", "embed" }, { "head", "head" }, { "layers.*.norm1", "norm.*" } };
        foreach (string part in (string[])["z", "v", "gate", "o"])
            names.Add($"layers.*.recurrence.{part}", $"{part}.*");
        return Model.Build(new ModelSpec("bare", ModelTask.CausalLanguageModel, null,
            new StackSpec(11, Width, Visibility.Causal, layers), new HeadSpec(11), 64), names, new ModelConfig(),
            new RandomSource(3));
    }

    private static float[][] Trace(Model model)
    {
        var rows = new List<float[]>();
        using IDifferentiableOps ops = Device.Cpu.NewOps();
        model.Forward(ops, new RaggedBatchBuilder().Add([1, 5, 2, 7, 3]).Build(), null,
            (_, x) => rows.Add(x.Read().Values.ToArray())).Dispose();
        return [.. rows];
    }
}

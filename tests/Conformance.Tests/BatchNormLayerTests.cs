namespace Seriatim.Conformance.Tests;

/// <summary>Batch norms in layers that run backwards, and what a batch of one row says.</summary>
public sealed class BatchNormLayerTests
{
    private static readonly NormSpec Norm = new(NormKind.Batch, 1e-5f, Bias: true);

    /// <summary>
    /// Layers that are computed backwards take the statistics of rows that differ by rounding, and the running ones move once, by
    /// those of the pass itself.
    /// </summary>
    [Fact]
    public void LayersComputedBackwardsTakeStatisticsOnce()
    {
        (float[][] kept, float[][] moved) = Run(inverts: false);
        (float[][] inverted, float[][] movedToo) = Run(inverts: true);
        Bits.Equal(moved, movedToo, "running statistics");
        for (int i = 0; i < kept.Length; i++)
            Close.Check($"gradient {i}", kept[i], inverted[i], 2e-5, 1e-3);
    }

    [Fact]
    public void OneRowHasNoVariance()
    {
        using Model model = Make();
        using IDifferentiableOps ops = CpuOps.Create(1);
        using var statistics = new BatchStatistics();
        RaggedBatch one = new RaggedBatchBuilder().Add([3]).Build();
        Assert.Contains("at least 2 rows", Assert.Throws<ArgumentException>(() =>
            model.Forward(ops, one.With(statistics)).Dispose()).Message);
        model.Forward(ops, one).Dispose();
    }

    [Fact]
    public void PaddingIsRefusedByLayersThatWouldSeeIt()
    {
        using Model model = TinyEncoders.Make("linformer")!;
        using IDifferentiableOps ops = CpuOps.Create(1);
        RaggedBatch padded = new RaggedBatchBuilder().AddPadded([3, 4], 2).Build();
        Assert.Contains("2 rows of padding", Assert.Throws<ArgumentException>(() => model.Encode(ops, padded).Dispose()).Message);
    }

    /// <summary>A gradient of a vector that a batch norm takes away again is nothing but rounding; others are compared.</summary>
    private static (float[][] Gradients, float[][] Statistics) Run(bool inverts)
    {
        using Model model = Make();
        using IDifferentiableOps ops = CpuOps.Create(2);
        using var statistics = new BatchStatistics();
        using var tape = new Tape(ops) { InvertsLayers = inverts };
        RaggedBatch batch = new RaggedBatchBuilder().Add(TinyModels.Tokens(1, 40), outputs: Outputs.All)
            .Add(TinyModels.Tokens(2, 9), outputs: Outputs.All).Build().With(statistics);
        using Tensor hidden = model.Forward(tape, batch);
        using Tensor loss = model.Loss(tape, hidden, TinyModels.Tokens(3, batch.Rows), new CrossEntropyOptions());
        tape.Backward(loss);
        statistics.Move(ops);
        return ([.. CheckpointExporter.Gradients(model.Parameters).Select(t => t.Values)],
            [.. CheckpointExporter.Data([.. model.Parameters.Where(p => p.IsConstant)]).Select(t => t.Values)]);
    }

    private static Model Make()
    {
        var attention = new MixerSpec.Attention(2, 2, 10, 0.3f);
        LayerSpec[] layers = [.. Enumerable.Repeat(new LayerSpec(
            Placement.Reversible, Norm, attention, new FeedForwardSpec.Dense(40, Activation.Gelu, Bias: true)), 3)];
        var names = new NameTable { { "embed", "embed" }, { "head", "head" } };
        foreach (string part in (string[])["norm1", "norm2", "attention.q", "attention.k", "attention.v", "attention.o", "mlp.up",
            "mlp.down"])
        {
            names.Add($"layers.*.{part}", $"layers.*.{part}");
        }

        return Model.Build(new ModelSpec("reversible", ModelTask.CausalLanguageModel, null,
            new StackSpec(TinyModels.Vocabulary, 20, Visibility.Causal, layers), new HeadSpec(TinyModels.Vocabulary), 64), names,
            new ModelConfig(), new RandomSource(4));
    }
}

namespace Seriatim.Training.Tests;

/// <summary>
/// Models with recurrent layers learn: gradients are slopes, a run that was broken off goes on with the same bits, operations are
/// counted.
/// </summary>
public sealed class HybridTrainingTests : IDisposable
{
    private const int Vocabulary = 13;
    private const int Width = 12;
    private static readonly NormSpec Norm = new(NormKind.Rms, 1e-6f, Bias: false, 0);

    private static readonly LayerSpec[] Layers =
    [
        new(Placement.Pre, Norm, new MixerSpec.GatedRecurrence(10), new FeedForwardSpec.Gated(16, Activation.Silu, Bias: false)),
        new(Placement.Pre, Norm, new MixerSpec.Attention(2, 1, 6, 0.4f), null),
        new(Placement.Pre, Norm, new MixerSpec.GatedRecurrence(18), null),
    ];

    private readonly IDifferentiableOps _ops = CpuOps.Create(2);

    public void Dispose() => _ops.Dispose();

    [Fact]
    public void GradientsAreSlopes()
    {
        using Model model = Make();
        using IDifferentiableOps exact = new ReferenceOps();
        Gradients(model, exact, seed: 1);
        Slopes.Check(model, () => Loss(model, exact, seed: 1));
    }

    [Fact]
    public void AResumedRunEqualsOneThatNeverStopped()
    {
        using Model whole = Make();
        using var optimizer = new AdamW(new ParameterSelection().Select(whole));
        float first = Loss(whole, _ops, seed: 0);
        Train(whole, optimizer, 0, 12);
        Assert.True(Loss(whole, _ops, seed: 0) < first, "Nothing was learnt.");

        using Model begun = Make();
        using var early = new AdamW(new ParameterSelection().Select(begun));
        Train(begun, early, 0, 5);
        using Model resumed = Make();
        using var late = new AdamW(new ParameterSelection().Select(resumed)) { Steps = early.Steps };
        foreach ((ModelParameter from, ModelParameter to) in begun.Parameters.Zip(resumed.Parameters))
        {
            float[] row = new float[from.Parameter.Columns];
            for (int r = 0; r < from.Parameter.Rows; r++)
            {
                from.Parameter.ReadRow(r, row);
                to.Parameter.WriteRow(r, row);
            }
        }

        foreach ((OptimizerMoment from, OptimizerMoment to) in early.Moments.Zip(late.Moments))
            to.FromRows(from.ToRows());
        Train(resumed, late, 5, 12);
        foreach ((ModelParameter expected, ModelParameter actual) in whole.Parameters.Zip(resumed.Parameters))
            Assert.Equal(expected.Parameter.Data.Span.ToArray(), actual.Parameter.Data.Span.ToArray());
    }

    [Fact]
    public void EveryMixerIsCounted()
    {
        ModelSpec spec = Spec();
        int[] tokens = [.. Enumerable.Range(0, 7)];
        RaggedBatch rows = new RaggedBatchBuilder().Add(tokens, outputs: Outputs.All).Build();
        double flops = new TrainingFlops(spec).Of(new TrainingBatch(rows, null, tokens, tokens));
        double weights = 4 * 10 * Width + 3 * 16 * Width + 2 * Width * 6 * 3 + 4 * 18 * Width + Vocabulary * Width;
        double mixing = 7 * 10 + 2 * 2 * 6 * (7 * 8 / 2) + 7 * 18;
        Assert.Equal(3 * 2 * (weights * 7 + mixing), flops);
    }

    private static ModelSpec Spec() => new("hybrid", ModelTask.CausalLanguageModel, null,
        new StackSpec(Vocabulary, Width, Visibility.Causal, Layers) { FinalNorm = Norm }, new HeadSpec(Vocabulary), int.MaxValue);

    private static Model Make()
    {
        var names = new NameTable { { "embed", "embed" }, { "norm", "norm" }, { "head", "head" } };
        foreach (string part in (string[])["norm1", "norm2", "attention.q", "attention.k", "attention.v", "attention.o",
            "recurrence.z", "recurrence.v", "recurrence.gate", "recurrence.o", "mlp.gate", "mlp.up", "mlp.down"])
            names.Add($"layers.*.{part}", $"layers.*.{part}");
        return Model.Build(Spec(), names, new ModelConfig(), new RandomSource(7));
    }

    private void Train(Model model, AdamW optimizer, int first, int end)
    {
        for (int step = first; step < end; step++)
        {
            optimizer.ClearGradients();
            Gradients(model, _ops, step % 3);
            optimizer.Step(_ops, 1e-2);
        }
    }

    private static (RaggedBatch Batch, int[] Labels) Data(int seed)
    {
        var random = new Random(seed);
        var builder = new RaggedBatchBuilder();
        foreach (int length in (int[])[9, 1, 6])
            builder.Add([.. Enumerable.Range(0, length).Select(_ => random.Next(Vocabulary))], outputs: Outputs.All);
        RaggedBatch batch = builder.Build();
        return (batch, [.. Enumerable.Range(0, batch.Rows).Select(_ => random.Next(Vocabulary))]);
    }

    private static float Loss(Model model, IOps ops, int seed)
    {
        (RaggedBatch batch, int[] labels) = Data(seed);
        using Tensor hidden = model.Forward(ops, batch);
        using Tensor loss = model.Loss(ops, hidden, labels, new CrossEntropyOptions());
        return loss.Span[0];
    }

    private static void Gradients(Model model, IDifferentiableOps ops, int seed)
    {
        (RaggedBatch batch, int[] labels) = Data(seed);
        using var tape = new Tape(ops);
        using Tensor hidden = model.Forward(tape, batch);
        using Tensor loss = model.Loss(tape, hidden, labels, new CrossEntropyOptions());
        tape.Backward(loss);
    }
}

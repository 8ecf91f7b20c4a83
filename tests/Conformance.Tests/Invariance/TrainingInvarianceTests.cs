namespace Seriatim.Conformance.Tests;

/// <summary>Gradients have the same bits for any number of threads and any width of lanes.</summary>
public sealed class TrainingInvarianceTests
{
    public static IEnumerable<object[]> Models => TinyModels.Names.Select(name => new object[] { name });

    [Theory]
    [MemberData(nameof(Models))]
    public void GradientsDoNotDependOnThreadsOrLanes(string name)
    {
        float[][] expected = Gradients(name, "cpu-512");
        foreach (string other in (string[])["cpu-512-1", "cpu-256", "cpu-128"])
            Bits.Equal(expected, Gradients(name, other), $"{name}, {other}");
    }

    private static float[][] Gradients(string name, string opsName)
    {
        using Model model = TinyModels.Make(name);
        using var tape = new Tape(OpsUnderTest.Get(opsName));
        using Tensor? encoded = model.Spec.Encoder is null ? null : Sources.Encode(model, tape);
        EncoderRows? rows = encoded is null ? null : new EncoderRows(0, encoded.Rows);
        var builder = new RaggedBatchBuilder();
        foreach (int length in (int[])[37, 5, 50])
            builder.Add(TinyModels.Tokens(length, length), outputs: Outputs.All, encoder: rows);
        RaggedBatch batch = builder.Build();
        using Tensor hidden = model.Forward(tape, batch, encoded);
        using Tensor loss = model.Loss(tape, hidden, TinyModels.Tokens(3, batch.Rows), new CrossEntropyOptions(LabelSmoothing: 0.1f));
        tape.Backward(loss);
        return [.. CheckpointExporter.Gradients(model.Parameters).Select(t => t.Values)];
    }
}

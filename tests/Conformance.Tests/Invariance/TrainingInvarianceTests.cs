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
        foreach (string other in (string[])["cpu-512-1", "cpu-256", "cpu-128", "late"])
            Bits.Equal(expected, Gradients(name, other), $"{name}, {other}");
    }

    /// <summary>Activation checkpointing, with dropout: the second run of a layer has the masks of the first.</summary>
    [Theory]
    [MemberData(nameof(Models))]
    public void GradientsDoNotDependOnWhetherLayersAreKept(string name)
    {
        var dropout = new BatchDropout(new DropoutRates(0.1f, 0.2f, 0.3f, 0.1f, 0.1f), 17);
        Bits.Equal(Gradients(name, "cpu-512", dropout: dropout),
            Gradients(name, "cpu-512-1", dropout: dropout, recompute: true), name);
        Bits.Equal(Gradients(name, "cpu-512", dropout: dropout), Gradients(name, "late", dropout: dropout, recompute: true),
            $"{name}, late");
    }

    /// <summary>
    /// Batch norms by the statistics of the batch: gradients and running statistics have the same bits on any threads and lanes,
    /// and whether layers are kept or run again, which does not count their rows twice.
    /// </summary>
    [Theory]
    [InlineData("seriatim-batch")]
    [InlineData("seriatim-pair")]
    public void StatisticsOfBatchesDoNotDependOnHowTheyAreTaken(string name)
    {
        float[][] expected = Gradients(name, "cpu-512", statistics: true);
        Assert.NotEqual(expected[0], Gradients(name, "cpu-512")[0]);
        foreach (string other in (string[])["cpu-512-1", "cpu-256", "cpu-128", "late"])
        {
            foreach (bool recompute in (bool[])[false, true])
            {
                Bits.Equal(expected, Gradients(name, other, statistics: true, recompute: recompute),
                    $"{name}, {other}, recompute {recompute}");
            }
        }
    }

    [Fact]
    public void SegmentsMayShareTheRowsOfOneSource()
    {
        float[][] expected = Gradients("bart", "cpu-512-1", shared: true);
        for (int i = 0; i < 20; i++)
            Bits.Equal(expected, Gradients("bart", "cpu-512", shared: true), "bart");
    }

    private static float[][] Gradients(string name, string opsName, bool shared = false, BatchDropout? dropout = null,
        bool recompute = false, bool statistics = false)
    {
        using var taken = new BatchStatistics();
        using Model model = TinyModels.Make(name, device: OpsUnderTest.DeviceOf(opsName));
        using var tape = new Tape(OpsUnderTest.Get(opsName)) { RecomputesLayers = recompute };
        int[] lengths = [37, 5, 50];
        var sources = new RaggedBatchBuilder();
        foreach (int length in lengths)
            sources.AddEncoder(TinyModels.Tokens(length + 1, length / 2));
        RaggedBatch source = sources.Build();
        using Tensor? encoded = model.Spec.Encoder is null ? null : model.Encode(tape, In(source));
        var builder = new RaggedBatchBuilder();
        for (int i = 0; i < lengths.Length; i++)
        {
            Segment from = source.Segments[shared ? 0 : i];
            builder.Add(TinyModels.Tokens(lengths[i], lengths[i]), outputs: Outputs.All,
                encoder: encoded is null ? null : new EncoderRows(from.FirstRow, from.Rows));
        }

        RaggedBatch batch = In(builder.Build());
        using Tensor hidden = model.Forward(tape, batch, encoded);
        using Tensor loss = model.Loss(tape, hidden, TinyModels.Tokens(3, batch.Rows),
            new CrossEntropyOptions(LabelSmoothing: 0.1f));
        tape.Backward(loss);
        taken.Move(OpsUnderTest.Get(opsName));
        return [.. CheckpointExporter.Gradients(model.Parameters).Select(t => t.Values),
            .. CheckpointExporter.Data([.. model.Parameters.Where(p => p.IsConstant)]).Select(t => t.Values)];

        RaggedBatch In(RaggedBatch rows)
        {
            RaggedBatch dropped = dropout is null ? rows : rows.With(dropout);
            return statistics ? dropped.With(taken) : dropped;
        }
    }
}

using System.Text;

namespace Seriatim.Training.Tests;

/// <summary>
/// Reversible layers, hashed and local attention learn; what is computed again takes no memory and costs rounding alone.
/// </summary>
public sealed class ReformerTests : IDisposable
{
    private readonly IDifferentiableOps _ops = CpuOps.Create(2);

    public void Dispose() => _ops.Dispose();

    /// <summary>A text repeats its beginning: to know what comes, a row must find its like in the past.</summary>
    [Fact]
    public void ASmallTaskIsLearned()
    {
        using Model model = Make(12, ["local", "lsh"], rows: 4, columns: 6);
        using var optimizer = new AdamW(new ParameterSelection().Select(model));
        (double first, double last) = (0, 0);
        for (int step = 0; step < 250; step++)
        {
            optimizer.ClearGradients();
            TrainingBatch batch = Repetitions(step, sequences: 16, period: 4, length: 24);
            double loss = LossPass.Train(model, _ops, batch) / batch.Labels.Length;
            optimizer.Step(_ops, 5e-3 * Math.Min(1, (250 - step) / 100.0));
            (first, last) = (step == 0 ? loss : first, loss);
        }

        Assert.True(first > 2 && last < 0.25, $"The loss went from {first:F3} to {last:F3} nats; {Math.Log(12):F3} is chance.");
    }

    /// <summary>Twelve layers take the memory of three, where a tape that keeps all takes about four times as much.</summary>
    [Fact]
    public void MemoryDoesNotGrowWithDepth()
    {
        long Bytes(int layers, bool inverts)
        {
            using Model model = Make(24, [.. Enumerable.Range(0, layers).Select(i => i % 2 == 0 ? "local" : "lsh")], 8, 32,
                dropout: 0.1);
            Gradients(model, inverts, length: 250); // makes the gradients
            TensorPool.Shared.Trim();
            long before = TensorPool.Shared.LiveBytes;
            Gradients(model, inverts, length: 250);
            return TensorPool.Shared.LiveBytes + TensorPool.Shared.FreeBytes - before;
        }

        (long few, long many) = (Bytes(3, inverts: true), Bytes(12, inverts: true));
        (long fewKept, long manyKept) = (Bytes(3, inverts: false), Bytes(12, inverts: false));
        Assert.True(many <= 1.05 * few, $"{few} bytes for 3 layers, {many} for 12");
        Assert.True(manyKept > 2.5 * fewKept && many < 0.25 * manyKept, $"{fewKept} and {manyKept} bytes where all is kept");
    }

    /// <summary>
    /// Of 12 layers with dropout: the same bits each time, and those of a tape that keeps all but for rounding. Each layer takes
    /// back two sums, so an element of a stream is off by some 2^-24 of itself a layer: 1e-4 of the largest gradient is allowed.
    /// </summary>
    [Fact]
    public void GradientsAreThoseOfATapeThatKeepsAll()
    {
        using Model model = Make(24, [.. Enumerable.Range(0, 12).Select(i => i % 3 == 0 ? "local" : "lsh")], 8, 8, dropout: 0.1);
        float[][] inverted = Gradients(model, inverts: true, length: 61);
        float[][] again = Gradients(model, inverts: true, length: 61);
        float[][] kept = Gradients(model, inverts: false, length: 61);
        float[][] recomputed = Gradients(model, inverts: false, length: 61, recomputes: true);
        double worst = 0;
        for (int i = 0; i < kept.Length; i++)
        {
            Assert.Equal(inverted[i], again[i]);
            Assert.Equal(kept[i], recomputed[i]);
            float largest = kept[i].Max(Math.Abs);
            worst = Math.Max(worst, inverted[i].Zip(kept[i], (a, b) => Math.Abs((double)a - b)).Max() / largest);
        }

        Assert.True(worst is > 0 and < 1e-4, $"{worst:E2} of the largest gradient");
    }

    [Fact]
    public void GradientsAreSlopes()
    {
        using Model model = Make(12, ["lsh", "local"], 4, 8);
        using IDifferentiableOps exact = new ReferenceOps();
        TrainingBatch batch = Repetitions(1, sequences: 2, period: 5, length: 17);
        foreach (ModelParameter parameter in model.Parameters)
            parameter.Parameter.ClearGradient();
        LossPass.Train(model, exact, batch);
        var random = new Random(3);
        foreach (ModelParameter parameter in model.Parameters)
            CheckSlopes(model, exact, batch, parameter, random);
    }

    /// <summary>As in a recipe: the type alone names the family; the checkpoint has the names of the original.</summary>
    [Fact]
    public void ARecipeTrainsIt()
    {
        using var run = new TinyRun();
        run.Recipe["model_config"] = System.Text.Json.Nodes.JsonNode.Parse(Config(48, ["local", "lsh"], 4, 8, 0.1));
        using (Trainer trainer = run.Trainer(threads: 2))
            trainer.Run();
        using Model final = Model.Load(Path.Combine(run.Output, "final"));
        Assert.Equal("reformer", final.Spec.Family);
        string[] names = [.. CheckpointExporter.Shapes(final.Parameters)
            .Select(tensor => $"{tensor.Name} {string.Join(' ', tensor.Shape)}")];
        Assert.Contains("reformer.embeddings.position_embeddings.weights.0 4 1 10", names);
        Assert.Contains("reformer.embeddings.position_embeddings.weights.1 1 8 14", names);
        Assert.Contains("reformer.encoder.layers.1.attention.self_attention.query_key.weight 24 24", names);
        Assert.Contains("lm_head.decoder.weight 48 48", names);
    }

    private static void CheckSlopes(Model model, IDifferentiableOps ops, TrainingBatch batch, ModelParameter parameter,
        Random random)
    {
        Parameter p = parameter.Parameter;
        (float[] row, float[] gradient) = (new float[p.Columns], new float[p.Columns]);
        float largest = Enumerable.Range(0, p.Rows).Max(r =>
            { p.ReadGradientRow(r, gradient); return gradient.Max(Math.Abs); });
        int wrong = 0;
        for (int sample = 0; sample < 6; sample++)
        {
            (int r, int c) = (random.Next(p.Rows), random.Next(p.Columns));
            p.ReadRow(r, row);
            p.ReadGradientRow(r, gradient);
            float value = row[c];
            const float Step = 4e-3f;
            double slope = 0;
            foreach ((float at, double weight) in new[] { (Step, 8.0), (-Step, -8.0), (2 * Step, -1.0), (-2 * Step, 1.0) })
            {
                row[c] = value + at;
                p.WriteRow(r, row);
                slope += weight * LossPass.Evaluate(model, ops, batch).LossSum / (12 * (double)Step);
            }

            row[c] = value;
            p.WriteRow(r, row);
            wrong += Math.Abs(slope - gradient[c]) <= 5e-3 * largest + 2e-2 ? 0 : 1;
        }

        // Where a step moves a row to another bucket, the loss jumps, and there is no slope.
        Assert.True(wrong <= 1, $"{p.Name}: {wrong} of 6 gradients are no slopes.");
    }

    private float[][] Gradients(Model model, bool inverts, int length, bool recomputes = false)
    {
        foreach (ModelParameter parameter in model.Parameters)
            parameter.Parameter.ClearGradient();
        TrainingBatch batch = Repetitions(2, sequences: 3, period: 7, length);
        using (var tape = new Tape(_ops) { InvertsLayers = inverts, RecomputesLayers = recomputes })
        {
            using Tensor rows = LossPass.Hidden(model, tape, batch, new BatchDropout(model.Spec.Dropout, 5));
            using Tensor loss = model.Loss(tape, rows, batch.Labels, new CrossEntropyOptions());
            tape.Backward(loss);
        }

        return [.. CheckpointExporter.Gradients(model.Parameters).Select(tensor => tensor.Values)];
    }

    private static TrainingBatch Repetitions(int seed, int sequences, int period, int length)
    {
        var random = new Random(seed);
        var builder = new RaggedBatchBuilder();
        (var rows, var labels) = (new List<int>(), new List<int>());
        for (int i = 0; i < sequences; i++)
        {
            int[] start = [.. Enumerable.Range(0, period).Select(_ => random.Next(12))];
            int[] text = [.. Enumerable.Range(0, length + 1).Select(k => start[k % period])];
            for (int k = period; k < length; k++)
            {
                rows.Add(builder.Rows + k);
                labels.Add(text[k + 1]);
            }

            builder.Add(text[..length], outputs: Outputs.All);
        }

        return new TrainingBatch(builder.Build(), null, [.. rows], [.. labels]);
    }

    private static Model Make(int vocabulary, string[] layers, int rows, int columns, double dropout = 0) => Model.Create(
        "config.json", Encoding.UTF8.GetBytes(Config(vocabulary, layers, rows, columns, dropout)), new RandomSource(7));

    private static string Config(int vocabulary, string[] layers, int rows, int columns,
        double dropout) => FormattableString.Invariant($$"""
        {"model_type": "reformer", "attn_layers": ["{{string.Join("\", \"", layers)}}"], "axial_pos_shape": [{{rows}}, {{columns}}],
        "axial_pos_embds_dim": [10, 14], "num_hashes": 2, "num_buckets": 4, "vocab_size": {{vocabulary}}, "hidden_size": 24,
        "feed_forward_size": 48, "num_attention_heads": 2, "attention_head_size": 12, "local_attn_chunk_length": 8,
        "lsh_attn_chunk_length": 8, "max_position_embeddings": 256, "hidden_dropout_prob": {{dropout}},
        "lsh_attention_probs_dropout_prob": {{dropout}}, "local_attention_probs_dropout_prob": {{dropout}}}
        """);
}

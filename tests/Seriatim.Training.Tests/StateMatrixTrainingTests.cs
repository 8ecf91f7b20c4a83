using System.Text;

namespace Seriatim.Training.Tests;

/// <summary>
/// RetNet, Mamba-2, LSTM and GRU learn from a config alone: gradients are slopes, a broken-off run goes on with the same bits,
/// and each learns to recall what it was told, which a state must hold.
/// </summary>
public sealed class StateMatrixTrainingTests : IDisposable
{
    private const int Letters = 8;
    private const int Vocabulary = 2 * Letters;
    private const int Ignored = -100;

    private readonly IDifferentiableOps _ops = CpuOps.Create(1);

    public static TheoryData<string> Families => ["retnet", "mamba2", "mamba2-groups", "lstm", "gru"];

    public void Dispose() => _ops.Dispose();

    [Theory]
    [MemberData(nameof(Families))]
    public void GradientsAreSlopes(string family)
    {
        using Model model = Make(family, width: 12, layers: 1);
        using IDifferentiableOps exact = new ReferenceOps();
        Gradients(model, exact, Batch(1, [7, 1, 5]));
        var random = new Random(3);
        foreach (ModelParameter parameter in model.Parameters)
        {
            Parameter p = parameter.Parameter;
            (float[] row, float[] gradient) = (new float[p.Columns], new float[p.Columns]);
            float largest = Enumerable.Range(0, p.Rows).Max(r =>
                { p.ReadGradientRow(r, gradient); return gradient.Max(Math.Abs); });
            Assert.True(largest > 0, $"{p.Name} has no gradient");
            for (int sample = 0; sample < 4; sample++)
            {
                (int r, int c) = (random.Next(p.Rows), random.Next(p.Columns));
                p.ReadRow(r, row);
                p.ReadGradientRow(r, gradient);
                float value = row[c];
                const float Step = 2e-2f;
                double slope = 0;
                foreach ((float at, double weight) in new[] { (Step, 8.0), (-Step, -8.0), (2 * Step, -1.0), (-2 * Step, 1.0) })
                {
                    row[c] = value + at;
                    p.WriteRow(r, row);
                    slope += weight * Loss(model, exact, Batch(1, [7, 1, 5])) / (12 * (double)Step);
                }

                row[c] = value;
                p.WriteRow(r, row);
                Assert.True(Math.Abs(slope - gradient[c]) <= 3e-3 * largest + 2e-5,
                    $"{p.Name}[{r}, {c}]: gradient {gradient[c]}, slope {slope}, largest {largest}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void EachLearnsWhatItWasTold(string family)
    {
        using Model model = Make(family, width: 32, layers: 2);
        using var optimizer = new AdamW(new ParameterSelection().Select(model));
        Assert.InRange(Right(model, family), 0, 0.5); // 1 of 8 is chance
        for (int step = 0; step < 500; step++)
        {
            optimizer.ClearGradients();
            Gradients(model, _ops, Task(family, step));
            optimizer.Step(_ops, 6e-3);
            if (step % 100 == 99 && Right(model, family) > 0.99)
                break;
        }

        Assert.InRange(Right(model, family), 0.95, 1);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void AResumedRunEqualsOneThatNeverStopped(string family)
    {
        using Model whole = Make(family, 16, 2);
        using var optimizer = new AdamW(new ParameterSelection().Select(whole));
        Train(whole, optimizer, 0, 8);
        using Model begun = Make(family, 16, 2);
        using var early = new AdamW(new ParameterSelection().Select(begun));
        Train(begun, early, 0, 5);
        using Model resumed = Make(family, 16, 2);
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
        Train(resumed, late, 5, 8);
        foreach ((ModelParameter expected, ModelParameter actual) in whole.Parameters.Zip(resumed.Parameters))
            Assert.Equal(expected.Parameter.Data.Span.ToArray(), actual.Parameter.Data.Span.ToArray());
    }

    private static Model Make(string family, int width, int layers)
    {
        string config = family switch
        {
            "retnet" => $$"""
                {"model_type": "retnet", "vocab_size": {{Vocabulary}}, "decoder_embed_dim": {{width}},
                "decoder_value_embed_dim": {{width}},
                "decoder_retention_heads": 2, "decoder_ffn_embed_dim": {{width}}, "decoder_layers": {{layers}}}
                """,
            "lstm" or "gru" => $$"""
                {"model_type": "{{family}}", "vocab_size": {{Vocabulary}}, "hidden_size": {{width}}, "num_layers": {{layers}}}
                """,
            _ => $$"""
                {"model_type": "mamba2", "vocab_size": {{Vocabulary}}, "hidden_size": {{width}}, "num_heads":
                4, "head_dim": {{width / 2}},
                "state_size": 12, "n_groups": {{(family == "mamba2" ? 1 : 2)}}, "num_hidden_layers": {{layers}}, "conv_kernel": 4}
                """,
        };
        return Model.Create("config.json", Encoding.UTF8.GetBytes(config), new RandomSource(7));
    }

    private void Train(Model model, AdamW optimizer, int first, int end)
    {
        for (int step = first; step < end; step++)
        {
            optimizer.ClearGradients();
            Gradients(model, _ops, Batch(step, [9, 1, 6]));
            optimizer.Step(_ops, 1e-2);
        }
    }

    /// <summary>Random rows and labels.</summary>
    private static (RaggedBatch Batch, int[] Labels) Batch(int seed, int[] lengths)
    {
        var random = new Random(seed);
        var builder = new RaggedBatchBuilder();
        foreach (int length in lengths)
            builder.Add([.. Enumerable.Range(0, length).Select(_ => random.Next(Vocabulary))], outputs: Outputs.All);
        RaggedBatch batch = builder.Build();
        return (batch, [.. Enumerable.Range(0, batch.Rows).Select(_ => random.Next(Vocabulary))]);
    }

    /// <summary>
    /// Something is told, then asked for. Keys with their values are asked in another order (associative recall); a text is asked
    /// from its begin to its end (copy; a short one where all of it must fit through gates).
    /// </summary>
    private static (RaggedBatch Batch, int[] Labels) Task(string family, int seed)
    {
        var random = new Random(seed);
        var builder = new RaggedBatchBuilder();
        var labels = new List<int>();
        for (int sequence = 0; sequence < 24; sequence++)
        {
            (int[] told, int[] asked, int[] answers) = family switch
            {
                "retnet" => Copy(random, 8),
                "lstm" or "gru" => Copy(random, 3),
                _ => Recall(random),
            };
            builder.Add([.. told, .. asked], outputs: Outputs.All);
            labels.AddRange(Enumerable.Repeat(Ignored, told.Length));
            labels.AddRange(answers);
        }

        return (builder.Build(), [.. labels]);
    }

    private static (int[] Told, int[] Asked, int[] Answers) Recall(Random random)
    {
        int[] keys = [.. Enumerable.Range(0, Letters)];
        random.Shuffle(keys);
        int[] values = [.. keys.Select(_ => Letters + random.Next(Letters))];
        int[] order = [0, 1, 2];
        random.Shuffle(order);
        return ([.. order.Order().SelectMany(i => new[] { keys[i], values[i] })],
            [.. order.SelectMany(i => new[] { keys[i], values[i] })], [.. order.SelectMany(i => new[] { values[i], Ignored })]);
    }

    private static (int[] Told, int[] Asked, int[] Answers) Copy(Random random, int length)
    {
        int[] text = [.. Enumerable.Range(0, length).Select(_ => 1 + random.Next(Vocabulary - 1))];
        return (text, [0, .. text[..^1]], text);
    }

    /// <summary>Answers that are right, of sequences it never saw.</summary>
    private double Right(Model model, string family)
    {
        (RaggedBatch batch, int[] labels) = Task(family, -1);
        using Tensor hidden = model.Forward(_ops, batch);
        using Tensor logits = model.Project(_ops, hidden);
        int right = 0, all = 0;
        for (int row = 0; row < labels.Length; row++)
        {
            if (labels[row] < 0)
                continue;
            ReadOnlySpan<float> scores = logits.Row(row);
            all++;
            right += IndexOfMax(scores) == labels[row] ? 1 : 0;
        }

        return (double)right / all;
    }

    private static int IndexOfMax(ReadOnlySpan<float> scores)
    {
        int best = 0;
        for (int i = 1; i < scores.Length; i++)
            best = scores[i] > scores[best] ? i : best;
        return best;
    }

    private static float Loss(Model model, IOps ops, (RaggedBatch Rows, int[] Labels) data)
    {
        using Tensor hidden = model.Forward(ops, data.Rows);
        using Tensor loss = model.Loss(ops, hidden, data.Labels, new CrossEntropyOptions());
        return loss.Span[0];
    }

    private static void Gradients(Model model, IDifferentiableOps ops, (RaggedBatch Rows, int[] Labels) data)
    {
        using var tape = new Tape(ops);
        using Tensor hidden = model.Forward(tape, data.Rows);
        using Tensor loss = model.Loss(tape, hidden, data.Labels, new CrossEntropyOptions());
        tape.Backward(loss);
    }
}

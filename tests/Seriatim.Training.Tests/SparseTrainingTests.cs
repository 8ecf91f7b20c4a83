using System.Text;

namespace Seriatim.Training.Tests;

/// <summary>
/// Encoders with sparse attention learn: gradients are slopes in every parameter, and each family learns to look up what stands
/// far away, in a few seconds.
/// </summary>
public sealed class SparseTrainingTests : IDisposable
{
    private const int Letters = 6;
    private const int Mask = Letters;
    private const int Ask = Letters + 1;
    private const int Vocabulary = Letters + 2;
    private const string Shape = """
        "vocab_size": 8, "hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 2, "intermediate_size": 24,
        "max_position_embeddings": 42, "type_vocab_size": 1, "hidden_dropout_prob": 0, "attention_probs_dropout_prob": 0,
        "hidden_act": "gelu"
        """;

    private static readonly Dictionary<string, string> Configs = new()
    {
        ["longformer"] =
            $$"""{"model_type": "longformer", {{Shape}}, "attention_window": [4, 2], "attention_dilation": [1, 2]}""",
        ["big_bird"] = $$"""{"model_type": "big_bird", {{Shape}}, "block_size": 2, "num_random_blocks": 1}""",
        ["linformer"] =
            """{"model_type": "linformer", "num_tokens": 8, "dim": 16, "heads": 2, "depth": 2, "seq_len": 40, "k": 7}""",
        ["linformer-shared"] = """
            {"model_type": "linformer", "num_tokens": 8, "dim": 16, "heads": 2, "depth": 1, "seq_len": 40, "k": 12, "share_kv": true,
            "one_kv_head": true, "dim_head": 12}
            """,
    };

    private readonly IDifferentiableOps _ops = CpuOps.Create(2);

    public static TheoryData<string> Families => [.. Configs.Keys];

    public void Dispose() => _ops.Dispose();

    [Theory]
    [MemberData(nameof(Families))]
    public void GradientsAreSlopes(string family)
    {
        using Model model = Make(family);
        using IDifferentiableOps exact = new ReferenceOps();
        Gradients(model, exact, Data(family, 1, [19, 3]));
        var random = new Random(3);
        foreach (ModelParameter parameter in model.Parameters)
        {
            Parameter p = parameter.Parameter;
            (float[] row, float[] gradient) = (new float[p.Columns], new float[p.Columns]);
            float largest = Enumerable.Range(0, p.Rows).Max(r =>
            {
                p.ReadGradientRow(r, gradient);
                return gradient.Max(Math.Abs);
            });
            for (int sample = 0; sample < 3; sample++)
            {
                (int r, int c) = (random.Next(Math.Min(p.Rows, 19)), random.Next(p.Columns));
                p.ReadRow(r, row);
                p.ReadGradientRow(r, gradient);
                float value = row[c];
                const float Step = 1e-2f;
                double slope = 0;
                foreach ((float at, double weight) in new[] { (Step, 8.0), (-Step, -8.0), (2 * Step, -1.0), (-2 * Step, 1.0) })
                {
                    row[c] = value + at;
                    p.WriteRow(r, row);
                    slope += weight * Loss(model, exact, Data(family, 1, [19, 3])) / (12 * (double)Step);
                }

                row[c] = value;
                p.WriteRow(r, row);
                Assert.True(Math.Abs(slope - gradient[c]) <= 3e-3 * largest + 5e-5,
                    $"{p.Name}[{r}, {c}]: gradient {gradient[c]}, slope {slope}, largest {largest}");
            }
        }
    }

    /// <summary>
    /// A mask at the end stands for the letter at the start, further away than any window or neighbour: only global
    /// tokens, the first block, or projected rows carry it.
    /// </summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void WhatStandsFarAwayIsLearnt(string family)
    {
        using Model model = Make(family);
        using var optimizer = new AdamW(new ParameterSelection().Select(model));
        (RaggedBatch Batch, int[] Rows, int[] Labels) held = Data(family, 10_000, [.. Enumerable.Repeat(24, 16)]);
        float before = Loss(model, _ops, held), after = before;
        for (int step = 0; step < 400 && after > 0.3f; step++)
        {
            optimizer.ClearGradients();
            Gradients(model, _ops, Data(family, step, [.. Enumerable.Repeat(24, 16)]));
            optimizer.Step(_ops, 4e-3);
            if (step % 25 == 24)
                after = Loss(model, _ops, held);
        }

        Assert.True(after < 0.3f, $"{family}: the loss went from {before} to {after}; guessing gives {Math.Log(Letters)}.");
    }

    /// <summary>Dropped weights are the same ones backwards, whoever computes.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void GradientsWithDropoutAreThoseOfTheReference(string family)
    {
        using IDifferentiableOps exact = new ReferenceOps();
        var rates = new BatchDropout(new DropoutRates(0, 0, 0.3f, 0, 0), 5);
        float[][][] gradients = [.. new[] { exact, _ops }.Select(ops =>
        {
            using Model model = Make(family);
            (RaggedBatch batch, int[] rows, int[] labels) = Data(family, 1, [30, 3]);
            Gradients(model, ops, (batch.With(rates), rows, labels));
            return model.Parameters.Select(p => p.Parameter.GradientOrZeros().ToArray()).ToArray();
        })];
        foreach ((float[] expected, float[] actual) in gradients[0].Zip(gradients[1]))
        {
            float largest = expected.Max(Math.Abs);
            Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 2e-4 * largest + 1e-6));
        }
    }

    private static Model Make(string family) =>
        Model.Create(family, Encoding.UTF8.GetBytes(Configs[family]), new RandomSource(7, sinusoidalPositions: true));

    /// <summary>A letter, others, and at the end a mask in whose place the first letter belongs.</summary>
    private static (RaggedBatch Batch, int[] Rows, int[] Labels) Data(string family, int seed, int[] lengths)
    {
        var random = new Random(seed);
        var builder = new RaggedBatchBuilder();
        (var rows, var labels) = (new List<int>(), new List<int>());
        foreach (int length in lengths)
        {
            int[] ids = [.. Enumerable.Range(0, length).Select(_ => random.Next(Letters))];
            labels.Add(ids[0]);
            ids[^2] = Ask;
            ids[^1] = Mask;
            rows.Add(builder.Rows + length - 1);
            builder.AddEncoder(ids, pattern: family == "longformer" ? new() { Globals = [0] } : null);
        }

        return (builder.Build(), [.. rows], [.. labels]);
    }

    private static float Loss(Model model, IOps ops, (RaggedBatch Batch, int[] Rows, int[] Labels) data)
    {
        using Tensor loss = Run(model, ops, data);
        return loss.Span[0];
    }

    private static void Gradients(Model model, IDifferentiableOps ops, (RaggedBatch Batch, int[] Rows, int[] Labels) data)
    {
        using var tape = new Tape(ops);
        using Tensor loss = Run(model, tape, data);
        tape.Backward(loss);
    }

    private static Tensor Run(Model model, IOps ops, (RaggedBatch Batch, int[] Rows, int[] Labels) data)
    {
        using Tensor hidden = model.Forward(ops, data.Batch);
        using Tensor wanted = ops.GatherRows(hidden, data.Rows);
        return model.Loss(ops, wanted, data.Labels, new CrossEntropyOptions());
    }
}

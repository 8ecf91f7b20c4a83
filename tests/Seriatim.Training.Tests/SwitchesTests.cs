using System.Text;
using System.Text.Json.Nodes;

namespace Seriatim.Training.Tests;

/// <summary>
/// The switches of the family seriatim: with every value a model has gradients that are slopes, learns, and is the same after
/// it was saved and loaded.
/// </summary>
public sealed class SwitchesTests : IDisposable
{
    private const int Vocabulary = 13;
    private readonly IDifferentiableOps _ops = CpuOps.Create(2);

    public void Dispose() => _ops.Dispose();

    public static IEnumerable<object[]> Settings =>
    [
        .. ((string[])["none", "sinusoidal", "learned", "rope", "alibi", "relative"])
            .SelectMany(positions => ((string[])["CausalLM", "Seq2SeqLM", "MaskedLM"])
                .Select(shape => new object[] { shape, $"\"positions\": \"{positions}\"" })),
        .. ((string[])["layer", "rms", "batch"]).SelectMany(norm => ((string[])["pre", "post"])
            .Select(place => new object[] { "CausalLM", $"\"norm\": \"{norm}\", \"norm_placement\": \"{place}\"" })),
        ["CausalLM", "\"norm_placement\": \"none\""],
        ["CausalLM", "\"norm_placement\": \"none\", \"residual\": false"],
        ["CausalLM", "\"residual\": false"],
        ["Seq2SeqLM", "\"residual\": false, \"norm\": \"batch\""],
        ["MaskedLM", "\"norm\": \"batch\", \"norm_placement\": \"post\""],
        ["CausalLM", "\"num_attention_heads\": 1"],
        ["CausalLM", "\"num_attention_heads\": 6"],
        ["CausalLM", "\"gated\": true, \"hidden_act\": \"silu\", \"bias\": false"],
        ["CausalLM", "\"tie_word_embeddings\": false, \"intermediate_size\": 20, \"hidden_act\": \"relu\""],
        ["SequenceClassification", "\"num_labels\": 3"],
        ["SequenceClassification", "\"num_labels\": 3, \"norm\": \"batch\""],
    ];

    [Theory]
    [MemberData(nameof(Settings))]
    public void EveryValueLearnsAndIsTheSameAfterLoading(string shape, string switches)
    {
        using Model model = Make(shape, switches);
        TrainingBatch batch = Batch(model);
        double before = LossPass.Evaluate(model, _ops, batch).Loss, after = 0;
        using (var optimizer = new AdamW(new ParameterSelection().Select(model)))
        {
            for (int step = 0; step < 40; step++)
            {
                after = LossPass.Train(model, _ops, batch) / batch.Labels.Length;
                optimizer.Step(_ops, 5e-3, 1f / batch.Labels.Length, clear: true);
            }
        }

        Assert.True(after < before - 0.2, $"{before} to {after}");
        using var folder = new TempFolder();
        CheckpointWriter.Write(model, folder["model"]);
        using Model loaded = Model.Load(folder["model"]);
        Assert.Equal(model.Fingerprint, loaded.Fingerprint);
        Assert.Equal(Logits(model, batch), Logits(loaded, batch));
    }

    [Theory]
    [InlineData("CausalLM", "\"norm\": \"batch\"")]
    [InlineData("Seq2SeqLM", "\"norm\": \"batch\", \"norm_placement\": \"post\", \"positions\": \"none\"")]
    [InlineData("MaskedLM", "\"positions\": \"alibi\"")]
    [InlineData("CausalLM", "\"norm_placement\": \"none\", \"residual\": false")]
    public void GradientsAreSlopes(string shape, string switches)
    {
        using Model model = Make(shape, switches);
        using IDifferentiableOps exact = new ReferenceOps();
        TrainingBatch batch = Batch(model);
        double Loss(IOps ops, Action<Tensor>? then = null)
        {
            using var statistics = new BatchStatistics();
            using Tensor rows = LossPass.Hidden(model, ops, batch, null, statistics);
            using Tensor loss = model.Loss(ops, rows, batch.Labels, new CrossEntropyOptions());
            then?.Invoke(loss);
            return loss.ToArray()[0];
        }

        using (var tape = new Tape(exact))
            Loss(tape, loss => tape.Backward(loss));
        foreach (ModelParameter constant in model.Parameters.Where(p => p.IsConstant))
            Assert.Null(constant.Parameter.Gradient);
        Slopes.Check(model, () => Loss(exact), step: 5e-3f);
    }

    /// <summary>Each batch of a step moves the running statistics; a batch without labels of its own would be no other.</summary>
    [Fact]
    public void EachAccumulatedBatchMovesTheRunningStatistics()
    {
        using Model model = Make("CausalLM", "\"norm\": \"batch\", \"batchnorm_momentum\": 0.25");
        float[] Mean() => Row(model, "layers.0.norm1", ".running_mean");
        float[] start = Mean();
        Assert.All(start, value => Assert.Equal(0, value));
        Assert.All(Row(model, "layers.0.norm1", ".running_var"), value => Assert.Equal(1, value));
        LossPass.Train(model, _ops, Batch(model));
        float[] once = Mean();
        LossPass.Train(model, _ops, Batch(model), recompute: true);
        float[] twice = Mean();
        for (int i = 0; i < once.Length; i++)
            Assert.Equal(once[i] * 1.75f, twice[i], 1e-6f); // m + (1 - m) m times the mean of the rows
        LossPass.Evaluate(model, _ops, Batch(model));
        Assert.Equal(twice, Mean());
    }

    /// <summary>A run with batch norms says what they mean, and goes on bit for bit: running statistics are in
    /// checkpoints.</summary>
    [Fact]
    public void ARunWithBatchNormsSaysSoAndGoesOnBitForBit()
    {
        using var whole = new TinyRun();
        whole.Recipe["model_config"] = JsonNode.Parse(Config("CausalLM", "\"norm\": \"batch\"", 48));
        using (Trainer trainer = whole.Trainer(1))
        {
            Assert.Contains("batch norms", Assert.Single(trainer.Notices));
            trainer.Run();
            Assert.NotEqual(new float[12], Row(trainer.Model, "layers.1.norm2", ".running_mean"));
        }

        Assert.Contains("batch norms", File.ReadAllText(Path.Combine(whole.Output, "training.html")));
        using var parts = new TinyRun();
        parts.Recipe["model_config"] = whole.Recipe["model_config"]!.DeepClone();
        using (Trainer first = parts.Trainer(2))
        {
            using var stop = new CancellationTokenSource();
            first.AfterStep = step =>
            {
                if (step == 4)
                    stop.Cancel();
            };
            first.Run(stop.Token);
        }

        using (Trainer rest = parts.Trainer(2, resume: true))
            rest.Run();
        Assert.Equal(whole.Hashes("checkpoint-9"), parts.Hashes("checkpoint-9"));
        Assert.Equal(whole.Hashes("final"), parts.Hashes("final"));
    }

    private static float[] Row(Model model, string path, string ending)
    {
        Parameter parameter = model.Parameters.Single(p => p.Path == path && p.Ending == ending).Parameter;
        float[] row = new float[parameter.Columns];
        parameter.ReadRow(0, row);
        return row;
    }

    private static string Config(string shape, string switches, int vocabulary = Vocabulary)
    {
        JsonObject config = JsonNode.Parse("{" + switches + "}")!.AsObject();
        config["architectures"] = new JsonArray($"SeriatimFor{shape}");
        config["model_type"] = "seriatim";
        foreach ((string key, int value) in ((string, int)[])[("vocab_size", vocabulary), ("hidden_size", 12),
            ("num_hidden_layers", 2), ("num_attention_heads", 2), ("max_position_embeddings", 32)])
        {
            config[key] ??= value;
        }

        return config.ToJsonString();
    }

    private static Model Make(string shape, string switches) =>
        Model.Create("config.json", Encoding.UTF8.GetBytes(Config(shape, switches)), new RandomSource(7));

    private static TrainingBatch Batch(Model model)
    {
        int[] Text(int seed, int length) => [.. Enumerable.Range(0, length).Select(i => (seed + i * (seed + 2)) % Vocabulary)];
        ModelTask task = model.Spec.Task;
        if (task == ModelTask.SequenceToSequence)
        {
            var pairs = new PairBatch(startId: 1);
            for (int i = 0; i < 4; i++)
                pairs.Add(Text(i, 6 + i), Text(i, 5 + i));
            return pairs.Build();
        }

        var builder = new RaggedBatchBuilder();
        var labels = new List<int>();
        var rows = new List<int>();
        for (int i = 0; i < 5; i++)
        {
            int[] text = Text(i, 7 + i);
            int first = builder.Rows;
            if (task == ModelTask.CausalLanguageModel)
                builder.Add(text, outputs: Outputs.All);
            else
                builder.AddEncoder(text);
            bool classifies = task == ModelTask.SequenceClassification;
            rows.AddRange(Enumerable.Range(first, classifies ? 1 : text.Length));
            labels.AddRange(classifies ? [i % 3] : [.. text.Select(id => (id * 5 + 1) % Vocabulary)]);
        }

        return new TrainingBatch(builder.Build(), null, [.. rows], [.. labels]);
    }

    private float[] Logits(Model model, TrainingBatch batch)
    {
        using Tensor rows = LossPass.Hidden(model, _ops, batch);
        using Tensor logits = model.Project(_ops, rows);
        return logits.ToArray();
    }
}

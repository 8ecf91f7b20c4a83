using System.Text;
using System.Text.Json.Nodes;

namespace Seriatim.Training.Tests;

/// <summary>
/// Models of selective state spaces learn: gradients are slopes, a recipe that names the family trains it, and what was seen once
/// is remembered by content.
/// </summary>
public sealed class StateSpaceTrainingTests : IDisposable
{
    private readonly IDifferentiableOps _ops = CpuOps.Create(2);

    public void Dispose() => _ops.Dispose();

    [Theory]
    [InlineData("""{"model_type": "mamba", "state_size": 3, "conv_kernel": 3, "use_bias": true, "num_hidden_layers": 2""")]
    [InlineData("""{"model_type": "falcon_mamba", "state_size": 4, "time_step_rank": 4, "num_hidden_layers": 1""")]
    [InlineData("""
        {"model_type": "jamba", "mamba_d_state": 4, "mamba_dt_rank": 4, "num_hidden_layers": 3, "attn_layer_period": 3,
        "attn_layer_offset": 1,
        "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 10, "num_experts": 1
        """)]
    public void GradientsAreSlopes(string config)
    {
        using Model model = Make(config, width: 12, vocabulary: 13);
        using IDifferentiableOps exact = new ReferenceOps();
        using (var tape = new Tape(exact))
        {
            using Tensor loss = Loss(model, tape);
            tape.Backward(loss);
        }

        Slopes.Check(model, () =>
        {
            using Tensor loss = Loss(model, exact);
            return loss.ToArray()[0];
        }, step: 5e-3f);
    }

    [Theory]
    [InlineData("""{"model_type": "mamba", "state_size": 8, "num_hidden_layers": 2""")]
    [InlineData("""{"model_type": "falcon_mamba", "state_size": 8, "num_hidden_layers": 2""")]
    [InlineData("""
        {"model_type": "jamba", "mamba_d_state": 8, "num_hidden_layers": 2, "attn_layer_period": 2, "attn_layer_offset": 1,
        "num_attention_heads": 2, "num_key_value_heads": 2, "intermediate_size": 48, "num_experts": 2, "num_experts_per_tok": 1,
        "tie_word_embeddings": true
        """)]
    public void RecallIsLearnt(string config)
    {
        var task = new RecallTask(pairs: 2, keys: 4);
        using Model model = Make(config, width: 32, task.Vocabulary);
        (double loss, double right) = task.Train(model, _ops, steps: 250, sequences: 32, rate: 0.02);
        Assert.True(loss < 0.2 && right > 0.95, $"loss {loss}, right {right}");
    }

    /// <summary>
    /// The start is that of the paper, drawn from the seed: rates 1, 2, 3, ..., steps within the range asked for.
    /// </summary>
    [Fact]
    public void AFreshLayerBeginsAsThePaperSays()
    {
        const string Config = """
            {"model_type": "mamba", "state_size": 5, "num_hidden_layers": 1, "time_step_min": 0.01, "time_step_max": 0.5
            """;
        using Model model = Make(Config, width: 40, vocabulary: 13);
        float[] Row(string path, string ending, int row, int columns)
        {
            float[] values = new float[columns];
            model.Parameters.Single(p => p.Path == path && p.Ending == ending).Parameter.ReadRow(row, values);
            return values;
        }

        Assert.Equal([0, MathF.Log(2), MathF.Log(3), MathF.Log(4), MathF.Log(5)], Row("layers.0.mamba.log_rates", "", 33, 5));
        Assert.All(Row("layers.0.mamba.skip", "", 0, 80), d => Assert.Equal(1, d));
        double[] steps = [.. Row("layers.0.mamba.step", ".bias", 0, 80).Select(b => Math.Log(1 + Math.Exp(b)))];
        Assert.All(steps, step => Assert.InRange(step, 0.00999, 0.5001));
        Assert.InRange(steps.Average(step => Math.Log(step)), Math.Log(0.04), Math.Log(0.12)); // log-uniform: about 0.07
    }

    /// <summary>Nothing limits the length of a sequence, so the data say how long one may get.</summary>
    [Fact]
    public void ARecipeThatNamesTheFamilyTrainsIt()
    {
        using var run = new TinyRun();
        run.Recipe["model_config"] = JsonNode.Parse("""
            {"model_type": "mamba", "vocab_size": 48, "hidden_size": 24, "num_hidden_layers": 2, "state_size": 4,
            "eos_token_id": 0}
            """);
        run.Recipe["train_files"] = JsonNode.Parse("""[{"path": "data.txt", "format": "lines"}]""");
        run.Recipe["max_steps"] = 24;
        run.Recipe["save_steps"] = 24;
        using Trainer trainer = run.Trainer(2);
        Assert.InRange(trainer.Memory.Activations, 1, 2_000_000);
        double before = trainer.Evaluate()!.Value.Loss;
        TrainerResult result = trainer.Run();
        Assert.True(result.Validation!.Value.Loss < before - 0.5, $"{before} to {result.Validation.Value.Loss}");
        using Model saved = Model.Load(Path.Combine(run.Output, "final"));
        Assert.Equal("mamba", saved.Spec.Family);
    }

    private static Tensor Loss(Model model, IOps ops)
    {
        var random = new Random(5);
        var builder = new RaggedBatchBuilder();
        foreach (int length in (int[])[9, 1, 6])
            builder.Add([.. Enumerable.Range(0, length).Select(_ => random.Next(13))], outputs: Outputs.All);
        RaggedBatch batch = builder.Build();
        int[] labels = [.. Enumerable.Range(0, batch.Rows).Select(_ => random.Next(13))];
        using Tensor hidden = model.Forward(ops, batch);
        return model.Loss(ops, hidden, labels, new CrossEntropyOptions());
    }

    private static Model Make(string config, int width, int vocabulary) => Model.Create("config.json",
        Encoding.UTF8.GetBytes($"{config}, \"hidden_size\": {width}, \"vocab_size\": {vocabulary}}}"), new RandomSource(7));
}

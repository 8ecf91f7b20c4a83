using System.Text.Json.Nodes;

namespace Seriatim.Training.Tests;

public sealed class ScheduledSamplingTests
{
    [Theory]
    [InlineData(SamplingGrowth.Constant, 0.4, 0.4, 0.4)]
    [InlineData(SamplingGrowth.Linear, 0, 0.2, 0.4)]
    [InlineData(SamplingGrowth.Exponential, 0, 0.36, 0.4)]
    [InlineData(SamplingGrowth.InverseSigmoid, 0, 0.2, 0.4)]
    public void The_probability_grows_as_it_says(SamplingGrowth growth, double first, double middle, double last)
    {
        var sampling = new ScheduledSampling(0.4, growth, StartStep: 10, EndStep: growth == SamplingGrowth.Constant ? 0 : 30);
        Assert.Equal(0, sampling.ProbabilityAt(9));
        Assert.Equal(first, sampling.ProbabilityAt(10), 1e-9);
        Assert.Equal(middle, sampling.ProbabilityAt(20), 1e-9);
        Assert.Equal(last, sampling.ProbabilityAt(30), 1e-9);
        Assert.Equal(last, sampling.ProbabilityAt(1000), 1e-9);
    }

    [Fact]
    public void Inputs_become_what_the_model_predicts_and_labels_stay()
    {
        using Model model = TinyModel.Gpt();
        using IDifferentiableOps ops = CpuOps.Create(1);
        var builder = new RaggedBatchBuilder();
        builder.Add([3, 4, 5, 6, 7], outputs: Outputs.All);
        builder.Add([8, 9, 10], outputs: Outputs.All);
        var batch = new TrainingBatch(builder.Build(), null, [.. Enumerable.Range(0, 8)], [4, 5, 6, 7, 8, 9, 10, 11]);
        using Tensor hidden = model.Forward(ops, batch.Rows);
        using Tensor logits = model.Project(ops, hidden);
        int[] predicted = [.. Enumerable.Range(0, 8).Select(r => LossPass.MostLikely(logits.Row(r)))];

        TrainingBatch all = ScheduledSampling.Apply(model, ops, batch, 1, new CounterRandom(1, 1));
        Assert.Equal([3, .. predicted[..4], 8, .. predicted[5..7]], all.Rows.Tokens.ToArray());
        Assert.Equal(batch.Labels, all.Labels);
        Assert.Same(batch, ScheduledSampling.Apply(model, ops, batch, 0, new CounterRandom(1, 1)));
        int[] some = ScheduledSampling.Apply(model, ops, batch, 0.5, new CounterRandom(1, 5)).Rows.Tokens.ToArray();
        Assert.Equal(some, ScheduledSampling.Apply(model, ops, batch, 0.5, new CounterRandom(1, 5)).Rows.Tokens.ToArray());
        for (int row = 0; row < 8; row++)
            Assert.True(some[row] == batch.Rows.Tokens.Span[row] || some[row] == all.Rows.Tokens.Span[row]);
        Assert.Throws<ArgumentException>(() => ScheduledSampling.Apply(model, ops, batch with { Labels = [1], LabelRows = [0] }, 1, default));
    }

    [Fact]
    public void A_run_with_it_resumes_bit_by_bit()
    {
        TinyRun Run()
        {
            var run = new TinyRun();
            run.Recipe["scheduled_sampling"] = JsonNode.Parse("""{"probability": 0.5, "schedule": "linear", "start_step": 2, "end_step": 6}""");
            run.Recipe["gradient_checkpointing"] = true;
            run.Recipe["dropout"] = 0.1;
            return run;
        }

        using TinyRun whole = Run(), parts = Run(), without = Run();
        using (Trainer trainer = whole.Trainer(2))
            trainer.Run();
        using (Trainer trainer = parts.Trainer())
        {
            using var source = new CancellationTokenSource();
            trainer.AfterStep = step =>
            {
                if (step == 5)
                    source.Cancel();
            };
            trainer.Run(source.Token);
        }

        using (Trainer trainer = parts.Trainer(resume: true))
            trainer.Run();
        Assert.Equal(whole.Hashes("final"), parts.Hashes("final"));
        string Weights(TinyRun run) => run.Hashes("final").Single(h => h.StartsWith("model.safetensors", StringComparison.Ordinal));
        without.Recipe["gradient_checkpointing"] = false;
        using (Trainer trainer = without.Trainer())
            trainer.Run();
        Assert.Equal(Weights(whole), Weights(without));
        without.Recipe.Remove("scheduled_sampling");
        without.Recipe["output_dir"] = "other";
        using Trainer plain = without.Trainer();
        plain.Run();
        Assert.NotEqual(Weights(whole), without.Hashes("../other/final").Single(h => h.StartsWith("model.safetensors", StringComparison.Ordinal)));
    }
}

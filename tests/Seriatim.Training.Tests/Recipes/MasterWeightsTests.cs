using System.Text.Json.Nodes;

namespace Seriatim.Training.Tests;

/// <summary>Training with products in BF16 and F32 values behind them.</summary>
public sealed class MasterWeightsTests
{
    [Theory]
    [InlineData("adamw", 1)]
    [InlineData("lion", 2)]
    [InlineData("adafactor", 2)]
    public void A_resumed_run_equals_one_that_never_stopped(string optimizer, int threads)
    {
        using TinyRun whole = Run(optimizer), parts = Run(optimizer);
        using (Trainer trainer = whole.Trainer(1))
            trainer.Run();
        foreach (int stop in (int[])[4, 9])
        {
            using Trainer trainer = parts.Trainer(threads, resume: true);
            using var cancel = new CancellationTokenSource();
            trainer.AfterStep = step =>
            {
                if (step == stop)
                    cancel.Cancel();
            };
            trainer.Run(cancel.Token);
        }

        Assert.Equal(whole.Hashes("checkpoint-9"), parts.Hashes("checkpoint-9"));
        Assert.Equal(whole.Hashes("final"), parts.Hashes("final"));
    }

    [Fact]
    public void Products_read_half_the_bytes_and_steps_below_their_grain_are_not_lost()
    {
        using TinyRun run = Run("adamw");
        using Trainer trainer = run.Trainer();
        ModelParameter matrix = trainer.Model.Parameters.First(p => p.IsMatrix);
        Assert.Equal(DataType.BF16, matrix.Parameter.Data.Type);
        Assert.Equal(DataType.F32, matrix.Parameter.Master.Type);
        Assert.All(trainer.Model.Parameters.Where(p => p.IsVector), p => Assert.Equal(DataType.F32, p.Parameter.Data.Type));
        trainer.Run();
        float[] master = matrix.Parameter.Master.ToArray();
        Assert.Contains(master, value => SixteenBits.FromBFloat16(SixteenBits.ToBFloat16(value)) != value);

        // What is written is the master, and the finished model in BF16 is what was evaluated.
        using Model kept = Model.Load(Path.Combine(run.Output, "checkpoint-9"),
            new ModelLoadOptions { Storage = WeightStorage.F32 });
        Assert.Equal(master, kept.Parameters.First(p => p.IsMatrix).Parameter.Data.ToArray());
    }

    [Fact]
    public void The_loss_falls_as_it_does_in_F32()
    {
        double[] losses = [.. new[] { false, true }.Select(rounded =>
        {
            using TinyRun run = Run("adamw");
            run.Recipe["bf16"] = rounded;
            run.Recipe["max_steps"] = 60;
            run.Recipe.Remove("ema_decay");
            using Trainer trainer = run.Trainer();
            double before = trainer.Evaluate()!.Value.Loss;
            double after = trainer.Run().Validation!.Value.Loss;
            Assert.True(after < before - 0.7, $"{before} to {after}");
            return after;
        })];
        Assert.NotEqual(losses[0], losses[1]);
        Assert.InRange(losses[1] / losses[0], 0.98, 1.02);
    }

    [Fact]
    public void A_checkpoint_of_the_other_kind_is_refused_by_the_key()
    {
        using TinyRun run = Run("adamw");
        using (Trainer trainer = run.Trainer())
            trainer.Run();
        run.Recipe["bf16"] = false;
        run.Recipe["max_steps"] = 12;
        Assert.Contains("bf16", Assert.Throws<RecipeException>(() => run.Trainer(resume: true)).Message);
    }

    [Fact]
    public void A_master_is_kept_once()
    {
        using var parameter = new Parameter("layer.weight", 3, 5);
        parameter.KeepMaster();
        Assert.Contains("layer.weight", Assert.Throws<InvalidOperationException>(parameter.KeepMaster).Message);
        parameter.WriteRow(1, [1, 2, 3, 4, 1.001f]);
        float[] row = new float[5];
        parameter.ReadRow(1, row);
        Assert.Equal([1, 2, 3, 4, 1.001f], row);
    }

    private static TinyRun Run(string optimizer)
    {
        var run = new TinyRun();
        run.Recipe["bf16"] = true;
        run.Recipe["optim"] = optimizer;
        return run;
    }
}

namespace Seriatim.Training.Tests;

/// <summary>The first evaluation is made the best one by asking for the greatest loss: later ones are smaller.</summary>
public sealed class BestModelTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_best_checkpoint_is_kept_and_becomes_the_model(bool averaged)
    {
        using TinyRun run = Run(averaged);
        run.Recipe["save_total_limit"] = 1;
        using Trainer trainer = run.Trainer();
        TrainerResult result = trainer.Run();
        Assert.Equal((12, false, 3L, 3), (result.Steps, result.StoppedEarly, result.Best!.Step, result.Best.Since));
        Assert.Equal(["checkpoint-12", "checkpoint-3"], Directory.GetDirectories(run.Output, "checkpoint-*").Select(Path.GetFileName).Order(StringComparer.Ordinal));
        using Model final = Model.Load(Path.Combine(run.Output, "final"), new ModelLoadOptions { Storage = WeightStorage.F32 });
        using TinyRun shortRun = Run(averaged);
        shortRun.Recipe["max_steps"] = 3;
        using (Trainer three = shortRun.Trainer())
            three.Run();
        string Weights(TinyRun r) => r.Hashes("final").Single(h => h.StartsWith("model.safetensors", StringComparison.Ordinal));
        Assert.Equal(Weights(shortRun), Weights(run));
    }

    [Fact]
    public void Training_ends_when_nothing_gets_better_also_after_a_resume()
    {
        using TinyRun whole = Run(averaged: true), parts = Run(averaged: true);
        foreach (TinyRun run in (TinyRun[])[whole, parts])
            run.Recipe["early_stopping_patience"] = 2;
        using (Trainer trainer = whole.Trainer())
        {
            TrainerResult result = trainer.Run();
            Assert.Equal((9, true, false), (result.Steps, result.StoppedEarly, result.Cancelled));
            Assert.NotNull(result.Validation);
        }

        using (Trainer trainer = parts.Trainer())
        {
            using var source = new CancellationTokenSource();
            trainer.AfterStep = step =>
            {
                if (step == 7)
                    source.Cancel();
            };
            Assert.True(trainer.Run(source.Token).Cancelled);
        }

        using (Trainer trainer = parts.Trainer(threads: 2, resume: true))
            Assert.True(trainer.Run().StoppedEarly);
        Assert.Equal(whole.Hashes("checkpoint-9"), parts.Hashes("checkpoint-9"));
        Assert.Equal(whole.Hashes("final"), parts.Hashes("final"));
        // A run that has ended does not go on.
        using Trainer again = parts.Trainer(resume: true);
        Assert.Equal((9, true), (again.Run().Steps, again.Best!.Since >= 2));
    }

    [Fact]
    public void What_is_compared_must_be_there()
    {
        using TinyRun run = Run(averaged: false);
        run.Recipe.Remove("validation_split");
        Assert.Contains("no validation data", Assert.Throws<RecipeException>(() => run.Trainer()).Message);
    }

    [Fact]
    public void Epochs_stand_for_steps()
    {
        using var run = new TinyRun();
        run.Recipe.Remove("max_steps");
        run.Recipe["num_train_epochs"] = 1.5;
        run.Recipe["save_steps"] = 0;
        using Trainer trainer = run.Trainer();
        long steps = trainer.TotalSteps;
        TrainerResult result = trainer.Run();
        Assert.Equal(steps, result.Steps);
        // Two batches a step: the last one may reach beyond the end by one batch.
        double epochs = trainer.History[^2].Values["epoch"];
        Assert.InRange(trainer.Steps, 2, 1000);
        Assert.InRange(epochs, 1.3, 1.6);
    }

    private static TinyRun Run(bool averaged)
    {
        var run = new TinyRun();
        run.Recipe["max_steps"] = 12;
        run.Recipe["metric_for_best_model"] = "eval_loss";
        run.Recipe["greater_is_better"] = true;
        run.Recipe["load_best_model_at_end"] = true;
        if (!averaged)
            run.Recipe.Remove("ema_decay");
        // The same schedule for 3 and 12 steps.
        run.Recipe["lr_scheduler_type"] = "constant_with_warmup";
        return run;
    }
}

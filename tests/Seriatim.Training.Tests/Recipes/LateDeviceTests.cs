using Seriatim.Tensors.Tests;

namespace Seriatim.Training.Tests;

/// <summary>
/// Whole runs on a device that computes later, on a thread of its own, in memory that nobody else can read: the same files byte for byte, and
/// nothing left behind.
/// </summary>
public sealed class LateDeviceTests
{
    [Theory]
    [InlineData("adamw", false)]
    [InlineData("adamw", true)]
    [InlineData("lion", false)]
    [InlineData("adafactor", true)]
    public void A_run_writes_the_same_bytes(string optimizer, bool taught)
    {
        using TinyRun here = Prepared(optimizer, taught), there = Prepared(optimizer, taught);
        using (Trainer trainer = here.Trainer(2))
            trainer.Run();
        using var device = new LateDevice();
        long before = device.LiveBytes;
        using (Trainer trainer = there.Trainer(2, device: device))
        {
            Assert.True(device.LiveBytes > before, "The model is not on the device.");
            trainer.Run();
        }

        device.Synchronize();
        Assert.True(device.Asked > 1000, $"The device was asked for {device.Asked} pieces of work: the run went elsewhere.");
        Assert.Equal(before, device.LiveBytes);
        foreach (string folder in (string[])["checkpoint-3", "checkpoint-6", "checkpoint-9", "final"])
            Assert.Equal(here.Hashes(folder), there.Hashes(folder));
    }

    [Fact]
    public void A_run_goes_on_there_as_here()
    {
        using TinyRun here = Prepared("adamw", taught: false), there = Prepared("adamw", taught: false);
        using (Trainer trainer = here.Trainer(1))
            trainer.Run();
        using var device = new LateDevice();
        using (Trainer trainer = there.Trainer(1, device: device))
        {
            using var stop = new CancellationTokenSource();
            trainer.AfterStep = step =>
            {
                if (step == 4)
                    stop.Cancel();
            };
            trainer.Run(stop.Token);
        }

        using (Trainer trainer = there.Trainer(2, resume: true, device: device))
            trainer.Run();
        Assert.Equal(here.Hashes("checkpoint-9"), there.Hashes("checkpoint-9"));
        device.Synchronize();
        Assert.Equal(0, device.LiveBytes);
    }

    /// <summary>Clipping that bites, dropout, recomputation, two batches a step, an average of the weights, scheduled sampling or a teacher.</summary>
    private static TinyRun Prepared(string optimizer, bool taught)
    {
        var run = new TinyRun();
        run.Recipe["optim"] = optimizer;
        run.Recipe["max_grad_norm"] = 0.3;
        run.Recipe["dropout"] = 0.1;
        run.Recipe["gradient_checkpointing"] = true;
        run.Recipe["scheduled_sampling"] = 0.2;
        if (!taught)
            return run;
        run.Recipe["output_dir"] = "teacher";
        run.Recipe["seed"] = 5;
        using (Trainer trainer = run.Trainer())
            trainer.Run();
        run.Recipe["teacher_model_name_or_path"] = "teacher/final";
        run.Recipe["label_smoothing_factor"] = 0.1;
        run.Recipe["output_dir"] = "out";
        run.Recipe["seed"] = 1;
        return run;
    }
}

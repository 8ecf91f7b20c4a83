using System.Text.Json.Nodes;

namespace Seriatim.Training.Tests;

public sealed class TrainerTests
{
    [Theory]
    [InlineData("adamw", 1)]
    [InlineData("adamw", 2)]
    [InlineData("lion", 2)]
    [InlineData("adafactor", 2)]
    public void A_resumed_run_equals_one_that_never_stopped(string optimizer, int threads)
    {
        using var whole = new TinyRun();
        whole.Recipe["optim"] = optimizer;
        whole.Recipe["max_grad_norm"] = 0.5;
        using (Trainer trainer = whole.Trainer(1))
            trainer.Run();
        using var parts = new TinyRun();
        parts.Recipe["optim"] = optimizer;
        parts.Recipe["max_grad_norm"] = 0.5;
        foreach (int stop in (int[])[4, 5, 9])
        {
            using Trainer trainer = parts.Trainer(threads, resume: true);
            // The stops lie between two log entries and between two checkpoints.
            TrainerResult result = stop == 9 ? trainer.Run() : Stepped(trainer, stop);
            Assert.Equal((stop, stop != 9), (result.Steps, result.Cancelled));
        }

        Assert.Equal(whole.Hashes("checkpoint-9"), parts.Hashes("checkpoint-9"));
        Assert.Equal(whole.Hashes("final"), parts.Hashes("final"));
        Assert.Equal(["checkpoint-3", "checkpoint-6", "checkpoint-9"], Names(whole));
    }

    [Fact]
    public void A_failure_at_any_write_leaves_the_previous_checkpoint()
    {
        using var whole = new TinyRun();
        whole.Recipe["save_total_limit"] = 1;
        var writes = new List<string>();
        using (Trainer trainer = whole.Trainer())
        {
            trainer.Store.BeforeWrite = what => writes.AddRange(trainer.Steps == 6 ? [what] : []);
            trainer.Run();
        }

        Assert.Contains("rename", writes);
        Assert.Contains("remove the files", writes);
        for (int fail = 0; fail < writes.Count; fail++)
        {
            using var broken = new TinyRun();
            broken.Recipe["save_total_limit"] = 1;
            FailAt(broken, fail, threads: 1 + fail % 2);
            string latest = new CheckpointStore(broken.Output).Latest()!;
            Assert.EndsWith(fail <= writes.IndexOf("rename") ? "checkpoint-3" : "checkpoint-6", latest);
            // What a killed program leaves beside it, half written, is no checkpoint.
            Directory.CreateDirectory(Path.Combine(broken.Output, ".tmp-checkpoint-6"));
            File.WriteAllText(Path.Combine(broken.Output, ".tmp-checkpoint-6", "model.safetensors"), "half");
            using (Trainer resumed = broken.Trainer(threads: 2 - fail % 2, resume: true))
                resumed.Run();
            Assert.Equal(whole.Hashes("checkpoint-9"), broken.Hashes("checkpoint-9"));
            Assert.Equal(["checkpoint-9"], Names(broken));
            Assert.Empty(Directory.GetDirectories(broken.Output, ".tmp-*"));
        }
    }

    [Fact]
    public void The_loss_falls_and_the_figures_are_written()
    {
        using var run = new TinyRun();
        run.Recipe["max_steps"] = 60;
        run.Recipe["logging_steps"] = 20;
        run.Recipe.Remove("ema_decay");
        var told = new List<LogEntry>();
        using Trainer trainer = run.Trainer(progress: new Immediate(told.Add));
        TokenScores before = trainer.Evaluate()!.Value;
        TrainerResult result = trainer.Run();
        Assert.True(result.Validation!.Value.Loss < before.Loss - 0.7, $"{before.Loss} to {result.Validation.Value.Loss}");
        Assert.Equal(before.Labels, result.Validation.Value.Labels);
        JsonObject[] lines = [.. File.ReadLines(Path.Combine(run.Output, "metrics.jsonl")).Select(l => JsonNode.Parse(l)!.AsObject())];
        Assert.Equal(told.Count, lines.Length);
        Assert.Equal([20, 40, 60], lines.Where(l => l.ContainsKey("loss")).Select(l => (int)l["step"]!));
        JsonObject last = lines[^1];
        // One letter is one byte here, so both figures are the same loss in two units.
        Assert.Equal((double)last["eval_loss"]! / Math.Log(2), (double)last["eval_bits_per_byte"]!, 1e-9);
        Assert.Equal(Math.Exp((double)last["eval_loss"]!), (double)last["eval_perplexity"]!, 1e-9);
        Assert.All(lines.Where(l => l.ContainsKey("loss")), line =>
        {
            Assert.Equal(Math.Exp((double)line["loss"]!), (double)line["perplexity"]!, 1e-9);
            Assert.True((double)line["tokens_per_second"]! > 0 && (double)line["fma_fraction"]! > 0 && (double)line["grad_norm"]! > 0);
            Assert.InRange((double)line["accuracy"]!, 0.001, 1);
        });
        Assert.Equal(lines.Length, MetricsLog.Read(Path.Combine(run.Output, "metrics.jsonl")).Count);
        Assert.Contains("eval_loss", File.ReadAllText(Path.Combine(run.Output, "training.html")));
        Assert.Empty(Directory.GetFiles(run.Output, "*.new"));
        Assert.True(trainer.Memory.Total > trainer.Model.WeightBytes * 4);
        using Model final = Model.Load(Path.Combine(run.Output, "final"));
        Assert.NotNull(Tokenizer.Load(Path.Combine(run.Output, "final")));
    }

    [Fact]
    public void A_loss_that_is_not_finite_stops_the_run_and_says_where()
    {
        using var run = new TinyRun();
        using Trainer trainer = run.Trainer(progress: new Immediate(entry =>
        {
            if (entry.Step == 4)
                Poison!();
        }));
        Poison = () => trainer.Model.Parameters[0].Parameter.Data.Span.Fill(float.NaN);
        var error = Assert.Throws<TrainingDivergedException>(() => trainer.Run());
        Assert.Equal(5, error.Step);
        Assert.EndsWith("checkpoint-3", error.Checkpoint);
        Assert.Contains("Step 5: the loss is NaN", error.Message);
        Assert.Equal(["checkpoint-3"], Names(run));
    }

    [Fact]
    public void The_memory_estimate_is_of_the_size_of_the_memory_used()
    {
        using var run = new TinyRun();
        run.Recipe["per_device_train_batch_size"] = 64;
        run.Recipe["max_steps"] = 2;
        TensorPool.Shared.Trim();
        long before = TensorPool.Shared.LiveBytes;
        using Trainer trainer = run.Trainer();
        trainer.Run();
        double used = TensorPool.Shared.LiveBytes + TensorPool.Shared.FreeBytes - before;
        Assert.InRange(trainer.Memory.Total / used, 0.5, 2);
    }

    [Fact]
    public void Other_settings_or_a_folder_in_use_are_refused()
    {
        using var run = new TinyRun();
        run.Recipe["max_steps"] = 3;
        using (Trainer trainer = run.Trainer())
            trainer.Run();
        Assert.Contains("has checkpoints already", Assert.Throws<RecipeException>(() => run.Trainer()).Message);
        run.Recipe["learning_rate"] = 0.02;
        run.Recipe["ema_decay"] = 0;
        run.Recipe["model_config"]!["n_head"] = 1;
        run.Recipe["max_steps"] = 2;
        run.Folder.Write("data.txt", "other letters\nother letters\nother letters\nother letters\n");
        string message = Assert.Throws<RecipeException>(() => run.Trainer(resume: true)).Message;
        Assert.Contains("other settings", message);
        string[] lines = message.Split(Environment.NewLine)[1..];
        Assert.Equal("ema_decay: 0.5, now 0", lines[0]);
        Assert.Equal("learning_rate: 0.01, now 0.02", lines[1]);
        Assert.Equal("max_steps: 3, now 2", lines[2]);
        Assert.Matches("^model_config.n_head: [^1]+, now 1$", lines[3]);
        Assert.Matches(@"^train_files\[0\]: data.txt [0-9a-f]{16} weight , now data.txt [0-9a-f]{16} weight $", lines[4]);
        Assert.Equal(5, lines.Length);
    }

    [Theory]
    [InlineData("constant", true)]
    [InlineData("cosine", false)]
    public void More_steps_are_welcome_and_equal_a_longer_run_where_the_rate_was_the_same(string schedule, bool same)
    {
        using var whole = new TinyRun();
        using var parts = new TinyRun();
        foreach (TinyRun run in (TinyRun[])[whole, parts])
        {
            run.Recipe["lr_scheduler_type"] = schedule;
            run.Recipe.Remove("warmup_steps");
            run.Recipe["eval_steps"] = 0;
        }

        using (Trainer trainer = whole.Trainer())
            trainer.Run();
        parts.Recipe["max_steps"] = 6;
        using (Trainer trainer = parts.Trainer())
            trainer.Run();
        parts.Recipe["max_steps"] = 9;
        using (Trainer trainer = parts.Trainer(resume: true))
        {
            string notice = Assert.Single(trainer.Notices);
            Assert.Contains("9 steps now, 6 before", notice);
            Assert.Equal(!same, notice.Contains("would have been another one", StringComparison.Ordinal));
            Assert.Equal((9, false), (trainer.Run().Steps, false));
        }

        // Weights and moments; the log has one evaluation more.
        string[] files = ["model.safetensors", "training_state.safetensors"];
        string[] Kept(TinyRun run) => [.. run.Hashes("checkpoint-9").Where(line => files.Contains(line.Split(' ')[0]))];
        Assert.Equal(2, Kept(whole).Length);
        Assert.Equal(same, Kept(whole).SequenceEqual(Kept(parts)));
    }

    [Fact]
    public void Settings_are_the_same_in_any_culture()
    {
        using var run = new TinyRun();
        run.Recipe["max_steps"] = 3;
        using (Trainer trainer = run.Trainer())
            trainer.Run();
        var german = (System.Globalization.CultureInfo)System.Globalization.CultureInfo.InvariantCulture.Clone();
        german.NumberFormat.NumberDecimalSeparator = ",";
        System.Globalization.CultureInfo before = System.Globalization.CultureInfo.CurrentCulture;
        System.Globalization.CultureInfo.CurrentCulture = german;
        try
        {
            using Trainer trainer = run.Trainer(resume: true);
            Assert.Equal(3, trainer.Steps);
        }
        finally
        {
            System.Globalization.CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Averages_are_what_they_say()
    {
        using Model model = TinyModel.Gpt();
        IReadOnlyList<TrainableParameter> parameters = new ParameterSelection().Select(model);
        using var average = new WeightAverage(parameters, 0.75);
        using IDifferentiableOps ops = CpuOps.Create(1);
        Span<float> first = parameters[0].Parameter.Data.Span;
        float before = first[0];
        first[0] += 4;
        average.Update(ops);
        Assert.Equal(before + 1, average.Values[0].Values.Span[0], 1e-5f);
        average.Swap(ops);
        Assert.Equal(before + 1, first[0], 1e-5f);
        using var folder = new TempFolder();
        CheckpointWriter.Write(model, folder["a"]);
        first[0] += 2;
        CheckpointWriter.Write(model, folder["b"]);
        using Model mean = CheckpointAverage.Load([folder["a"], folder["b"]]);
        Assert.Equal(first[0] - 1, mean.Parameters.Single(p => p.Parameter.Name == parameters[0].Name).Parameter.Data.Span[0], 1e-5f);
    }

    [Theory]
    [InlineData("bfloat16", DataType.BF16)]
    [InlineData("float16", DataType.F16)]
    public void The_finished_model_may_be_stored_in_half_the_size(string name, DataType type)
    {
        using var run = new TinyRun();
        run.Recipe["save_dtype"] = name;
        using Trainer trainer = run.Trainer();
        trainer.Run();
        string final = Path.Combine(run.Output, "final");
        Assert.Equal(name, (string)JsonNode.Parse(File.ReadAllText(Path.Combine(final, "config.json")))!["torch_dtype"]!);
        using Model small = Model.Load(final);
        using Model large = Model.Load(Path.Combine(run.Output, "checkpoint-9"), new ModelLoadOptions { Storage = WeightStorage.F32 });
        Assert.Contains(small.Parameters, p => p.Parameter.Data.Type == type);
        Assert.Equal(DataType.F32, large.Parameters[0].Parameter.Data.Type);
        Assert.True(new FileInfo(Path.Combine(final, "model.safetensors")).Length < 0.6 * new FileInfo(Path.Combine(run.Output, "checkpoint-9", "model.safetensors")).Length);
        CheckpointAverage.Write([Path.Combine(run.Output, "checkpoint-6"), Path.Combine(run.Output, "checkpoint-9")], run.Folder["mean"], type);
        using Model mean = Model.Load(run.Folder["mean"]);
        Assert.NotNull(Tokenizer.Load(run.Folder["mean"]));
    }

    [Fact]
    public void A_value_that_half_precision_cannot_hold_is_refused()
    {
        using Model model = TinyModel.Gpt();
        using var folder = new TempFolder();
        model.Parameters[0].Parameter.Data.Span[0] = 70_000;
        Assert.Contains("70000", Assert.Throws<ArgumentException>(() => CheckpointWriter.Write(model, folder["a"], DataType.F16)).Message);
        Assert.False(File.Exists(Path.Combine(folder["a"], "model.safetensors")));
        CheckpointWriter.Write(model, folder["a"], DataType.BF16);
        Assert.True(File.Exists(Path.Combine(folder["a"], "model.safetensors")));
    }

    private static void FailAt(TinyRun run, int fail, int threads)
    {
        int writes = 0;
        using Trainer trainer = run.Trainer(threads);
        trainer.Store.BeforeWrite = _ =>
        {
            if (trainer.Steps == 6 && writes++ == fail)
                throw new IOException("No space left on device");
        };
        string? latest = trainer.Store.Latest();
        var error = Assert.Throws<CheckpointWriteException>(() => trainer.Run());
        Assert.Contains("No space left on device", error.Message);
        Assert.Contains("resume from it", error.Message);
        Assert.True(error.Needed > trainer.Model.WeightBytes && error.Latest is not null && latest is null);
    }

    private static Action? Poison { get; set; }

    private static string[] Names(TinyRun run) =>
        [.. Directory.GetDirectories(run.Output, "checkpoint-*").Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal)];

    /// <summary>Runs until a step is done: a timer would make the test depend on the machine.</summary>
    private static TrainerResult Stepped(Trainer trainer, int stop)
    {
        using var source = new CancellationTokenSource();
        trainer.AfterStep = step =>
        {
            if (step == stop)
                source.Cancel();
        };
        return trainer.Run(source.Token);
    }

    private sealed class Immediate(Action<LogEntry> action) : IProgress<LogEntry>
    {
        public void Report(LogEntry value) => action(value);
    }
}

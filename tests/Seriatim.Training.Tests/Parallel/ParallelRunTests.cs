using System.Text.Json.Nodes;

namespace Seriatim.Training.Tests;

/// <summary>Several ranks write what one process writes, byte for byte.</summary>
public sealed class ParallelRunTests
{
    [Theory]
    [InlineData("adamw", false)]
    [InlineData("adamw", true)]
    [InlineData("lion", true)]
    [InlineData("adafactor", false)]
    [InlineData("adafactor", true)]
    public void Any_number_of_ranks_writes_the_same_bytes(string optimizer, bool masters)
    {
        using TinyRun alone = Prepared(optimizer, masters);
        using (Trainer trainer = alone.Trainer())
            trainer.Run();
        for (int ranks = 1; ranks <= 4; ranks++)
        {
            using TinyRun together = Prepared(optimizer, masters);
            together.Together(ranks);
            foreach (string folder in (string[])["checkpoint-3", "checkpoint-6", "checkpoint-9", "final"])
                Assert.Equal(alone.Hashes(folder), together.Hashes(folder));
        }
    }

    /// <summary>With as many ranks as batches, and one more batch than ranks can share evenly.</summary>
    [Theory]
    [InlineData(3, 3)]
    [InlineData(7, 3)]
    public void Batches_need_not_come_out_even(int batches, int ranks)
    {
        using TinyRun alone = Prepared("adamw", masters: false), together = Prepared("adamw", masters: false);
        (alone.Recipe["gradient_accumulation_steps"], together.Recipe["gradient_accumulation_steps"]) = (batches, batches);
        using (Trainer trainer = alone.Trainer(2))
            trainer.Run();
        together.Together(ranks);
        Assert.Equal(alone.Hashes("checkpoint-9"), together.Hashes("checkpoint-9"));
    }

    [Fact]
    public void A_run_goes_on_with_another_number_of_ranks()
    {
        using TinyRun alone = Prepared("adamw", masters: true), parts = Prepared("adamw", masters: true);
        using (Trainer trainer = alone.Trainer())
            trainer.Run();
        foreach ((int ranks, int stop) in ((int, int)[])[(2, 2), (4, 4), (1, 5), (3, 7), (2, 9)])
            parts.Together(ranks, stop, resume: true);
        Assert.Equal(alone.Hashes("checkpoint-9"), parts.Hashes("checkpoint-9"));
        Assert.Equal(alone.Hashes("final"), parts.Hashes("final"));
    }

    /// <summary>Objectives draw by the number of their example, a teacher's losses have no order of their own.</summary>
    [Theory]
    [InlineData("masked_tokens")]
    [InlineData("gradient_checkpointing")]
    [InlineData("teacher_model_name_or_path")]
    public void What_is_random_or_computed_again_does_not_depend_on_ranks(string what)
    {
        using TinyRun alone = Varied(what), together = Varied(what);
        using (Trainer trainer = alone.Trainer())
            trainer.Run();
        together.Together(2);
        Assert.Equal(alone.Hashes("checkpoint-9"), together.Hashes("checkpoint-9"));
    }

    [Fact]
    public void A_rank_that_is_told_to_stop_stops_all_after_one_step()
    {
        using TinyRun run = Prepared("adamw", masters: false);
        var results = new TrainerResult[3];
        Assert.All(ThreadGroup.Run(3, group =>
        {
            using Trainer trainer = run.Trainer(group: group);
            using var stop = new CancellationTokenSource();
            trainer.AfterStep = step =>
            {
                if (step == 4 && group.Rank == 2)
                    stop.Cancel();
            };
            results[group.Rank] = trainer.Run(stop.Token);
        }), Assert.Null);
        Assert.All(results, result => Assert.Equal((4L, true), (result.Steps, result.Cancelled)));
        Assert.EndsWith("checkpoint-4", new CheckpointStore(run.Output).Latest());
    }

    [Fact]
    public void A_rank_that_dies_leaves_the_last_checkpoint_and_the_run_goes_on()
    {
        using TinyRun alone = Prepared("adamw", masters: false), run = Prepared("adamw", masters: false);
        using (Trainer trainer = alone.Trainer())
            trainer.Run();
        Exception?[] failures = ThreadGroup.Run(3, group =>
        {
            using Trainer trainer = run.Trainer(group: group);
            trainer.AfterStep = step => ObjectDisposedException.ThrowIf(step == 5 && group.Rank == 1, group);
            trainer.Run();
        });
        Assert.IsType<ObjectDisposedException>(failures[1]);
        Assert.All([failures[0], failures[2]], failure => Assert.IsType<RankGoneException>(failure));
        Assert.EndsWith("checkpoint-3", new CheckpointStore(run.Output).Latest());
        run.Together(2, resume: true);
        Assert.Equal(alone.Hashes("checkpoint-9"), run.Hashes("checkpoint-9"));
    }

    [Fact]
    public void A_loss_that_is_not_finite_ends_all_ranks_with_one_message()
    {
        using TinyRun run = Prepared("adamw", masters: false);
        Exception?[] failures = ThreadGroup.Run(2, group =>
        {
            using Trainer trainer = run.Trainer(group: group);
            trainer.AfterStep = step =>
            {
                if (step == 4 && group.Rank == 1)
                    trainer.Model.Parameters[0].Parameter.Data.Span.Fill(float.NaN);
            };
            trainer.Run();
        });
        Assert.All(failures, failure => Assert.Equal(5, Assert.IsType<TrainingDivergedException>(failure).Step));
        Assert.Equal(failures[0]!.Message, failures[1]!.Message);
    }

    [Theory]
    [InlineData("learning_rate", 0.02, "rank 1 (thread-1) has learning_rate: 0.02; rank 0 has 0.01")]
    [InlineData("save_steps", 4, "rank 1 (thread-1) has save_steps: 4; rank 0 has 3")]
    [InlineData("seed", 2, "rank 1 (thread-1) has (weights): ")]
    public void Ranks_with_other_recipes_are_refused(string key, double value, string message)
    {
        using TinyRun run = Prepared("adamw", masters: false);
        string[] texts = Refusals(3, rank =>
        {
            JsonObject recipe = run.Recipe.DeepClone().AsObject();
            if (rank == 1)
                recipe[key] = value;
            return run.Parse(recipe);
        }, run);
        Assert.All(texts, text => Assert.Contains(message, text));
        Assert.DoesNotContain("rank 2", texts[0]);
        Assert.Null(new CheckpointStore(run.Output).Latest());
    }

    [Fact]
    public void Ranks_with_other_data_are_refused_and_a_rank_without_data_is_named()
    {
        using TinyRun run = Prepared("adamw", masters: false);
        Directory.CreateDirectory(run.Folder["node"]);
        foreach (string file in (string[])["tokenizer.json", "tokenizer_config.json"])
            File.Copy(run.Folder[file], Path.Combine(run.Folder["node"], file));
        string other = Path.Combine(run.Folder["node"], "data.txt");
        File.WriteAllText(other, File.ReadAllText(run.Folder["data.txt"]) + "one line more.\n");
        TrainingRecipe Recipe(int rank) => run.Parse(run.Recipe, rank == 1 ? "node" : "");
        Assert.All(Refusals(2, Recipe, run), text => Assert.Contains("rank 1 (thread-1) has train_files[0]: data.txt ", text));
        File.Delete(other);
        Assert.All(Refusals(2, Recipe, run), text => Assert.Contains("rank 1 (thread-1) cannot start: ", text));
    }

    [Fact]
    public void Another_program_is_refused()
    {
        JsonObject Rank(string program) => new() { ["facts"] = new JsonObject { ["(program)"] = program, ["seed"] = "1" } };
        Assert.Equal(["rank 1 (b) has (program): 2; rank 0 has 1"],
            GroupStart.Obstacles([Rank("1"), Rank("2"), Rank("1")], ["a", "b", "c"]));
        Assert.Empty(GroupStart.Obstacles([Rank("1"), Rank("1")], ["a", "b"]));
    }

    [Fact]
    public void More_ranks_than_batches_and_batch_norms_are_refused()
    {
        using TinyRun run = Prepared("adamw", masters: false);
        string[] texts = Refusals(6, _ => run.Parse(), run);
        Assert.All(texts, text => Assert.StartsWith("gradient_accumulation_steps is 5; ", text));
        run.Recipe["model_config"] = JsonNode.Parse("""
            {
              "architectures": ["SeriatimForCausalLM"], "model_type": "seriatim", "vocab_size": 48, "hidden_size": 16,
              "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 16,
              "norm": "batch", "bos_token_id": 0, "eos_token_id": 0
            }
            """);
        run.Recipe.Remove("dropout");
        Assert.All(Refusals(2, _ => run.Parse(), run), text => Assert.Contains("batch norms", text));
    }

    [Fact]
    public void A_failure_that_all_ranks_have_is_said_once()
    {
        using TinyRun run = Prepared("adamw", masters: false);
        File.WriteAllText(run.Folder["tokenizer.json"], "{}");
        string[] texts = Refusals(2, _ => run.Parse(), run);
        Assert.All(texts, text => Assert.DoesNotContain("rank", text));
    }

    [Fact]
    public void Traffic_is_counted()
    {
        using TinyRun run = Prepared("adamw", masters: false);
        run.Together(2);
        IReadOnlyList<LogEntry> all = MetricsLog.Read(Path.Combine(run.Output, "metrics.jsonl"));
        LogEntry[] logged = [.. all.Where(e => e.Values.ContainsKey("loss"))];
        using Model model = Model.Load(Path.Combine(run.Output, "checkpoint-9"));
        double weights = model.Parameters.Sum(p => (double)p.Parameter.Data.Bytes);
        // Of 5 batches each owner gets those that the other rank computed, 2 or 3; then new values go the other way.
        Assert.All(logged, entry => Assert.InRange(entry.Values["bytes_sent_per_step"], 3 * weights, 4.1 * weights));
    }

    private static string[] Refusals(int ranks, Func<int, TrainingRecipe> recipe, TinyRun run)
    {
        Exception?[] failures = ThreadGroup.Run(ranks, group =>
        {
            TrainingRecipe own;
            try
            {
                own = recipe(group.Rank);
            }
            catch (RecipeException error)
            {
                throw new GroupStart(group).Fail(error);
            }

            run.Trainer(own, group).Dispose();
        });
        Assert.All(failures, failure => Assert.IsType<ProcessGroupException>(failure));
        return [.. failures.Select(failure => failure!.Message)];
    }

    private static TinyRun Varied(string what)
    {
        TinyRun run = Prepared("adamw", masters: false);
        switch (what)
        {
            case "masked_tokens":
                run.Recipe.Remove("scheduled_sampling");
                run.Recipe["objective"] = what;
                run.Recipe["model_config"] = JsonNode.Parse("""
                    {
                      "architectures": ["BertForMaskedLM"], "model_type": "bert", "vocab_size": 48, "hidden_size": 16,
                      "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 16,
                      "type_vocab_size": 2, "pad_token_id": 0
                    }
                    """);
                break;
            case "gradient_checkpointing":
                run.Recipe[what] = true;
                break;
            default:
                run.Recipe["output_dir"] = "teacher";
                using (Trainer trainer = run.Trainer())
                    trainer.Run();
                run.Recipe[what] = "teacher/final";
                run.Recipe["output_dir"] = "out";
                run.Recipe["seed"] = 5;
                break;
        }

        return run;
    }

    /// <summary>Clipping that bites, dropout, five batches a step, an average of the weights, scheduled sampling.</summary>
    private static TinyRun Prepared(string optimizer, bool masters)
    {
        var run = new TinyRun();
        run.Recipe["optim"] = optimizer;
        run.Recipe["bf16"] = masters;
        run.Recipe["gradient_accumulation_steps"] = 5;
        run.Recipe["max_grad_norm"] = 0.3;
        run.Recipe["dropout"] = 0.1;
        run.Recipe["scheduled_sampling"] = 0.2;
        return run;
    }
}

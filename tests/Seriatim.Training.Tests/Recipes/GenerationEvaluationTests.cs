using System.Text.Json.Nodes;

namespace Seriatim.Training.Tests;

public sealed class GenerationEvaluationTests
{
    [Fact]
    public void Generated_targets_are_scored_file_by_file_against_the_text_of_the_files()
    {
        using TinyRun run = Run();
        var asked = new List<GenerationTask>();
        var told = new List<LogEntry>();
        using Trainer trainer = run.Trainer(generate: (task, _) =>
        {
            asked.Add(task);
            // The first file is answered rightly, the second not at all.
            return [.. task.Sources.Select((s, i) => asked.Count % 2 == 1 ? $"the {Letter(i)} sat  on it." : "?")];
        }, progress: new Immediate(told.Add));
        TrainerResult result = trainer.Run();
        Assert.Equal(4, asked.Count);
        Assert.All(asked, task => Assert.Equal((7, 3), (task.MaxLength, task.Beams)));
        Assert.Equal(5, asked[0].Sources.Count);
        Assert.Equal("copy: a", trainer.Tokenizer.Decode(asked[0].Sources[0].Span[..^1]));
        LogEntry last = told.Last(e => e.Values.ContainsKey("eval_bleu"));
        Assert.Equal(100, last.Values["eval_right_bleu"], 1e-9);
        Assert.Equal(0, last.Values["eval_valid_bleu"], 1e-9);
        Assert.Equal(50, last.Values["eval_bleu"], 1e-9);
        Assert.Equal(2, result.Best!.Step);
        Assert.Contains("\"eval_chrf\"", File.ReadAllText(Path.Combine(run.Output, "metrics.jsonl")));
    }

    [Fact]
    public void An_evaluation_that_was_cancelled_comes_again()
    {
        using TinyRun whole = Run(), parts = Run();
        static IReadOnlyList<string> Answer(GenerationTask task, CancellationToken cancellation) => [.. task.Sources.Select(_ => "the a sat  on it.")];
        using (Trainer trainer = whole.Trainer(generate: Answer))
            trainer.Run();
        using (var source = new CancellationTokenSource())
        using (Trainer trainer = parts.Trainer(generate: (task, cancellation) =>
        {
            source.Cancel();
            cancellation.ThrowIfCancellationRequested();
            return [];
        }))
        {
            Assert.True(trainer.Run(source.Token).Cancelled);
            Assert.DoesNotContain(trainer.History, e => e.Values.ContainsKey("eval_loss"));
        }

        using (Trainer trainer = parts.Trainer(resume: true, generate: Answer))
            Assert.False(trainer.Run().Cancelled);
        Assert.Equal(whole.Hashes("checkpoint-4"), parts.Hashes("checkpoint-4"));
        Assert.Equal(whole.Hashes("final"), parts.Hashes("final"));
    }

    [Fact]
    public void An_evaluation_that_fails_loses_no_steps()
    {
        using TinyRun run = Run();
        run.Recipe["save_steps"] = 0;
        using (Trainer trainer = run.Trainer(generate: (_, _) => throw new InvalidOperationException("no beams left")))
            Assert.Equal("no beams left", Assert.Throws<InvalidOperationException>(() => trainer.Run()).Message);
        Assert.EndsWith("checkpoint-2", new CheckpointStore(run.Output).Latest());
        using (Trainer trainer = run.Trainer(resume: true, generate: (task, _) => [.. task.Sources.Select(_ => "a")]))
            Assert.Equal(4, trainer.Run().Steps);
    }

    [Fact]
    public void The_length_of_generated_targets_leaves_room_for_what_the_decoder_begins_with()
    {
        using TinyRun run = Run();
        run.Recipe["model_config"]!["n_positions"] = 24;
        run.Recipe["long_sequences"] = "skip";
        run.Recipe["max_length"] = 24;
        run.Recipe.Remove("generation_max_length");
        var asked = new List<GenerationTask>();
        using (Trainer trainer = run.Trainer(generate: (task, _) =>
        {
            asked.Add(task);
            return [.. task.Sources.Select(_ => "a")];
        }))
        {
            int context = trainer.Model.Spec.Context;
            trainer.Run();
            Assert.All(asked, task => Assert.InRange(task.MaxLength, 1, Math.Min(256L, context - 1L)));
        }

        Assert.NotEmpty(asked);
    }

    [Fact]
    public void Somebody_has_to_generate()
    {
        using TinyRun run = Run();
        Assert.Contains("TrainingOptions.Generate", Assert.Throws<RecipeException>(() => run.Trainer()).Message);
        run.Recipe["predict_with_generate"] = false;
        Assert.Contains("generation_max_length", Assert.Throws<RecipeException>(() => run.Trainer()).Message);
        foreach (string key in (string[])["generation_max_length", "generation_num_beams", "max_eval_samples"])
            run.Recipe.Remove(key);
        Assert.Contains("predict_with_generate", Assert.Throws<RecipeException>(() => run.Trainer()).Message);
    }

    private static char Letter(int i) => (char)('a' + i);

    private static TinyRun Run()
    {
        var run = new TinyRun();
        string pairs = string.Join('\n', Enumerable.Range(0, 20).Select(i => $"{Letter(i)}\tthe {Letter(i)} sat  on it."));
        run.Folder.Write("pairs.tsv", pairs);
        run.Folder.Write("valid.tsv", pairs);
        foreach ((string key, string value) in new Dictionary<string, string>
        {
            ["objective"] = "\"sequence_to_sequence\"",
            ["model_config"] = ObjectiveRunTests.T5,
            ["train_files"] = """[{"path": "pairs.tsv", "format": "tsv", "target": "1", "prefix": "copy: "}]""",
            ["validation_files"] = """
                [{"path": "valid.tsv", "format": "tsv", "target": "1", "prefix": "copy: ", "name": "right"},
                 {"path": "valid.tsv", "format": "tsv", "target": "1", "prefix": "task: ", "bleu_tokenizer": "char"}]
                """,
            ["append_eos"] = "0",
            ["dropout"] = "0",
            ["max_steps"] = "4",
            ["eval_steps"] = "2",
            ["save_steps"] = "4",
            ["long_sequences"] = "\"refuse\"",
            ["predict_with_generate"] = "true",
            ["generation_max_length"] = "7",
            ["generation_num_beams"] = "3",
            ["max_eval_samples"] = "5",
            ["metric_for_best_model"] = "\"bleu\"",
        })
            run.Recipe[key] = JsonNode.Parse(value);
        run.Recipe.Remove("validation_split");
        return run;
    }

    private sealed class Immediate(Action<LogEntry> action) : IProgress<LogEntry>
    {
        public void Report(LogEntry value) => action(value);
    }
}

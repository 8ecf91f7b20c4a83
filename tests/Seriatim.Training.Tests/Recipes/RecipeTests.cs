namespace Seriatim.Training.Tests;

public sealed class RecipeTests
{
    [Theory]
    [InlineData("learning_rat", "1", "learning_rat")]
    [InlineData("dropout", "1", "\"dropout\" is 1")]
    [InlineData("attention_dropout", "-0.1", "attention_dropout")]
    [InlineData("layerdrop", "0.1", "layerdrop")]
    [InlineData("scheduled_sampling", "1.5", "scheduled_sampling")]
    [InlineData("scheduled_sampling", "{\"probability\": 0.5, \"schedule\": \"linear\"}", "end_step")]
    [InlineData("scheduled_sampling", "{\"probability\": 0.5, \"colour\": 1}", "colour")]
    [InlineData("scheduled_sampling", "{}", "probability")]
    [InlineData("gradient_checkpointing", "1", "gradient_checkpointing")]
    [InlineData("max_steps", "0", "max_steps")]
    [InlineData("num_train_epochs", "2", "either")]
    [InlineData("metric_for_best_model", "\"eval_los\"", "eval_los")]
    [InlineData("greater_is_better", "true", "metric_for_best_model")]
    [InlineData("early_stopping_patience", "0", "early_stopping_patience")]
    [InlineData("seed", "-1", "seed")]
    [InlineData("weight_decay", "\"x\"", "weight_decay")]
    [InlineData("lr_scheduler_type", "\"cosin\"", "cosin")]
    [InlineData("min_lr", "0.001", "min_lr")]
    [InlineData("warmup_ratio", "0.1", "warmup_ratio")]
    [InlineData("model_name_or_path", "\"x\"", "model_name_or_path")]
    [InlineData("train_files", "[]", "train_files")]
    [InlineData("train_files", "[{\"path\":\"none.txt\"}]", "none.txt")]
    [InlineData("train_files", "[{\"path\":\"data.txt\",\"colour\":1}]", "colour")]
    [InlineData("train_files", "[{\"path\":\"data.txt\",\"target\":\"1\"}]", "target")]
    [InlineData("objective", "\"next\"", "next_token, sequence_to_sequence")]
    public void What_cannot_be_followed_is_refused_by_name(string key, string value, string message)
    {
        using var run = new TinyRun();
        run.Recipe[key] = System.Text.Json.Nodes.JsonNode.Parse(value);
        Assert.Contains(message, Assert.Throws<RecipeException>(() => run.Parse()).Message);
    }

    [Fact]
    public void A_batch_needs_a_limit()
    {
        using var run = new TinyRun();
        run.Recipe.Remove("per_device_train_batch_size");
        Assert.Contains("per_device_train_batch_tokens", Assert.Throws<RecipeException>(() => run.Parse()).Message);
    }

    [Fact]
    public void Model_tokenizer_and_objective_must_fit()
    {
        using var run = new TinyRun();
        run.Recipe["model_config"] = System.Text.Json.Nodes.JsonNode.Parse(TinyModel.GptConfig(vocabulary: 20));
        Assert.Contains("vocab_size is 20", Assert.Throws<RecipeException>(() => run.Trainer()).Message);
        run.Recipe["model_config"] = System.Text.Json.Nodes.JsonNode.Parse(TinyModel.GptConfig());
        run.Recipe["objective"] = "masked_tokens";
        Assert.Contains("MaskedLanguageModel", Assert.Throws<ArgumentException>(() => run.Trainer()).Message);
        run.Recipe["objective"] = "next_token";
        run.Recipe["long_sequences"] = "refuse";
        Assert.Throws<DataException>(() => run.Trainer());
    }

    [Fact]
    public void A_model_that_is_trained_further_keeps_its_tokenizer()
    {
        using var run = new TinyRun();
        using (Trainer trainer = run.Trainer())
            trainer.Run();
        run.Recipe.Remove("model_config");
        run.Recipe["model_name_or_path"] = "out/final";
        run.Recipe["output_dir"] = "more";
        using (Trainer further = run.Trainer())
            Assert.Equal(0, further.Steps);
        string other = Path.Combine(run.Output, "final", "tokenizer.json");
        File.WriteAllText(other, File.ReadAllText(other).Replace("\"a\":5,\"b\":6", "\"b\":5,\"a\":6", StringComparison.Ordinal));
        Assert.Contains("id 5 is 'a' here and 'b' there", Assert.Throws<RecipeException>(() => run.Trainer()).Message);
    }

    [Fact]
    public void A_vocabulary_is_trained_once_if_the_recipe_says_how()
    {
        using var run = new TinyRun();
        run.Recipe["tokenizer"] = "made/tokenizer.json";
        run.Recipe["train_tokenizer"] = System.Text.Json.Nodes.JsonNode.Parse("""{"type": "unigram", "vocab_size": 45, "special_tokens": ["<pad>", "</s>", "<unk>"]}""");
        byte[] made;
        using (Trainer trainer = run.Trainer())
        {
            Assert.Equal((0, 1), (trainer.Tokenizer.IdOf("<pad>"), trainer.Tokenizer.EosId));
            Assert.Equal("the a sat", trainer.Tokenizer.Decode(trainer.Tokenizer.Encode("the a sat")));
            made = File.ReadAllBytes(run.Folder["made/tokenizer.json"]);
        }

        using Trainer again = run.Trainer();
        Assert.Equal(made, File.ReadAllBytes(run.Folder["made/tokenizer.json"]));
    }

    [SharedFact]
    public void The_recipes_of_the_repository_can_be_read()
    {
        string[] recipes = [.. Directory.GetFiles(Path.Combine(Shared.Repository, "recipes"), "recipe.json", SearchOption.AllDirectories)];
        Assert.NotEmpty(recipes);
        Assert.All(recipes, path =>
        {
            // Its data are what `seriatim distill` writes into artifacts: where nobody has run it, the message says so.
            string pairs = Path.Combine(Shared.Repository, "artifacts", "zh-en-nar", "data", "zh2en.tsv");
            if (path.Contains("zh-en-nar", StringComparison.Ordinal) && !File.Exists(pairs))
                Assert.Contains("seriatim distill", Assert.ThrowsAny<SeriatimException>(() => TrainingRecipe.Load(path)).Message);
            else
                Assert.True(TrainingRecipe.Load(path).MaxSteps > 0);
        });
    }
}

using System.Text.Json.Nodes;

namespace Seriatim.Web.Training;

/// <summary>What somebody wants to be trained on a text of his own.</summary>
/// <param name="Title">What he calls it.</param>
/// <param name="Size">How large.</param>
/// <param name="Steps">Steps.</param>
/// <param name="Prompt">What samples go on from; empty: the beginning of the text.</param>
internal sealed record TrainingPlan(string Title, TrainingSize Size, int Steps, string Prompt)
{
    /// <summary>Files of the run, by the names that its recipe has.</summary>
    public const string TextName = "input.txt", RecipeName = "recipe.json";

    /// <summary>Fewest and most steps.</summary>
    public const int LeastSteps = 10, MostSteps = 1_000_000;

    /// <summary>Fewest steps between two checkpoints: validating, saving and sampling take as long as some steps.</summary>
    private const int LeastBetween = 25;

    private const string Border = "<|endoftext|>";

    /// <summary>
    /// Characters that are held back to validate on, about: more would take longer than training in short runs.
    /// </summary>
    private const double Validated = 20_000;

    /// <summary>The recipe, in the words of <c>seriatim train</c>, which follows it as well.</summary>
    /// <param name="text">The text.</param>
    public JsonObject ToRecipe(string text)
    {
        int every = Math.Max(Math.Min(Steps, LeastBetween), Steps / 8);
        var file = new JsonObject { ["path"] = TextName, ["format"] = "text" };

        // Documents, where the text says where they end; else it is one.
        bool hasBorders = text.Contains($"\n{Border}\n", StringComparison.Ordinal);
        if (hasBorders)
            file["marker"] = Border;
        var recipe = new JsonObject
        {
            ["output_dir"] = ".",
            ["tokenizer"] = "tokenizer/tokenizer.json",
            ["train_tokenizer"] = new JsonObject
            {
                ["type"] = "byte_level_bpe",
                ["vocab_size"] = Size.Vocabulary,
                ["special_tokens"] = new JsonArray(Border),
            },
            ["model_config"] = Config(),
            ["init_std"] = 0.02,
            ["objective"] = "next_token",
            ["train_files"] = new JsonArray(file),
            ["validation_split"] = Math.Round(Math.Clamp(Validated / Math.Max(1, text.Length), 0.001, 0.1), 4),
            ["long_sequences"] = "split",
            ["per_device_train_batch_tokens"] = Size.Batch,
            ["max_steps"] = Steps,
            ["learning_rate"] = Size.Rate,
            ["min_lr"] = Size.Rate / 10,
            ["lr_scheduler_type"] = "cosine_with_min_lr",
            ["warmup_steps"] = Math.Max(1, Steps / 20),
            ["weight_decay"] = 0.1,
            ["adam_beta2"] = 0.95,
            ["max_grad_norm"] = 1.0,
            ["logging_steps"] = Math.Max(1, Steps / 100),
            ["eval_steps"] = every,
            ["save_steps"] = every,
            ["save_total_limit"] = 2,
            ["seed"] = 1,
        };
        if (hasBorders)
            recipe["append_eos"] = 0;
        return recipe;
    }

    private JsonObject Config() => new()
    {
        ["architectures"] = new JsonArray("LlamaForCausalLM"),
        ["model_type"] = "llama",
        ["vocab_size"] = Size.Vocabulary,
        ["hidden_size"] = Size.Width,
        ["num_hidden_layers"] = Size.Layers,
        ["num_attention_heads"] = Size.Heads,
        ["num_key_value_heads"] = Size.Heads,
        ["head_dim"] = Size.Width / Size.Heads,
        ["intermediate_size"] = Size.Width * 11 / 4,
        ["max_position_embeddings"] = Size.Context,
        ["rms_norm_eps"] = 1e-5,
        ["rope_theta"] = 10000.0,
        ["hidden_act"] = "silu",
        ["tie_word_embeddings"] = true,
        ["attention_bias"] = false,
        ["mlp_bias"] = false,
        ["bos_token_id"] = 0,
        ["eos_token_id"] = 0,
    };
}

using System.Text.Json.Nodes;

namespace Seriatim.Training.Tests;

/// <summary>Every objective from the recipe to a loss that falls, resumed once on the way.</summary>
public sealed class ObjectiveRunTests
{
    internal const string T5 = """
        {
          "architectures": ["T5ForConditionalGeneration"], "model_type": "t5", "vocab_size": 48, "d_model": 24, "d_kv": 12, "d_ff": 40,
          "num_layers": 1, "num_decoder_layers": 1, "num_heads": 2, "relative_attention_num_buckets": 8, "feed_forward_proj": "relu",
          "dropout_rate": 0.1, "is_encoder_decoder": true, "decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 0
        }
        """;

    private const string Bert = """
        {
          "architectures": ["BertForMaskedLM"], "model_type": "bert", "vocab_size": 48, "hidden_size": 24, "num_hidden_layers": 1,
          "num_attention_heads": 2, "intermediate_size": 40, "max_position_embeddings": 40, "type_vocab_size": 1, "hidden_act": "gelu",
          "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0
        }
        """;

    private const string Longformer = """
        {
          "model_type": "longformer", "vocab_size": 48, "hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2,
          "intermediate_size": 40, "max_position_embeddings": 42, "type_vocab_size": 1, "attention_window": 4, "pad_token_id": 1,
          "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.1
        }
        """;

    private const string BigBird = """
        {
          "model_type": "big_bird", "vocab_size": 48, "hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2,
          "intermediate_size": 40, "max_position_embeddings": 40, "type_vocab_size": 1, "block_size": 2, "num_random_blocks": 1,
          "hidden_act": "gelu_new", "rescale_embeddings": true, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.1
        }
        """;

    internal const string MaskPredict = """
        {
          "architectures": ["cmlm_transformer"], "vocab_size": 48, "encoder_embed_dim": 24, "encoder_ffn_embed_dim": 40,
          "encoder_layers": 1, "encoder_attention_heads": 2, "decoder_embed_dim": 24, "decoder_ffn_embed_dim": 40,
          "decoder_layers": 1,
          "decoder_attention_heads": 2, "max_source_positions": 64, "max_target_positions": 64, "share_all_embeddings": true,
          "dropout": 0.1, "bos_token_id": 40, "pad_token_id": 41, "eos_token_id": 0, "mask_token_id": 2
        }
        """;

    private const string Linformer = """
        {"model_type": "linformer", "num_tokens": 48, "dim": 24, "heads": 2, "depth": 1, "seq_len": 40, "k": 8, "dropout": 0.05}
        """;

    public static TheoryData<string, string, string, string> Objectives => new()
    {
        { "sequence_to_sequence", T5, "pairs.tsv", """, "format": "tsv", "target": "1", "prefix": "copy: ", "weight": 2""" },
        { "span_corruption", T5, "lines.txt", """, "format": "lines" """ },
        { "masked_tokens", Bert, "lines.txt", """, "format": "lines" """ },
        { "masked_tokens", Longformer, "lines.txt", """, "format": "lines" """ },
        { "masked_tokens", BigBird, "lines.txt", """, "format": "lines" """ },
        { "mask_predict", MaskPredict, "pairs.tsv", """, "format": "tsv", "target": "1", "prefix": "copy: " """ },
        { "masked_tokens", Linformer, "lines.txt", """, "format": "lines" """ },
    };

    [Theory]
    [MemberData(nameof(Objectives))]
    public void Each_objective_learns_and_resumes(string objective, string config, string file, string keys)
    {
        using TinyRun whole = Make(objective, config, file, keys), parts = Make(objective, config, file, keys);
        using Trainer trainer = whole.Trainer(2);
        double before = trainer.Evaluate()!.Value.Loss;
        TrainerResult result = trainer.Run();
        Assert.True(result.Validation!.Value.Loss < before - 0.5, $"{before} to {result.Validation.Value.Loss}");
        using (Trainer first = parts.Trainer(1))
        {
            using var source = new CancellationTokenSource();
            first.AfterStep = step =>
            {
                if (step == 17)
                    source.Cancel();
            };
            Assert.True(first.Run(source.Token).Cancelled);
        }

        using (Trainer second = parts.Trainer(1, resume: true))
            second.Run();
        Assert.Equal(whole.Hashes("checkpoint-40"), parts.Hashes("checkpoint-40"));
    }

    [Fact]
    public void Dropout_of_the_config_counts_unless_the_recipe_says_otherwise()
    {
        using TinyRun byConfig = Objective(), byRecipe = Objective(), without = Objective();
        foreach (TinyRun run in (TinyRun[])[byConfig, byRecipe, without])
            run.Recipe["max_steps"] = 3;
        foreach (string key in (string[])["dropout", "attention_dropout", "activation_dropout"])
            (byRecipe.Recipe[key], without.Recipe[key]) = (0.1, 0.0);
        foreach (TinyRun run in (TinyRun[])[byConfig, byRecipe, without])
        {
            using Trainer trainer = run.Trainer(1);
            trainer.Run();
        }

        Assert.Equal(Weights(byConfig), Weights(byRecipe));
        Assert.NotEqual(Weights(byConfig), Weights(without));

        static string Weights(TinyRun run) =>
            run.Hashes("final").Single(h => h.StartsWith("model.safetensors", StringComparison.Ordinal));
        static TinyRun Objective() => Make("span_corruption", T5, "lines.txt", """, "format": "lines" """);
    }

    internal static TinyRun Make(string objective, string config, string file, string keys)
    {
        var run = new TinyRun();
        string[] lines = [.. Enumerable.Range(0, 80)
            .Select(i => $"the {(char)('a' + i * 7 % 26)} sat on {(char)('a' + i * 11 % 26)}.")];
        run.Folder.Write("lines.txt", string.Join('\n', lines));
        run.Folder.Write("pairs.tsv", string.Join('\n', lines.Select((l, i) => $"{l}\tthe {(char)('a' + i * 7 % 26)}.")));
        foreach ((string key, string value) in new Dictionary<string, string>
        {
            ["objective"] = $"\"{objective}\"",
            ["model_config"] = config,
            ["train_files"] = $$"""[{"path": "{{file}}"{{keys}}}]""",
            ["append_eos"] = "0",
            ["max_steps"] = "40",
            ["save_steps"] = "0",
            ["eval_steps"] = "0",
            ["long_sequences"] = "\"refuse\"",
            ["per_device_train_batch_tokens"] = "300",
            ["per_device_train_batch_size"] = "8",
            ["group_by_length"] = "true",
            ["label_smoothing_factor"] = "0.1",
        })
            run.Recipe[key] = JsonNode.Parse(value);
        return run;
    }
}

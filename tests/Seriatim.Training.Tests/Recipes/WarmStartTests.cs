using System.Text;
using System.Text.Json.Nodes;

namespace Seriatim.Training.Tests;

/// <summary><c>init_from</c>: what fits of another model is taken, the rest begins at random, and both are said.</summary>
public sealed class WarmStartTests
{
    /// <summary>The other model: the same layers under a prefix, and fewer tokens.</summary>
    private const string Marian = """
        {
          "architectures": ["MarianMTModel"], "model_type": "marian", "vocab_size": 40, "d_model": 24, "encoder_layers": 1,
          "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 40,
          "decoder_ffn_dim": 40,
          "activation_function": "relu", "max_position_embeddings": 64, "decoder_start_token_id": 1, "pad_token_id": 1,
          "eos_token_id": 0
        }
        """;

    private const string Rename = """{"model.shared": "encoder.embed_tokens", "model.": ""}""";

    [Fact]
    public void Tensors_that_fit_are_taken_and_a_larger_table_gets_the_rows_there_are()
    {
        using TinyRun run = Run();
        using Model other = Other(run);
        run.Recipe["init_from"] = JsonNode.Parse($$"""{"path": "other", "rename": {{Rename}}}""");
        using TinyRun plain = Run();
        using (Trainer trainer = run.Trainer(1))
        using (Trainer random = plain.Trainer(1))
        {
            Dictionary<string, float[]> made = Values(trainer.Model), from = Values(other), fresh = Values(random.Model);
            foreach ((string name, float[] values) in made)
            {
                string old = name.Replace("encoder.embed_tokens", "shared", StringComparison.Ordinal);
                float[]? taken = from.GetValueOrDefault($"model.{old}");
                int count = taken?.Length ?? 0;
                Assert.Equal(name == "decoder.embed_length.weight", taken is null);
                Assert.Equal(taken ?? [], values[..count]);
                Assert.Equal(fresh[name][count..], values[count..]);
            }

            Assert.Equal(8 * 24, made["encoder.embed_tokens.weight"].Length - from["model.shared.weight"].Length);
            string notice = Assert.Single(trainer.Notices);
            Assert.Contains("1 begin at random: decoder.embed_length.weight", notice);
            Assert.Contains("a part of encoder.embed_tokens.weight", notice);
            Assert.Contains("not used: final_logits_bias", notice);
            using var stop = new CancellationTokenSource();
            trainer.AfterStep = step => stop.Cancel();
            trainer.Run(stop.Token);
        }

        // A run that goes on has its own weights, and says nothing of where the first came from.
        using Trainer again = run.Trainer(1, resume: true);
        Assert.Empty(again.Notices);
        Assert.Equal(1, again.Steps);
    }

    [Fact]
    public void Another_source_is_another_run()
    {
        using TinyRun run = Run();
        Other(run).Dispose();
        run.Recipe["init_from"] = JsonNode.Parse($$"""{"path": "other", "rename": {{Rename}}}""");
        using (Trainer trainer = run.Trainer(1))
        {
            using var stop = new CancellationTokenSource();
            trainer.AfterStep = step => stop.Cancel();
            trainer.Run(stop.Token);
        }

        run.Recipe["init_from"]!["rename"] = new JsonObject { ["model."] = "" };
        Assert.Contains("init_from", Assert.Throws<RecipeException>(() => run.Trainer(1, resume: true)).Message);
    }

    [Fact]
    public void What_cannot_be_meant_is_refused()
    {
        using TinyRun run = Run();
        Other(run).Dispose();
        run.Recipe["init_from"] = JsonNode.Parse("""{"path": "other"}""");
        string message = Assert.Throws<RecipeException>(() => run.Trainer(1)).Message;
        Assert.Contains("model.decoder.layers", message);
        Assert.Contains("rename", message);
        run.Recipe["init_from"] = JsonNode.Parse("""{"path": "other", "renames": {}}""");
        Assert.Contains("did you mean rename", Assert.Throws<RecipeException>(() => run.Parse()).Message);
        run.Recipe["init_from"] = JsonNode.Parse("""{"path": "other", "rename": {"a": 1}}""");
        Assert.Contains("strings", Assert.Throws<RecipeException>(() => run.Parse()).Message);
        run.Recipe["init_from"] = JsonNode.Parse("""{"path": "other"}""");
        run.Recipe["model_name_or_path"] = "other";
        run.Recipe.Remove("model_config");
        Assert.Contains("model_config", Assert.Throws<RecipeException>(() => run.Parse()).Message);
    }

    private static TinyRun Run() => ObjectiveRunTests.Make("mask_predict", ObjectiveRunTests.MaskPredict, "pairs.tsv",
        """, "format": "tsv", "target": "1" """);

    private static Model Other(TinyRun run)
    {
        Model model = Model.Create("other", Encoding.UTF8.GetBytes(Marian), new RandomSource(99));
        CheckpointWriter.Write(model, run.Folder["other"]);
        return model;
    }

    private static Dictionary<string, float[]> Values(Model model) =>
        CheckpointExporter.Data(model.Parameters).ToDictionary(tensor => tensor.Name, tensor => tensor.Values);
}

using System.Text;

namespace Seriatim.Training.Tests;

/// <summary>A backward pass says which gradients are complete while it goes on.</summary>
public sealed class CompletedGradientsTests
{
    private const string Bert = """
        {
          "architectures": ["BertForMaskedLM"], "model_type": "bert", "vocab_size": 48, "hidden_size": 16, "num_hidden_layers": 2,
          "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 16, "type_vocab_size": 2,
          "pad_token_id": 0
        }
        """;

    /// <summary>One layer, used three times.</summary>
    private const string Albert = """
        {
          "architectures": ["AlbertForMaskedLM"], "model_type": "albert", "vocab_size": 48, "embedding_size": 8,
          "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32,
          "max_position_embeddings": 16, "type_vocab_size": 2, "hidden_act": "gelu_new", "pad_token_id": 0
        }
        """;

    private const string Mamba = """
        {
          "architectures": ["MambaForCausalLM"], "model_type": "mamba", "vocab_size": 48, "hidden_size": 16, "state_size": 4,
          "num_hidden_layers": 2, "conv_kernel": 4, "expand": 2, "time_step_rank": 2, "layer_norm_epsilon": 1e-05,
          "hidden_act": "silu",
          "use_bias": false, "use_conv_bias": true, "tie_word_embeddings": true, "bos_token_id": 0, "eos_token_id": 0
        }
        """;

    public static TheoryData<string> Configs => [TinyModel.GptConfig(), Bert, Albert, Mamba];

    [Theory]
    [MemberData(nameof(Configs))]
    public void What_is_told_does_not_change_any_more(string config)
    {
        using Model model = Model.Create("config.json", Encoding.UTF8.GetBytes(config), new RandomSource(7));
        using IDifferentiableOps ops = CpuOps.Create(1);
        TrainingBatch batch = Batch(model);
        // Twice: the second pass begins with gradients that only count as zero.
        for (int pass = 0; pass < 2; pass++)
        {
            var told = new Dictionary<Parameter, float[]>();
            int changedSince = 0;
            LossPass.TrainCounting(model, ops, batch, 0, null, recompute: false, null, parameter =>
            {
                told.Add(parameter, parameter.Gradient!.ToArray());
                changedSince += model.Parameters.Count(p => p.Parameter.Trainable && !told.ContainsKey(p.Parameter));
            });
            Assert.All(told, pair => Assert.Equal(pair.Key.Gradient!.ToArray(), pair.Value));
            Assert.Equal(model.Parameters.Where(p => p.Parameter.Gradient is not null).Select(p => p.Parameter.Name).Order(),
                told.Keys.Select(p => p.Name).Order());
            Assert.True(changedSince > 0, "All were told at the end.");
            foreach (ModelParameter parameter in model.Parameters)
                parameter.Parameter.ClearGradient();
        }
    }

    [Fact]
    public void Layers_that_are_computed_again_tell_nothing()
    {
        using Model model = TinyModel.Gpt();
        using IDifferentiableOps ops = CpuOps.Create(1);
        LossPass.TrainCounting(model, ops, Batch(model), 0, null, recompute: true, null,
            parameter => Assert.Fail($"{parameter} was told."));
    }

    [Fact]
    public void Adding_to_a_gradient_that_is_complete_is_refused()
    {
        using var parameter = new Parameter("layer.weight", 3, 5) { IsComplete = true };
        Assert.Contains("layer.weight", Assert.Throws<InvalidOperationException>(parameter.GradientOrZeros).Message);
    }

    private static TrainingBatch Batch(Model model)
    {
        int[] ids = [5, 9, 11, 7, 30];
        var builder = new RaggedBatchBuilder();
        if (model.Spec.Task == ModelTask.MaskedLanguageModel)
            builder.AddEncoder(ids);
        else
            builder.Add(ids, outputs: Outputs.All);
        return new TrainingBatch(builder.Build(), null, [0, 1, 2, 3, 4], [9, 11, 7, 30, 6]);
    }
}

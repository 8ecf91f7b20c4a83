using System.Text;

namespace Seriatim.Models.Tests;

/// <summary>Configs of retnet and mamba2: what is published loads, what is not built is refused by its name.</summary>
public sealed class RetNetConfigTests
{
    private const string RetNet = """
        {"model_type": "retnet", "vocab_size": 17, "decoder_embed_dim": 12, "decoder_value_embed_dim": 18,
        "decoder_retention_heads": 3,
        "decoder_ffn_embed_dim": 20, "decoder_layers": 2, "max_target_positions": 64, "dropout": 0.1,
        "activation_dropout": 0.2, "MORE": null}
        """;

    /// <summary>The keys of mistralai/Mamba-Codestral-7B-v0.1, made small.</summary>
    private const string Mamba2 = """
        {"architectures": ["Mamba2ForCausalLM"], "bos_token_id": 0, "chunk_size": 256, "conv_kernel": 4,
        "eos_token_id": 0, "expand": 2,
        "head_dim": 4, "hidden_act": "silu", "hidden_size": 16, "initializer_range": 0.1, "intermediate_size": 32,
        "layer_norm_epsilon": 1e-05,
        "model_type": "mamba2", "n_groups": 4, "norm_before_gate": true, "num_heads": 8, "num_hidden_layers": 2,
        "pad_token_id": 0,
        "rescale_prenorm_residual": false, "residual_in_fp32": true, "rms_norm": true, "state_size": 6,
        "tie_word_embeddings": false,
        "time_step_floor": 0.0001, "time_step_init_scheme": "random", "time_step_limit": [0.0, Infinity], "time_step_max": 0.1,
        "time_step_min": 0.001, "time_step_rank": 256, "time_step_scale": 1.0, "torch_dtype": "bfloat16", "use_bias":
        false, "use_cache": true,
        "use_conv_bias": true, "vocab_size": 50}
        """;

    [Fact]
    public void TheSizesAreThoseOfTheConfig()
    {
        using Model retnet = Create(RetNet);
        var retention = (MixerSpec.Retention)retnet.Spec.Decoder!.Layers[0].Mixer;
        Assert.Equal(new MixerSpec.Retention(3, 4, 6, 1e-6f), retention);
        Assert.Equal(64, retnet.Spec.Context);
        Assert.Equal(new DropoutRates(0.1f, 0.1f, 0, 0.2f), retnet.Spec.Dropout);
        Assert.Equal(2 * 80 * sizeof(float), retnet.BytesPerState); // 3 x 4 x 6 floats of each layer, in whole vectors
        using Model mamba = Create(Mamba2);
        var mixer = (MixerSpec.Mamba2)mamba.Spec.Decoder!.Layers[1].Mixer;
        Assert.Equal(new MixerSpec.Mamba2(8, 4, 4, 6, 4, 1e-5f), mixer);
        Assert.Equal(int.MaxValue, mamba.Spec.Context);
        Assert.Equal(0, mamba.BytesPerPosition);
    }

    [Theory]
    [InlineData("\"deepnorm\": true", "deepnorm is true")]
    [InlineData("\"xpos_rel_pos\": true", "xpos_rel_pos is true")]
    [InlineData("\"multiway\": true", "multiway is true")]
    [InlineData("\"no_output_layer\": true", "no_output_layer is true")]
    [InlineData("\"moe_freq\": 2", "moe_freq is 2")]
    [InlineData("\"drop_path_rate\": 0.1", "drop_path_rate is 0.1")]
    [InlineData("\"decoder_retention_heads\": 5", "decoder_embed_dim is 12; a multiple of 2 x decoder_retention_heads 5")]
    [InlineData("\"decoder_value_embed_dim\": 20", "decoder_value_embed_dim is 20; a multiple of decoder_retention_heads 3")]
    [InlineData("\"novelty\": 1", "novelty")]
    public void WhatIsNotBuiltIsRefused(string more, string message) => Refused(
        RetNet.Replace("\"decoder_retention_heads\": 3,", more.Contains("heads") ? "" : "\"decoder_retention_heads\": 3,")
            .Replace("\"decoder_value_embed_dim\": 18,", more.Contains("value") ? "" : "\"decoder_value_embed_dim\": 18,")
            .Replace("\"MORE\": null", more), message);

    [Theory]
    [InlineData("\"n_groups\": 4", "\"n_groups\": 3", "n_groups is 3; a divisor of num_heads 8")]
    [InlineData("\"head_dim\": 4", "\"head_dim\": 5", "num_heads 8 x head_dim 5 must be expand 2 x hidden_size 16")]
    [InlineData("\"intermediate_size\": 32", "\"intermediate_size\": 48", "intermediate_size is 48")]
    [InlineData("\"conv_kernel\": 4", "\"conv_kernel\": 1", "conv_kernel is 1")]
    [InlineData("[0.0, Infinity]", "[0.2, 0.1]", "time_step_limit is \"[0.2, 0.1]\"; two numbers from 0")]
    [InlineData("[0.0, Infinity]", "[0.2]", "time_step_limit")]
    [InlineData("\"rms_norm\": true", "\"rms_norm\": false", "rms_norm")]
    public void WrongSizesAreRefused(string from, string to, string message) => Refused(Mamba2.Replace(from, to), message);

    /// <summary>A fresh layer's rates are 1, 2, ... and its steps lie where the config says.</summary>
    [Fact]
    public void AFreshStateSpaceBeginsAsThePaperSays()
    {
        using Model model = Create(Mamba2);
        float[] Values(string name)
        {
            Parameter found = model.Parameters.Single(p => p.Path == $"layers.0.mamba2.{name}").Parameter;
            float[] row = new float[found.Columns];
            found.ReadRow(0, row);
            return row;
        }

        Assert.Equal([.. Enumerable.Range(1, 8).Select(h => MathF.Log(h))], Values("log_rates"), new Within(1e-6f));
        Assert.All(Values("skip"), value => Assert.Equal(1, value));
        Assert.All(Values("step_bias"), value => Assert.InRange(Math.Log(1 + Math.Exp(value)), 0.000999, 0.1001));
        Assert.True(Values("step_bias").Distinct().Count() > 4);
    }

    private static void Refused(string config, string message) => Assert.Contains(
        message, Assert.Throws<UnsupportedConfigException>(() => Create(config).Dispose()).Message);

    private static Model Create(string config) =>
        Model.Create("config.json", Encoding.UTF8.GetBytes(config), new RandomSource(3));

    private sealed class Within(float tolerance) : IEqualityComparer<float>
    {
        public bool Equals(float x, float y) => Math.Abs(x - y) <= tolerance;

        public int GetHashCode(float value) => 0;
    }
}

using System.Text;
using System.Text.Json.Nodes;

namespace Seriatim.Models.Tests;

/// <summary>Configs as the tools of today write them: other spellings of the same model, and keys that say nothing.</summary>
public sealed class TodaysConfigTests
{
    private const string Llama3 = """{"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8}""";

    /// <summary>Keys that trainers, mergers and exporters leave behind.</summary>
    [Theory]
    [InlineData("_attn_implementation_autoset", "true")]
    [InlineData("unsloth_fixed", "true")]
    [InlineData("unsloth_version", "\"2025.3.1\"")]
    [InlineData("unsloth_anything_to_come", "{\"a\": [1]}")]
    [InlineData("axolotl_config_path", "\"x.yml\"")]
    [InlineData("finetuning_task", "\"mnli\"")]
    [InlineData("dtype", "\"bfloat16\"")]
    [InlineData("_pre_quantization_dtype", "\"bfloat16\"")]
    [InlineData("pruned_heads", "{}")]
    [InlineData("typical_p", "1.0")]
    [InlineData("num_return_sequences", "1")]
    [InlineData("exponential_decay_length_penalty", "[5, 1.1]")]
    [InlineData("max_new_tokens", "4096")]
    [InlineData("torchscript", "false")]
    [InlineData("tf_legacy_loss", "false")]
    [InlineData("use_bfloat16", "false")]
    [InlineData("base_model_tp_plan", "{\"layers.*.mlp\": \"colwise\"}")]
    [InlineData("max_sequence_length", "2048")]
    [InlineData("use_flash_attention_2", "true")]
    [InlineData("lm_head_bias", "false")]
    [InlineData("use_qk_norm", "false")]
    [InlineData("use_sliding_window", "false")]
    [InlineData("max_window_layers", "28")]
    [InlineData("residual_multiplier", "1.0")]
    [InlineData("resid_pdrop", "0")]
    [InlineData("layer_types", "[\"full_attention\", \"full_attention\"]")]
    [InlineData("pad_token", "\"<pad>\"")]
    public void KeysThatSayNothingAreWaived(string key, string value)
    {
        using Model model = TinyLlama.Create(TinyLlama.With((key, JsonNode.Parse(value))));
        Assert.Equal("llama", model.Spec.Family);
    }

    /// <summary>A null says nothing, whatever the key: the library writes many.</summary>
    [Theory]
    [InlineData("sliding_window")]
    [InlineData("rope_parameters")]
    [InlineData("quantization_config")]
    [InlineData("a_key_of_tomorrow")]
    public void ANullIsAMissingKey(string key)
    {
        using Model model = TinyLlama.Create(TinyLlama.Config.Replace("\"vocab_size\"", $"\"{key}\": null, \"vocab_size\""));
        Assert.Equal(2, model.Spec.Last.Layers.Count);
    }

    [Theory]
    [InlineData("lm_head_bias", "true", "lm_head_bias (true; only false is supported)")]
    [InlineData("use_qk_norm", "true", "use_qk_norm (true; only false is supported)")]
    [InlineData("lm_head_bias", "\"false\"", "lm_head_bias (\"false\"; only false is supported)")]
    [InlineData("resid_pdrop", "0.1", "resid_pdrop (0.1; only 0 is supported)")]
    [InlineData("residual_multiplier", "0.22", "residual_multiplier (0.22; only 1 is supported)")]
    [InlineData("pruned_heads", "{\"0\": [1]}", "pruned_heads ({\"0\":[1]}; only {} is supported)")]
    [InlineData("quantization_config", "{\"quant_method\": \"awq\"}", "quantization_config")]
    [InlineData("sliding_window", "4096", "sliding_window (4096)")]
    [InlineData("layer_types", "[\"full_attention\", \"sliding_attention\"]", "layer_types[1] is \"sliding_attention\"; layer 1 of this llama model is full_attention")]
    [InlineData("layer_types", "[\"full_attention\", \"linear_attention\"]", "layer_types[1] is \"linear_attention\"; layer 1 of this llama model is full_attention by its other keys; they must agree")]
    [InlineData("layer_types", "[\"full_attention\", \"moon_attention\"]", "layer_types[1] is \"moon_attention\"; full_attention, sliding_attention, chunked_attention")]
    [InlineData("layer_types", "[\"full_attention\"]", "layer_types is \"1 kinds\"; 2, one for each layer, are needed")]
    [InlineData("layer_types", "[1, 2]", "layer_types is [1,2]; a list of strings is needed")]
    [InlineData("layer_types", "\"full_attention\"", "layer_types is \"full_attention\"; a list of strings is needed")]
    [InlineData("rope_parameters", "[]", "rope_parameters is []; a JSON object is needed")]
    [InlineData("rope_parameters", "{\"rope_type\": 3}", "rope_parameters.rope_type is 3; a string is needed")]
    [InlineData("rope_parameters", "{\"rope_type\": \"default\", \"factor\": 8}", "rope_parameters.factor (8; only 1 is supported)")]
    [InlineData("rope_parameters", "{\"rope_type\": \"linear\", \"factor\": 1e400}", "rope_parameters.factor")]
    [InlineData("rope_parameters", "{\"rope_theta\": -1}", "rope_theta is -1")]
    [InlineData("rope_parameters", "{\"rope_theta\": 1e4, \"mrope_section\": [1, 1]}", "rope_parameters.mrope_section")]
    [InlineData("rope_parameters", "{\"partial_rotary_factor\": 2.0}", "the number of rotary features is 4; an even number from 2 to 2")]
    [InlineData("rope_parameters", "{\"moon_attention\": {\"rope_theta\": 1e4}}", "rope_parameters.moon_attention is \"an object\"; sections are named by full_attention, sliding_attention, chunked_attention")]
    [InlineData("rope_parameters", "{\"full_attention\": {\"rope_theta\": 1e6}, \"sliding_attention\": {\"rope_theta\": 1e4}}",
        "rope_parameters.sliding_attention.rope_theta is 10000; rope_parameters.full_attention.rope_theta is 1000000; they must agree")]
    [InlineData("rope_scaling", "{\"factor\": 4.0}", "rope_scaling.rope_type is missing")]
    public void WhatIsNotUnderstoodIsRefused(string key, string value, string message)
    {
        var error = Assert.Throws<UnsupportedConfigException>(() => TinyLlama.Create(TinyLlama.With((key, JsonNode.Parse(value)))));
        Assert.Contains(message, error.Message);
    }

    [Fact]
    public void AllThatIsNotUnderstoodIsListedAtOnce()
    {
        string config = TinyLlama.With(("lm_head_bias", true), ("one", 1), ("use_qk_norm", true), ("unsloth_x", 1));
        var error = Assert.Throws<UnsupportedConfigException>(() => TinyLlama.Create(config));
        Assert.Equal(["lm_head_bias (true; only false is supported)", "one (1)", "use_qk_norm (true; only false is supported)"], error.Keys);
    }

    /// <summary>Old and new spellings, and both together, are one model.</summary>
    [Fact]
    public void RopeParametersSayWhatTwoKeysSaid()
    {
        PositionSpec.Rope old = Rope(("rope_theta", 500000.0), ("rope_scaling", JsonNode.Parse(Llama3)));
        JsonObject both = JsonNode.Parse(Llama3)!.AsObject();
        both["rope_theta"] = 500000.0;
        Assert.IsType<RopeScaling.Llama3>(old.Scaling);
        Assert.Equal(old, Rope(("rope_parameters", both.DeepClone())));
        Assert.Equal(old, Rope(("rope_scaling", both.DeepClone())));
        Assert.Equal(old, Rope(("rope_theta", 500000.0), ("rope_scaling", JsonNode.Parse(Llama3)), ("rope_parameters", both.DeepClone())));
        Assert.Equal(old, Rope(("rope_parameters", new JsonObject { ["full_attention"] = both.DeepClone(), ["sliding_attention"] = both.DeepClone() })));
        Assert.Equal(new PositionSpec.Rope(1e6, 2, RopePairing.HalfSplit, null), Rope(("rope_parameters", JsonNode.Parse("""{"rope_theta": 1000000.0, "rope_type": "default"}"""))));
    }

    [Fact]
    public void SpellingsThatContradictEachOtherAreRefused()
    {
        string Refused(params (string, JsonNode?)[] changes) =>
            Assert.Throws<UnsupportedConfigException>(() => TinyLlama.Create(TinyLlama.With(changes))).Message;
        Assert.Contains("rope_parameters.rope_theta is 20000; rope_theta is 10000; they must agree",
            Refused(("rope_theta", 10000), ("rope_parameters", JsonNode.Parse("""{"rope_theta": 20000}"""))));
        string scaling = Refused(("rope_scaling", JsonNode.Parse("""{"rope_type": "linear", "factor": 2}""")),
            ("rope_parameters", JsonNode.Parse("""{"rope_type": "linear", "factor": 4}""")));
        Assert.Contains("rope_scaling is Linear { Factor = 2 }; they must agree", scaling);
        Assert.Contains("rope_scaling.original_max_position_embeddings is 8; original_max_position_embeddings is 4; they must agree",
            Refused(("original_max_position_embeddings", 4), ("rope_scaling", JsonNode.Parse(Llama3))));
    }

    [Fact]
    public void TheNewerKeysOfYarnAreRead()
    {
        PositionSpec.Rope plain = Rope(("rope_scaling", JsonNode.Parse("""{"rope_type": "yarn", "factor": 4}""")));
        Assert.Equal(plain, Rope(("rope_scaling", JsonNode.Parse("""{"rope_type": "yarn", "factor": 4, "truncate": true}"""))));
        var scaled = (RopeScaling.Yarn)Rope(("rope_scaling", JsonNode.Parse("""{"rope_type": "yarn", "factor": 4, "mscale": 0.5, "mscale_all_dim": 1}"""))).Scaling!;
        Assert.Equal((0.05 * Math.Log(4) + 1) / (0.1 * Math.Log(4) + 1), scaled.AttentionFactor);
        var fine = (RopeScaling.Yarn)Rope(("rope_scaling", JsonNode.Parse("""{"rope_type": "yarn", "factor": 4, "truncate": false}"""))).Scaling!;
        Assert.Equal((RopeScaling.Yarn)plain.Scaling! with { WholeWaves = false }, fine);
    }

    [Fact]
    public void KindsOfLayersAreHeldAgainstTheFamily()
    {
        const string Qwen = """
            {"architectures": ["Qwen2ForCausalLM"], "vocab_size": 17, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 3, "num_attention_heads": 4,
            "num_key_value_heads": 2, "max_position_embeddings": 16, "use_sliding_window": true, "sliding_window": 6, "max_window_layers": 1, "layer_types": LIST}
            """;
        using Model model = TinyLlama.Create(Qwen.Replace("LIST", """["full_attention", "sliding_attention", "sliding_attention"]"""));
        Assert.Equal(6, ((MixerSpec.Attention)model.Spec.Last.Layers[2].Mixer).Window);
        Assert.Contains("layer_types[2] is \"full_attention\"; max_window_layers 1 says otherwise of layer 2; they must agree",
            Assert.Throws<UnsupportedConfigException>(() => TinyLlama.Create(Qwen.Replace("LIST", """["full_attention", "sliding_attention", "full_attention"]"""))).Message);
    }

    /// <summary>Phi-4-mini, its sizes made small.</summary>
    [Fact]
    public void Phi4MiniBuilds()
    {
        const string Phi = """
            {"architectures":["Phi3ForCausalLM"],"attention_bias":false,"attention_dropout":0.0,"auto_map":{"AutoConfig":"c.Phi3Config"},"bos_token_id":1,
            "embd_pdrop":0.0,"eos_token_id":1,"full_attn_mod":1,"hidden_act":"silu","hidden_size":32,"initializer_range":0.02,"intermediate_size":48,
            "interpolate_factor":1,"lm_head_bias":false,"max_position_embeddings":131072,"mlp_bias":false,"model_type":"phi3","num_attention_heads":4,
            "num_hidden_layers":1,"num_key_value_heads":2,"original_max_position_embeddings":4096,"pad_token_id":1,"partial_rotary_factor":0.75,
            "resid_pdrop":0.0,"rms_norm_eps":1e-05,"rope_scaling":{"long_factor":[1,1.1,1.2],"short_factor":[1,1,1],"type":"longrope"},"rope_theta":10000.0,
            "sliding_window":262144,"tie_word_embeddings":true,"torch_dtype":"bfloat16","transformers_version":"4.45.0","use_cache":true,"vocab_size":50}
            """;
        using Model model = TinyLlama.Create(Phi);
        Assert.Equal(6, ((PositionSpec.Rope)((MixerSpec.Attention)model.Spec.Last.Layers[0].Mixer).Position).RotaryDim);
        foreach ((string from, string to) in (ReadOnlySpan<(string, string)>)
            [("\"full_attn_mod\":1", "\"full_attn_mod\":2"), ("\"interpolate_factor\":1", "\"interpolate_factor\":4"),
            ("\"lm_head_bias\":false", "\"lm_head_bias\":true"), ("\"mlp_bias\":false", "\"mlp_bias\":true")])
            Assert.Contains("is supported)", Assert.Throws<UnsupportedConfigException>(() => TinyLlama.Create(Phi.Replace(from, to))).Message);
    }

    [Fact]
    public void PythiaTurnsTheSamePartInItsNewSpelling()
    {
        const string Neox = """
            {"architectures":["GPTNeoXForCausalLM"],"hidden_size":32,"intermediate_size":48,"max_position_embeddings":64,"num_attention_heads":4,
            "num_hidden_layers":1,"tie_word_embeddings":false,"vocab_size":50, ROPE}
            """;
        using Model old = TinyLlama.Create(Neox.Replace("ROPE", "\"rotary_pct\": 0.5, \"rotary_emb_base\": 10000"));
        using Model today = TinyLlama.Create(Neox.Replace("ROPE", """
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000, "partial_rotary_factor": 0.5}
            """));
        Assert.Equal(old.Spec.Last.Layers[0], today.Spec.Last.Layers[0]);
    }

    private static PositionSpec.Rope Rope(params (string Key, JsonNode? Value)[] changes)
    {
        using Model model = TinyLlama.Create(TinyLlama.With(changes));
        return (PositionSpec.Rope)((MixerSpec.Attention)model.Spec.Last.Layers[0].Mixer).Position;
    }
}

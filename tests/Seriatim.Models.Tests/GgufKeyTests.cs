using System.Text.Json.Nodes;

namespace Seriatim.Models.Tests;

/// <summary>Keys in GGUF files of today's uploaders: foreign ones are ignored and listed, neutral ones accepted, others refused by name and value.</summary>
public sealed class GgufKeyTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void KeysOfOtherProgramsAreIgnoredAndListed()
    {
        string[] foreign = ["mradermacher.quantize_version", "imatrix.chunks_count", "unsloth.version", "ollama.layers", "quantize.imatrix.file", "mistral.block_count", "note"];
        using Model model = Load([.. foreign.Select((key, i) => (key, (object)(i % 2 == 0 ? "2" : 7u))), ("general.quantized_by", "x"), ("split.count", (ushort)1)]);
        Assert.Equal(foreign.Order(), model.Config.IgnoredKeys.Order());
        using Model plain = Load();
        Assert.Empty(plain.Config.IgnoredKeys);
        Assert.Equal(plain.Spec.Last.Layers, model.Spec.Last.Layers);
    }

    public static TheoryData<string, object> Neutral => new()
    {
        { "tensor_data_layout", "Meta AI original pth" },
        { "attention.causal", true },
        { "pooling_type", 0u },
        { "attention.sliding_window", 0u },
        { "attention.sliding_window", 16u },
        { "attention.sliding_window", 4096u },
        { "attention.layer_norm_epsilon", 1e-5f },
        { "attention.scale", 0f },
        { "attention.scale", (float)(1 / Math.Sqrt(2)) },
        { "attention.clamp_kqv", 0f },
        { "attn_logit_softcapping", 0f },
        { "logit_scale", 1f },
        { "expert_count", 0u },
        { "expert_weights_norm", false },
        { "nextn_predict_layers", 0u },
        { "rope.scaling.type", "none" },
        { "rope.scaling.factor", 0f },
        { "rope.scaling.factor", 1f },
        { "rope.scaling.attn_factor", 1f },
        { "rope.scaling.finetuned", false },
        { "rope.scaling.yarn_beta_fast", 32f },
        { "rope.scaling.yarn_ext_factor", 0f },
        { "rope.scaling.original_context_length", 16u },
        { "rope.dimension_sections", new uint[] { 0, 0, 0, 0 } },
    };

    [Theory]
    [MemberData(nameof(Neutral))]
    public void KeysAtTheirNeutralValueAreAccepted(string name, object value)
    {
        using Model model = Load(("llama." + name, value));
        using Model plain = Load();
        Assert.Equal(plain.Spec.Last.Layers, model.Spec.Last.Layers);
        Assert.Empty(model.Config.IgnoredKeys);
    }

    public static TheoryData<string, object, string> Others => new()
    {
        { "tensor_data_layout", "column major", "llama.tensor_data_layout (\"column major\"; only \"Meta AI original pth\" is supported)" },
        { "attention.causal", false, "llama.attention.causal (false; only true is supported)" },
        { "attention.causal", "true", "llama.attention.causal (\"true\"; only true is supported)" },
        { "attention.causal", 1u, "llama.attention.causal (1; only true" },
        { "pooling_type", 1u, "llama.pooling_type (1; only 0 is supported)" },
        { "pooling_type", ulong.MaxValue, "llama.pooling_type (18446744073709551615; only 0" },
        { "attention.sliding_window", 8u, "llama.attention.sliding_window (8; only 0 or at least the context length is supported)" },
        { "attention.sliding_window", float.NaN, "llama.attention.sliding_window (NaN; only" },
        { "attention.sliding_window", new string[] { "0" }, "llama.attention.sliding_window (an array of 1; only" },
        { "attention.sliding_window", Array.Empty<uint>(), "llama.attention.sliding_window (an array of 0; only" },
        { "attention.scale", 0.3f, "llama.attention.scale (0.3; only 0 or 1 / sqrt(key length)" },
        { "expert_weights_norm", true, "llama.expert_weights_norm (true; only false" },
        { "logit_scale", 0.5f, "llama.logit_scale (0.5; only 0 or 1" },
        { "rope.scaling.attn_factor", 1.5f, "llama.rope.scaling.attn_factor is 1.5; rope.scaling.type is \"linear\"; only 1 goes with it" },
        { "rope.scaling.factor", -2f, "factor is -2" },
        { "rope.scaling.factor", float.PositiveInfinity, "a finite number is needed" },
        { "rope.scaling.type", "bent", "llama.rope.scaling.type is \"bent\"" },
        { "mystery", 3u, "llama.mystery (3)" },
    };

    [Theory]
    [MemberData(nameof(Others))]
    public void OtherValuesAreRefusedByNameAndValue(string name, object value, string message) =>
        Assert.Contains(message, Assert.Throws<UnsupportedConfigException>(() => Load(("llama." + name, value))).Message);

    [Fact]
    public void AllKeysAreListedAtOnce()
    {
        string message = Assert.Throws<UnsupportedConfigException>(() => Load(("llama.one", 1u), ("llama.attention.causal", false), ("llama.two", "x"))).Message;
        Assert.Contains("llama.one (1), llama.attention.causal (false; only true is supported), llama.two (\"x\")", message);
    }

    /// <summary>Readers take a missing type for linear; a factor beside "none" says two things.</summary>
    [Fact]
    public void AFactorIsNeverIgnored()
    {
        using Model linear = Load(("llama.rope.scaling.factor", 4f));
        Assert.Equal(new RopeScaling.Linear(4), linear.RopeScaling);
        Assert.Contains("llama.rope.scaling.factor is 4; rope.scaling.type is \"none\"", Assert.Throws<UnsupportedConfigException>(
            () => Load(("llama.rope.scaling.type", "none"), ("llama.rope.scaling.factor", 4f))).Message);
    }

    private Model Load(params (string Key, object Value)[] more)
    {
        string path = Path.Combine(_folder.Path, "model.gguf"), changed = Path.Combine(_folder.Path, "changed.gguf");
        using (Model model = TinyLlama.Create())
            GgufModelWriter.Write(model, path, QuantizationMix.Parse("f32"), "tiny", new Dictionary<string, object>());
        using (GgufFile file = GgufFile.Open(path))
        {
            var keys = new Dictionary<string, object>(file.Metadata);
            foreach ((string key, object value) in more)
                keys[key] = value;
            using GgufWriter writer = GgufWriter.Create(changed, keys, file.Entries.Select(e => new GgufTensorSpec(e.Name, e.Type, e.Shape)));
            foreach (GgufEntry entry in file.Entries)
                writer.Append(entry.Name, file.Bytes(entry));
            writer.Complete();
        }

        return Model.Load(changed);
    }
}

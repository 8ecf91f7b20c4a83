using Seriatim.Formats;
using Seriatim.Models;

namespace Seriatim.Tests;

/// <summary>Adapters in the layout of PEFT, of models whatever files these were read from.</summary>
public sealed class PeftAdapterTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A GGUF file has other names, and the rows of queries in another order; the adapter is the same.</summary>
    [Fact]
    public void An_adapter_adds_the_same_to_a_gguf_file_of_its_model()
    {
        string folder = Directory.CreateDirectory(_folder.File("model")).FullName, file = _folder.File("model.gguf");
        TinyModels.WriteLlama(folder);
        ModelConverter.ToGguf(folder, file, QuantizationMix.Parse("f32"));
        string adapter = TinyAdapters.Write(_folder.File("adapter"), 1);
        using var one = Model.Load(folder);
        using var other = Model.Load(file);
        IReadOnlyDictionary<string, LowRankFactors> expected = PeftAdapter.Read(one, adapter),
            actual = PeftAdapter.Read(other, adapter);
        Assert.Equal(4, expected.Count);
        one.AddAdapter("x", expected);
        other.AddAdapter("x", actual);
        Assert.Equal(one.FingerprintOf("x")[^32..], other.FingerprintOf("x")[^32..]);
    }

    /// <summary>The scale is alpha by the rank, or by its root; the first pattern that is the end of a name counts.</summary>
    [Theory]
    [InlineData("", 2, 2)]
    [InlineData(""", "use_rslora": true""", 3.4641016f, 3.4641016f)]
    [InlineData(""", "alpha_pattern": {"layers.1.self_attn.q_proj": 9, "q_proj": 3, "_proj": 4}""", 1, 3)]
    [InlineData(""", "alpha_pattern": {"proj": 3, "elf_attn.q_proj": 3}, "rank_pattern": {"k_proj": 8}""", 2, 2)]
    public void Scales_are_as_the_config_says(string more, float first, float second)
    {
        TinyModels.WriteLlama(_folder.Path);
        using var model = Model.Load(_folder.Path);
        IReadOnlyDictionary<string, LowRankFactors> read =
            PeftAdapter.Read(model, TinyAdapters.Write(_folder.File("adapter"), 1, more: more));
        Assert.Equal(first, read["layers.0.attention.q"].Scale);
        Assert.Equal(second, read["layers.1.attention.q"].Scale);
    }

    [Theory]
    [InlineData(""", "lora_bias": true""", "lora_bias is true; biases of adapters are not read")]
    [InlineData(""", "modules_to_save": ["lm_head"]""", "modules_to_save is")]
    [InlineData(""", "init_lora_weights": "pissa" """, "init_lora_weights is \"pissa\"")]
    [InlineData(""", "something_new": 3""", "something_new is 3; nothing here does what it asks for")]
    [InlineData(""", "rank_pattern": {"q_proj": 2}""", "[2, 32] is needed")]
    [InlineData(""", "alpha_pattern": {"(": 2}""", "the pattern ( is no regular expression")]
    public void What_a_config_asks_for_is_done_or_refused_by_name(string more, string why)
    {
        TinyModels.WriteLlama(_folder.Path);
        using var model = Model.Load(_folder.Path);
        string adapter = TinyAdapters.Write(_folder.File("adapter"), 1, more: more);
        Assert.Contains(why, Assert.Throws<ModelFormatException>(() => PeftAdapter.Read(model, adapter)).Message);
    }

    [Fact]
    public void What_asks_for_nothing_is_taken()
    {
        TinyModels.WriteLlama(_folder.Path);
        using var model = Model.Load(_folder.Path);
        string adapter = TinyAdapters.Write(_folder.File("adapter"), 1, more: """
            , "use_dora": false, "modules_to_save": null, "something_new": {}, "init_lora_weights": true, "lora_dropout": 0.1
            """);
        Assert.Equal(4, PeftAdapter.Read(model, adapter).Count);
    }
}

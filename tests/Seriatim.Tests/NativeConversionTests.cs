using System.Text.Json;
using Seriatim.Tokenizers;

namespace Seriatim.Tests;

/// <summary>
/// Real vocabularies to GGUF and back: either every hard line keeps its ids, or the conversion is refused. Run by
/// <c>tests/native/run.sh</c>, which names the folder in SERIATIM_NATIVE.
/// </summary>
[Trait("Category", "Native")]
public sealed class NativeConversionTests
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("SERIATIM_NATIVE") is { Length: > 0 } path
        && Directory.Exists(Path.Combine(path, "hf")) ? Path.Combine(path, "hf") : null;

    public static TheoryData<string> Vocabularies => Folder is null ? ["none"] : [.. Directory.GetDirectories(Folder)
        .Where(folder => File.Exists(Path.Combine(folder, "expected.json"))).Select(folder => Path.GetFileName(folder)!)];

    /// <summary>What each vocabulary is written as; null for those that are refused.</summary>
    private static readonly Dictionary<string, string?> Names = new(StringComparer.Ordinal)
    {
        ["deepseek_v3"] = "deepseek-v3",
        ["deepseek-coder-like"] = "deepseek-coder",
        ["starcoder-like"] = "starcoder",
        ["qwen-like"] = "qwen2",
        ["qwen1_5"] = "qwen2",
        ["qwen2_5"] = "qwen2",
        ["qwen3"] = "qwen2",
        ["llama3"] = "llama-bpe",
        ["llama3_1"] = "llama-bpe",
        ["gpt2"] = "gpt-2",
        ["nfc"] = "gpt-2",
        ["falcon-like"] = null,
        ["clip-like"] = null,
        ["gpt4o"] = null,
        ["mistral_nemo"] = null,
    };

    [NativeTheory]
    [MemberData(nameof(Vocabularies))]
    public void HardLinesKeepTheirIdsOrTheConversionIsRefused(string name)
    {
        string folder = Path.Combine(Folder!, name);
        Tokenizer source = Tokenizer.Load(folder);
        Dictionary<string, object> keys;
        try
        {
            keys = GgufTokenizerExport.Read(folder, source.VocabularySize);
        }
        catch (TokenizerFormatException refused)
        {
            Assert.Null(Names.GetValueOrDefault(name));
            Assert.Contains("keep the folder", refused.Message, StringComparison.OrdinalIgnoreCase);
            return;
        }

        if (Names.TryGetValue(name, out string? expected))
            Assert.Equal(expected, keys["tokenizer.ggml.pre"]);
        Tokenizer back = Tokenizer.FromGguf(keys);
        using JsonDocument rows = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected.json")));
        foreach (JsonElement row in rows.RootElement.EnumerateArray())
        {
            string text = row.GetProperty("text").GetString()!;
            Assert.Equal(source.Encode(text, EncodeOptions.PlainText), back.Encode(text, EncodeOptions.PlainText));
        }
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class NativeTheoryAttribute : TheoryAttribute
    {
        public NativeTheoryAttribute() => Skip = Folder is null ? "SERIATIM_NATIVE names no folder: run tests/native/run.sh" : null;
    }
}

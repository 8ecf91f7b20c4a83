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

    /// <summary>Published vocabularies that are written as SentencePiece (llama).</summary>
    private static readonly string[] Llama = ["baichuan2", "chatglm3", "gemini", "gemma", "gemma2", "gemma3", "internlm2", "llama2", "yi"];

    /// <summary>What each vocabulary of BPE is written as; null for those that are refused.</summary>
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
        ["llama3_2"] = "llama-bpe",
        ["minicpm_v4_5"] = "qwen2",
        ["aya_expanse"] = "starcoder",
        ["gpt35turbo"] = "dbrx",
        ["falcon-like"] = null,
        ["clip-like"] = null,
        ["claude"] = null,
        ["command_r_plus"] = null,
        ["gpt4o"] = null,
        ["gptoss"] = null,
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
            Assert.DoesNotContain(name, Llama);
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

            // InternLM2's folder does not name <unk> as special; a file always does (docs/guide/tokenizers.md).
            if (name != "internlm2" || !text.Contains("<unk>", StringComparison.Ordinal))
                Assert.Equal(source.Encode(text), back.Encode(text));
        }
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class NativeTheoryAttribute : TheoryAttribute
    {
        public NativeTheoryAttribute() => Skip = Folder is null ? "SERIATIM_NATIVE names no folder: run tests/native/run.sh" : null;
    }
}

using System.Text;
using System.Text.Json;
using Seriatim.Formats;
using Seriatim.Tokenizers;

namespace Seriatim.Generation.Tests;

/// <summary>Tokenizers whose tokens a test chooses.</summary>
internal static class MadeTokenizer
{
    private static readonly char[] Letters = MakeLetters();

    /// <summary>All single bytes, then these texts, then special tokens.</summary>
    public static Tokenizer Of(IEnumerable<byte[]> texts, params string[] special)
    {
        var pieces = Enumerable.Range(0, 256).Select(value => (byte[])[(byte)value])
            .Concat(texts.Where(text => text.Length > 1)).Select(Spell).Distinct().ToList();
        var vocabulary = new Dictionary<string, int>();
        foreach (string piece in pieces)
            vocabulary.Add(piece, vocabulary.Count);
        var json = new
        {
            version = "1.0",
            added_tokens = special.Select((text, i) => new
            {
                id = pieces.Count + i,
                content = text,
                single_word = false,
                lstrip = false,
                rstrip = false,
                normalized = false,
                special = true,
            }),
            pre_tokenizer = new { type = "ByteLevel", add_prefix_space = false, trim_offsets = true, use_regex = false },
            decoder = new { type = "ByteLevel", add_prefix_space = false, trim_offsets = true, use_regex = false },
            model = new { type = "BPE", vocab = vocabulary, merges = Array.Empty<string>() },
        };
        return Tokenizer.FromJson(JsonSerializer.SerializeToUtf8Bytes(json), "made");
    }

    /// <summary>All single bytes, and an end.</summary>
    public static Tokenizer Bytes { get; } = Of([], "</s>");

    /// <summary>The 50,257 tokens of GPT-2.</summary>
    public static Tokenizer Gpt2()
    {
        using GgufFile file = GgufFile.Open(Shared.Path("golden", "tokenizers", "ggml-vocab-gpt-2.gguf"));
        return Tokenizer.FromGguf(file.Metadata.ToDictionary(pair => pair.Key, pair => pair.Value));
    }

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static string Spell(byte[] bytes) => string.Concat(bytes.Select(value => Letters[value]));

    /// <summary>Bytes as the characters that byte-level BPE writes them with.</summary>
    private static char[] MakeLetters()
    {
        char[] letters = new char[256];
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool shown = value is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174;
            letters[value] = shown ? (char)value : (char)next++;
        }

        return letters;
    }
}

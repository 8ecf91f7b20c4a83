using System.Text;

namespace Seriatim.Tokenizers.Tests;

/// <summary>Unigram models: the T5 kind of GGUF, byte fallback, unknown characters.</summary>
public sealed class UnigramTests
{
    private static Dictionary<string, object> T5(bool merge) => new()
    {
        ["tokenizer.ggml.model"] = "t5",
        ["tokenizer.ggml.tokens"] = new[] { "<pad>", "</s>", "<unk>", "▁hello", "▁", "h", "e", "l", "o", "lo", "▁wor", "ld", "<extra>" },
        ["tokenizer.ggml.scores"] = new float[] { 0, 0, 0, -3, -2, -4, -4, -4, -4, -5, -5, -5, 0 },
        ["tokenizer.ggml.token_type"] = new[] { 3, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4 },
        ["tokenizer.ggml.eos_token_id"] = 1u,
        ["tokenizer.ggml.unknown_token_id"] = 2u,
        ["tokenizer.ggml.padding_token_id"] = 0u,
        ["tokenizer.ggml.add_space_prefix"] = true,
        ["tokenizer.ggml.remove_extra_whitespaces"] = merge,
        ["tokenizer.ggml.precompiled_charsmap"] = Array.Empty<sbyte>(),
    };

    [Fact]
    public void Gguf_of_the_t5_kind_encodes_and_decodes()
    {
        Tokenizer tokenizer = Tokenizer.FromGguf(T5(merge: true));
        Assert.Equal([3, 10, 11, 1], tokenizer.Encode("  hello   world "));
        Assert.Equal("hello world", tokenizer.Decode([3, 10, 11, 1]));
        Assert.Equal([3, 9, 1], tokenizer.Encode("hellolo"));
        Assert.Equal([4, 2, 7, 1], tokenizer.Encode("xyl"));
        Assert.Equal([12, 3, 1], tokenizer.Encode("<extra>hello"));
        Assert.Equal([1], tokenizer.Encode("   "));
        Assert.Equal((0, 1, 2), (tokenizer.PadId, tokenizer.EosId, tokenizer.UnkId));
    }

    [Fact]
    public void Blanks_stay_where_they_are_not_merged()
    {
        Tokenizer tokenizer = Tokenizer.FromGguf(T5(merge: false));
        Assert.Equal([4, 4, 3, 4, 1], tokenizer.Encode("  hello "));
        Assert.Equal("  hello ", tokenizer.Decode([4, 4, 3, 4, 1]));
    }

    [Fact]
    public void Unknown_characters_fuse_or_are_spelled_in_bytes()
    {
        static Tokenizer Make(bool bytes)
        {
            string pieces = string.Join(',', Enumerable.Range(0, 256).Select(b => $"[\"<0x{b:X2}>\",-20]"));
            return Tokenizer.FromJson(Encoding.UTF8.GetBytes($$"""
                {"decoder": {"type": "ByteFallback"}, "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": {{(bytes ? "true" : "false")}},
                 "vocab": [["<unk>",0],["a",-1],["b",-1],["ab",-1.5],{{pieces}}] } }
                """));
        }

        Assert.Equal([3, 0, 1], Make(bytes: false).Encode("abé我a"));
        IReadOnlyList<EncodedToken> tokens = Make(bytes: true).EncodeWithOffsets("abé🙂a");
        Assert.Equal([3, 4 + 0xC3, 4 + 0xA9, 4 + 0xF0, 4 + 0x9F, 4 + 0x99, 4 + 0x82, 1], tokens.Select(token => token.Id));
        Assert.Equal([(0, 2), (2, 3), (2, 3), (3, 5), (3, 5), (3, 5), (3, 5), (5, 6)], tokens.Select(token => (token.Start, token.End)));
        Assert.Equal("abé🙂a", Make(bytes: true).Decode(tokens.Select(token => token.Id).ToArray()));
    }
}

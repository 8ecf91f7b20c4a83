using System.Text;
using System.Text.Json;

namespace Seriatim.Training.Tests;

/// <summary>A vocabulary of single characters with an end of text, a mask and sentinels, made as its file.</summary>
internal static class Letters
{
    public const int Eos = 0;

    public static byte[] Json { get; } = Encoding.UTF8.GetBytes(Make());

    public static Tokenizer Tokenizer { get; } = Tokenizer.FromJson(Json);

    private static string Make()
    {
        string[] special = ["</s>", "<mask>", .. Enumerable.Range(0, 8).Select(i => $"<extra_id_{i}>")];
        string[] pieces = ["</s>", "<unk>", .. "\n \tabcdefghijklmnopqrstuvwxyz.,:".Select(c => c.ToString()), .. special[1..]];
        string added = string.Join(",", special.Select(p => $$"""{"id":{{Array.IndexOf(pieces, p)}},"content":"{{p}}","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}"""));
        string vocabulary = string.Join(",", pieces.Select((p, i) => $"{JsonSerializer.Serialize(p)}:{i}"));
        return $$$"""
            {"version":"1.0","added_tokens":[{{{added}}}],
             "normalizer":null,"pre_tokenizer":null,"post_processor":null,"decoder":{"type":"Fuse"},
             "model":{"type":"BPE","dropout":null,"unk_token":"<unk>","continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":false,"vocab":{{{{vocabulary}}}},"merges":[]}}
            """;
    }
}

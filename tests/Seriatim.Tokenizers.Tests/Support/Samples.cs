using System.Text;

namespace Seriatim.Tokenizers.Tests;

/// <summary>Small tokenizers and texts the tests share.</summary>
internal static class Samples
{
    private static readonly string[] Texts =
    [
        "The quick brown fox jumps over the lazy dog. The dog sleeps; the fox doesn't, and it's 12345 times faster than 2 dogs!",
        "我爱学习。我爱中文,也爱英文。学习使人快乐,快乐使人学习。今天天气很好,我们去公园学习吧!",
        "Once upon a time there was a little girl. She loved to play with her little dog in the park every day.",
        "naïve café déjà vu — “quotes” … 🙂🙂 家族 👨‍👩‍👧‍👦\n\n\tindented\r\nlines   with   blanks",
    ];

    /// <summary>Byte-level BPE.</summary>
    public static TrainedTokenizer ByteLevel { get; } = Train(TrainerModel.ByteLevelBpe, 400);

    /// <summary>SentencePiece-like BPE with byte fallback.</summary>
    public static TrainedTokenizer ByteFallback { get; } = Train(TrainerModel.ByteFallbackBpe, 460);

    /// <summary>Unigram.</summary>
    public static TrainedTokenizer Unigram { get; } = Train(TrainerModel.Unigram, 220);

    /// <summary>WordPiece.</summary>
    public static TrainedTokenizer WordPiece { get; } = Train(TrainerModel.WordPiece, 300);

    /// <summary>The texts the small tokenizers are trained on.</summary>
    public static IReadOnlyList<string> TrainingTexts => Texts;

    /// <summary>Texts that are hard in one way or another.</summary>
    public static IReadOnlyList<string> Hard { get; } =
    [
        "", " ", "  ", "\n", "\r\n", "\t \n x", "a", " a", "a ", "  a  b  ", "'s 'S don't DON'T we'll 'x", "12 345 6789 0",
            "½ ² Ⅷ ٣",
        "Ünïcödé", "e\u0301\u0323", "한국어 텍스트", "日本語のテキスト", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 🙂👍🏽", "\uD800", "x\uDC00y", "\uDC00\uD800",
            "\0\u0001\u007F\u0085",
        "\u00A0nbsp\u2003em\u3000wide", "a\u200Db\u200B", "\uFEFFbom", "http://a.b/c?d=e&f=g#h", "   \n\n  \n", "x\n\n\ny",
            "...!!!???",
        "▁already▁there", "<s> </s> <unk> <|endoftext|>", "ﬁ ﬂ Å ℵ ①", "İstanbul ISPARTA ß", "\U0010FFFF\uFFFF",
    ];

    /// <summary>Replaces lone surrogates as encoding does.</summary>
    public static string Sanitized(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    /// <summary>Decodes with the streaming decoder.</summary>
    public static string Stream(Tokenizer tokenizer, IEnumerable<int> ids, bool skipSpecialTokens)
    {
        TokenDecoder decoder = tokenizer.CreateDecoder(skipSpecialTokens);
        var text = new StringBuilder();
        foreach (int id in ids)
        {
            string piece = decoder.Append(id);
            Assert.False(piece.Length > 0 && (char.IsLowSurrogate(piece[0]) || char.IsHighSurrogate(piece[^1])),
                "half a character");
            text.Append(piece);
        }

        return text.Append(decoder.Flush()).ToString();
    }

    private static TrainedTokenizer Train(TrainerModel model, int size) =>
        TokenizerTrainer.Train(Enumerable.Repeat(Texts, 5).SelectMany(texts => texts),
            new TrainerOptions { Model = model, VocabularySize = size, CharacterCoverage = 1 });
}

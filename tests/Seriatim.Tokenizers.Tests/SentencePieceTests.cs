using System.Text;

namespace Seriatim.Tokenizers.Tests;

/// <summary>What SentencePiece does that others do not: user-defined pieces, single precision, the surface of unknown text; and bytes.</summary>
public sealed class SentencePieceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("seriatim-spm").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void UserDefinedPiecesStandInTheTextLikeOthers(bool unigram)
    {
        (string, float, int)[] pieces =
            [("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3), ("<mask>", 0, 4), ("▁", -1, 1), ("x", -2, 1), ("y", -2, 1), ("▁x", -1.5f, 1), ("<", -3, 1)];
        Tokenizer tokenizer = Load(unigram ? SentencePieceSamples.Unigram(pieces) : SentencePieceSamples.Bpe(pieces));
        Assert.Equal([4, 3], tokenizer.Encode("<mask>"));
        Assert.Equal([7, 3, 6], tokenizer.Encode("x<mask>y"));
        Assert.Equal("x<mask>y", tokenizer.Decode([7, 3, 6]));
        Assert.Equal([7, 3, 3, 4, 6], tokenizer.Encode(" x<mask><mask>  y "));
    }

    [Fact]
    public void UnknownTextHasASurface()
    {
        Tokenizer tokenizer = Load(SentencePieceSamples.Unigram([("<unk>", 0, 2), ("▁a", -1, 1), ("▁", -2, 1)]));
        Assert.Equal([1, 2, 0], tokenizer.Encode("a 我们"));
        Assert.Equal("a  \u2047 ", tokenizer.Decode([1, 2, 0]));
        Assert.Equal(" \u2047 ", Encoding.UTF8.GetString(tokenizer.BytesOf(0)));
    }

    /// <summary>
    /// Two spellings of the same score: summed in double they tie, and the first that is found stays; a sum rounded to single is
    /// beaten by the next one that is not yet rounded.
    /// </summary>
    [Fact]
    public void TiesAreThoseOfSinglePrecision()
    {
        Tokenizer single = Load(SentencePieceSamples.Unigram([("<unk>", 0, 2), ("▁", -0.1f, 1), ("-", -0.1f, 1), ("--", -0.2f, 1)]));
        Assert.Equal([1, 2, 2, 3], single.Encode("----"));
        Tokenizer twice = Tokenizer.FromJson(Encoding.UTF8.GetBytes(
            """{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["▁", -0.1], ["-", -0.1], ["--", -0.2]]}}"""));
        Assert.Equal([1, 3, 3], twice.Encode("▁----"));
    }

    [Fact]
    public void TokensHaveBytes()
    {
        Tokenizer fallback = Load(SentencePieceSamples.Bpe([("<unk>", 0, 2), ("<s>", 0, 3), ("▁a", -1, 1), ("<0xE6>", 0, 6)]));
        Assert.Equal(" a"u8.ToArray(), fallback.BytesOf(2));
        Assert.Equal([0xE6], fallback.BytesOf(3));
        Assert.Equal("<s>"u8.ToArray(), fallback.BytesOf(1));
        Assert.False(fallback.TryGetBytes(4, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => fallback.BytesOf(-1));
        Tokenizer byteLevel = Samples.ByteLevel.Tokenizer;
        foreach (string text in new[] { "我爱学习 é", "a\n b" })
        {
            int[] ids = byteLevel.Encode(text);
            Assert.Equal(text, Encoding.UTF8.GetString([.. ids.SelectMany(byteLevel.BytesOf)]));
        }
    }

    private Tokenizer Load(byte[] file)
    {
        string path = Path.Combine(_folder, "tokenizer.model");
        File.WriteAllBytes(path, file);
        return Tokenizer.Load(path);
    }
}

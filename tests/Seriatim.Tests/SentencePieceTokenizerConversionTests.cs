using System.Text.Json.Nodes;
using Seriatim.Formats;
using Seriatim.Tokenizers;
using Seriatim.Tokenizers.Tests;

namespace Seriatim.Tests;

/// <summary>A folder as Mistral v0.3 has it: BPE with byte fallback as tokenizer.json, and the same as tokenizer.model, which is what is written.</summary>
public sealed class SentencePieceTokenizerConversionTests : IDisposable
{
    private const string Prefix = "tokenizer.ggml.";
    private const int FirstLetter = 4 + 256;
    private readonly TempFolder _folder = new();

    private static readonly string[] Texts =
    [
        .. GgufTokenizerExport.Probes, "the cat sat on the mat", "  the   cat ", "thet hat", "我 the é", "[INST] the cat [/INST] on", "</s>the", "a\tb\n",
    ];

    public void Dispose() => _folder.Dispose();

    /// <summary>The file alone, with a json that does as it does, and with one of Mistral's, which treats blanks in another way.</summary>
    [Theory]
    [InlineData("none")]
    [InlineData("normalizer")]
    [InlineData("first")]
    [InlineData("always")]
    public void TheSentencePieceFileIsWritten(string blanks)
    {
        (string Piece, float Score, int Kind)[] pieces = Pieces();
        JsonObject json = Json(pieces);
        bool own = blanks is "first" or "always";
        if (own)
        {
            json["normalizer"] = null;
            json["pre_tokenizer"] = new JsonObject { ["type"] = "Metaspace", ["replacement"] = "▁", ["prepend_scheme"] = blanks, ["split"] = false };
        }

        Write(pieces, blanks == "none" ? null : json);
        Tokenizer source = Tokenizer.Load(_folder.Path);
        Dictionary<string, object> keys = GgufTokenizerExport.Read(_folder.Path, pieces.Length + 2);
        Assert.Equal(("llama", "default", true), (keys[Prefix + "model"], keys[Prefix + "pre"], keys[Prefix + "add_space_prefix"]));
        Assert.Equal([.. pieces.Select(p => p.Score), 0, 0], (float[])keys[Prefix + "scores"]);
        Assert.Equal([.. pieces.Select(p => p.Kind), 5, 5], (int[])keys[Prefix + "token_type"]);
        Assert.Equal([.. pieces.Select(p => p.Piece), "[PAD285]", "[PAD286]"], (string[])keys[Prefix + "tokens"]);
        Assert.Equal(own ? 1 : 0, GgufTokenizerNotes.Of(keys).Count(note => note.Contains("tokenizer.seriatim.prepend_scheme")));
        Assert.Equal(own ? blanks : null, keys.GetValueOrDefault("tokenizer.seriatim.prepend_scheme"));
        Tokenizer file = Tokenizer.FromGguf(keys);
        Tokenizer back = Tokenizer.FromJson(TokenizerJsonExport.Write(keys));
        foreach (string text in Texts)
        {
            Assert.Equal(source.Encode(text, EncodeOptions.PlainText), file.Encode(text, EncodeOptions.PlainText));
            Assert.Equal(source.Encode(text), file.Encode(text));
            Assert.Equal(source.Encode(text), back.Encode(text));
            Assert.Equal(source.Decode(source.Encode(text)), file.Decode(source.Encode(text)));
        }

        Assert.Equal([IdOf(pieces, "▁the"), IdOf(pieces, "▁c"), IdOf(pieces, "at")], source.Encode("the cat", addSpecialTokens: false));
    }

    [Fact]
    public void AFileOfOtherScoresIsRefusedByName()
    {
        (string Piece, float Score, int Kind)[] pieces = Pieces();

        // The merges of the json stay, where a blank takes an s before an a can; in the file the a is first.
        Write([.. pieces.Select(p => p.Piece == "sa" ? p with { Score = 0 } : p)], Json(pieces));
        Refused(":▁s ", ":sa ", "in the file");
    }

    [Fact]
    public void AFileOfOtherPiecesIsRefusedByName()
    {
        (string Piece, float Score, int Kind)[] pieces = Pieces();
        int id = IdOf(pieces, "at");
        Write([.. pieces.Select(p => p.Piece == "at" ? p with { Piece = "ta" } : p)], Json(pieces));
        Refused($"id {id} is \"at\" there and \"ta\" here");
    }

    [Fact]
    public void AFileOfMorePiecesIsRefusedByName()
    {
        (string Piece, float Score, int Kind)[] pieces = Pieces();
        Write([.. pieces, ("zz", -40, 1)], Json(pieces));
        Refused($"has {pieces.Length + 1} pieces for {pieces.Length} ids");
    }

    [Fact]
    public void AKeyOfOurOwnWithAnotherValueIsRefused()
    {
        (string Piece, float Score, int Kind)[] pieces = Pieces();
        Write(pieces, null);
        Dictionary<string, object> keys = GgufTokenizerExport.Read(_folder.Path, pieces.Length);
        keys["tokenizer.seriatim.prepend_scheme"] = "sometimes";
        Assert.Contains("\"sometimes\", which is neither first nor always", Assert.Throws<TokenizerFormatException>(() => Tokenizer.FromGguf(keys)).Message);
    }

    /// <summary>A pointer in its place stands for no file: the merges of the json might be written as other scores.</summary>
    [Fact]
    public void APointerOfGitLfsIsNamed()
    {
        (string Piece, float Score, int Kind)[] pieces = Pieces();
        Write(pieces, Json(pieces));
        File.WriteAllText(Path.Combine(_folder.Path, "tokenizer.model"), $"version https://git-lfs.github.com/spec/v1\noid sha256:{new string('a', 64)}\nsize 587404\n");
        ModelFormatException refused = Assert.Throws<ModelFormatException>(() => GgufTokenizerExport.Read(_folder.Path, pieces.Length));
        Assert.Contains("tokenizer.model", refused.Message);
        Assert.Contains("587404 bytes", refused.Message);
    }

    private void Refused(params string[] parts)
    {
        TokenizerFormatException refused = Assert.Throws<TokenizerFormatException>(() => GgufTokenizerExport.Read(_folder.Path, 10));
        Assert.Equal(Path.Combine(_folder.Path, "tokenizer.model"), refused.File);
        Assert.All([.. parts, "other tokens than tokenizer.json beside it", "keep the folder"], part => Assert.Contains(part, refused.Message));
    }

    private void Write((string Piece, float Score, int Kind)[] pieces, JsonObject? json)
    {
        File.WriteAllBytes(Path.Combine(_folder.Path, "tokenizer.model"), SentencePieceSamples.Llama(pieces));
        if (json is not null)
            File.WriteAllText(Path.Combine(_folder.Path, "tokenizer.json"), json.ToJsonString());
        File.WriteAllText(
            Path.Combine(_folder.Path, "tokenizer_config.json"),
            """{"tokenizer_class": "LlamaTokenizer", "add_bos_token": false, "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}""");
    }

    private static int IdOf((string Piece, float Score, int Kind)[] pieces, string piece) => Array.FindIndex(pieces, p => p.Piece == piece);

    /// <summary>Control symbols, bytes, pieces that are joined in the order of their scores, and letters, which come last as in real files.</summary>
    private static (string Piece, float Score, int Kind)[] Pieces() =>
    [
        ("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3), ("[INST]", 0, 3),
        .. Enumerable.Range(0, 256).Select(b => ($"<0x{b:X2}>", 0f, 6)),
        .. "▁ehtacsonm".Select((c, i) => ($"{c}", -100f - i, 1)),
        .. new[] { "he", "at", "▁t", "th", "▁th", "▁the", "the", "▁c", "▁s", "on", "▁on", "▁▁", "▁m", "hat", "sa" }.Select((piece, i) => (piece, -0.5f - i, 1)),
    ];

    /// <summary>The same as tokenizer.json: each way to join two pieces is a merge, in the order of the scores.</summary>
    private static JsonObject Json((string Piece, float Score, int Kind)[] pieces)
    {
        var vocabulary = new JsonObject();
        foreach ((int id, var piece) in pieces.Index())
            vocabulary[piece.Piece] = id;
        var merges = new JsonArray();
        foreach ((string piece, float _, int _) in pieces.Skip(FirstLetter).OrderByDescending(p => p.Score))
        {
            foreach (int cut in Enumerable.Range(1, piece.Length - 1).Where(cut => vocabulary.ContainsKey(piece[..cut]) && vocabulary.ContainsKey(piece[cut..])))
                merges.Add((JsonNode)new JsonArray(piece[..cut], piece[cut..]));
        }

        JsonObject Replace(string from, string to) => new() { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = from }, ["content"] = to };
        return new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray([.. Enumerable.Range(0, 4).Select(id => (JsonNode)new JsonObject
            {
                ["id"] = id,
                ["content"] = pieces[id].Piece,
                ["single_word"] = false,
                ["lstrip"] = false,
                ["rstrip"] = false,
                ["normalized"] = false,
                ["special"] = true,
            })]),
            ["normalizer"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["normalizers"] = new JsonArray(new JsonObject { ["type"] = "Prepend", ["prepend"] = "▁" }, Replace(" ", "▁")),
            },
            ["pre_tokenizer"] = null,
            ["decoder"] = TokenizerJsonExport.SpacesDecoder(prefix: true),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["unk_token"] = "<unk>",
                ["fuse_unk"] = true,
                ["byte_fallback"] = true,
                ["vocab"] = vocabulary,
                ["merges"] = merges,
            },
        };
    }
}

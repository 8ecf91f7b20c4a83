using System.Text;
using System.Text.Json;

namespace Seriatim.Tokenizers.Tests;

/// <summary>Folders by the class that is named in them, files with marks and pointers, added tokens beside a tokenizer.json.</summary>
public sealed class TokenizerFolderTests : IDisposable
{
    private const string End = "<|endoftext|>";
    private readonly string _folder = Directory.CreateTempSubdirectory("seriatim-folders").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void OptHasItsBeginningOfSequence()
    {
        WriteBpe("<s>", "<pad>", "</s>", "<unk>");
        Write("tokenizer_config.json", """
            {"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true, "bos_token": "</s>", "eos_token": "</s>", "unk_token": "</s>", "pad_token": "<pad>"}
            """);
        Assert.Equal("</s>|ab|Ġ|ab", Pieces("ab ab"));
        Write("tokenizer_config.json", "{}");
        Write("config.json", """{"model_type": "opt"}""");
        Assert.Equal("</s>|ab", Pieces("ab"));
    }

    [Theory]
    [InlineData("BartTokenizer")]
    [InlineData("RobertaTokenizerFast")]
    [InlineData("LongformerTokenizer")]
    [InlineData("LEDTokenizer")]
    public void BartAndItsBrothersStandBetweenTokens(string name)
    {
        WriteBpe("<s>", "<pad>", "</s>", "<unk>", "<mask>");
        Write("tokenizer_config.json", $$"""{"tokenizer_class": "{{name}}"}""");
        Assert.Equal("<s>|ab|<mask>|ab|</s>", Pieces("ab <mask>ab"));
        Tokenizer tokenizer = Tokenizer.Load(_folder);
        Assert.Equal("<s>|a|</s>|</s>|b|</s>", string.Join('|', tokenizer.EncodePair("a", "b").Select(token => tokenizer.PieceOf(token.Id))));
        Assert.Equal((tokenizer.IdOf("<s>"), tokenizer.IdOf("</s>")), (tokenizer.BosId, tokenizer.EosId));
    }

    [Fact]
    public void OtherClassesHaveTheirOwnLayout()
    {
        WriteBpe("<s>", "<pad>", "</s>", "<unk>", "<mask>", "[CLS]", "[SEP]", "[UNK]", End);
        Write("tokenizer_config.json", """{"tokenizer_class": "BlenderbotTokenizer"}""");
        Assert.Equal("Ġ|ab|</s>", Pieces("ab"));
        Write("tokenizer_config.json", """{"tokenizer_class": "DebertaTokenizer"}""");
        Assert.Equal("[CLS]|ab|[SEP]", Pieces("ab"));
        Write("tokenizer_config.json", """{"tokenizer_class": "GPT2Tokenizer"}""");
        Assert.Equal("ab|Ġ|1|2", Pieces("ab 12"));
        Write("tokenizer_config.json", """{"tokenizer_class": "Qwen2Tokenizer"}""");
        Assert.Equal(Pieces("é 1"), Pieces("e\u0301 1"));
        Assert.Equal(-1, Pieces("1 ab").IndexOf("<s>", StringComparison.Ordinal));
    }

    [Fact]
    public void ClipLowersAndMarksTheEndsOfWords()
    {
        string[] letters = [.. Enumerable.Range('a', 26).Select(c => ((char)c).ToString())];
        string[] pieces = [.. letters, .. letters.Select(c => c + "</w>"), "ab</w>", "<|startoftext|>", End];
        Write("vocab.json", JsonSerializer.Serialize(pieces.Select((piece, id) => (piece, id)).ToDictionary()));
        Write("merges.txt", "#version: 0.2\na b</w>\n");
        Write("tokenizer_config.json", """{"tokenizer_class": "CLIPTokenizer"}""");
        Assert.Equal("<|startoftext|>|ab</w>|x|y</w>|<|endoftext|>", Pieces("AB  xY "));
        Tokenizer tokenizer = Tokenizer.Load(_folder);
        Assert.Equal("ab xy", tokenizer.Decode(tokenizer.Encode("AB  xY ")));
        Assert.Equal("ab "u8.ToArray(), tokenizer.BytesOf(tokenizer.IdOf("ab</w>")!.Value));
    }

    [Theory]
    [InlineData("tokenizer_config.json", """{"tokenizer_class": "WhisperTokenizer"}""", "WhisperTokenizer")]
    [InlineData("config.json", """{"model_type": "xlm"}""", "xlm")]
    [InlineData("tokenizer_config.json", """{"tokenizer_class": "PreTrainedTokenizerFast"}""", "tokenizer_class")]
    public void OtherFoldersAreRefusedByName(string file, string text, string named)
    {
        WriteBpe("<s>", "</s>");
        Write(file, text);
        Assert.Contains(named, Assert.Throws<TokenizerFormatException>(() => Tokenizer.Load(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SentencePieceFilesOfOtherClassesAreRefusedByName()
    {
        File.WriteAllBytes(PathOf("sentencepiece.bpe.model"), SentencePieceSamples.Unigram([("<unk>", 0, 2), ("▁a", -1, 1)]));
        Write("config.json", """{"model_type": "xlm-roberta"}""");
        Assert.Contains("xlm-roberta", Assert.Throws<TokenizerFormatException>(() => Tokenizer.Load(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MarianSpellsWithItsSourceAndNumbersByItsVocabulary()
    {
        (string, float, int)[] shared = [("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3), ("▁", -3, 1)];
        File.WriteAllBytes(PathOf("source.spm"), SentencePieceSamples.Unigram([.. shared, ("▁cat", -1, 1), ("▁dog", -1, 1), ("s", -2, 1)]));
        File.WriteAllBytes(PathOf("target.spm"), SentencePieceSamples.Unigram([.. shared, ("▁chat", -1, 1), ("s", -2, 1)]));
        Write("vocab.json", """{"</s>": 0, "<unk>": 1, "▁cat": 2, "▁chat": 3, "s": 4, "▁": 5, ">>fra<<": 6, "<pad>": 7}""");
        Write("tokenizer_config.json", """{"tokenizer_class": "MarianTokenizer", "source_lang": "en", "target_lang": "fr"}""");
        Tokenizer tokenizer = Tokenizer.Load(_folder);
        Assert.Equal([6, 2, 4, 0], tokenizer.Encode(">>fra<< cats"));
        Assert.Equal([1, 5, 1, 0], tokenizer.Encode("dog 我"));
        Assert.Equal("chats chat", tokenizer.Decode([3, 4, 3, 0]));
        Assert.Equal((0, 7, 1), (tokenizer.EosId, tokenizer.PadId, tokenizer.UnkId));
        File.Delete(PathOf("target.spm"));
        Assert.Contains("target.spm", Assert.Throws<FileNotFoundException>(() => Tokenizer.Load(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AddedTokensBesideTokenizerJsonAreAdded()
    {
        WriteWords();
        Write("tokenizer_config.json", """{"added_tokens_decoder": {"5": {"content": "<tool>", "special": true}}, "x": NaN, "y": [-Infinity, "NaN"]}""");
        Write("added_tokens.json", """{"<think>": 6}""");
        Tokenizer tokenizer = Tokenizer.Load(_folder);
        Assert.Equal([0, 5, 1, 6], tokenizer.Encode("a<tool>b<think>"));
        Assert.True(tokenizer.IsSpecial(5));
        Assert.False(tokenizer.IsSpecial(6));
        Write("added_tokens.json", """{"<think>": 1}""");
        string message = Assert.Throws<TokenizerFormatException>(() => Tokenizer.Load(_folder)).Message;
        Assert.Contains("\"b\"", message, StringComparison.Ordinal);
        Assert.Contains("\"<think>\"", message, StringComparison.Ordinal);
        Write("added_tokens.json", """{"a": 9}""");
        message = Assert.Throws<TokenizerFormatException>(() => Tokenizer.Load(_folder)).Message;
        Assert.Contains("has id 0 in the tokenizer, but 9", message, StringComparison.Ordinal);
    }

    [Fact]
    public void ByteOrderMarksAreNoPartOfTheText()
    {
        WriteWords();
        foreach (string file in new[] { "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json" })
        {
            Write(file, "\uFEFF" + (File.Exists(PathOf(file)) ? File.ReadAllText(PathOf(file)) : "{}"));
        }

        Assert.Equal([0, 1], Tokenizer.Load(_folder).Encode("ab"));
    }

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer.model")]
    [InlineData("vocab.txt")]
    [InlineData("qwen.tiktoken")]
    [InlineData("source.spm")]
    public void PointersOfGitLfsAreNamed(string file)
    {
        Write(file, "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935\nsize 17210084\n");
        if (file == "source.spm")
        {
            Write("vocab.json", "{}");
            Write("target.spm", File.ReadAllText(PathOf(file)));
        }

        Assert.Contains("git lfs pull", Assert.Throws<TokenizerFormatException>(() => Tokenizer.Load(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATokenizerIsWrittenWholeOrNotAtAll()
    {
        Write("tokenizer.json", "old");
        Directory.CreateDirectory(PathOf("tokenizer_config.json"));
        TrainedTokenizer trained = TokenizerTrainer.Train(["the cat sat"], new TrainerOptions { Model = TrainerModel.ByteLevelBpe, VocabularySize = 260 });
        Assert.ThrowsAny<Exception>(() => trained.Save(_folder));
        Assert.Equal(["tokenizer.json", "tokenizer_config.json"], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Directory.Delete(PathOf("tokenizer_config.json"));
        trained.Save(_folder);
        Assert.Equal(["tokenizer.json", "tokenizer_config.json"], Directory.GetFiles(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(trained.Json.ToArray(), File.ReadAllBytes(PathOf("tokenizer.json")));
    }

    [SharedTheory]
    [InlineData("gemma-bytes.json", "🫠 a", "244 163 175 164 260 261")]
    [InlineData("zwnj-whitespace.json", "می\u200Cخواهم", "3")]
    public void FilesThatBrokeGiveTheRightIds(string file, string text, string ids) =>
        Assert.Equal(ids, string.Join(' ', Tokenizer.FromJson(File.ReadAllBytes(Shared.PathOf("faults", file))).Encode(text)));

    private void WriteBpe(params string[] special)
    {
        string[] pieces = [.. special, .. ByteAlphabet.All.ToArray().Select(c => c.ToString()), "ab"];
        Write("vocab.json", JsonSerializer.Serialize(pieces.Select((piece, id) => (piece, id)).ToDictionary()));
        Write("merges.txt", "#version: 0.2\na b\n");
    }

    private void WriteWords() => Write("tokenizer.json", """
        {"added_tokens": [], "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated"},
         "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1, "[UNK]": 2}, "unk_token": "[UNK]"}}
        """);

    private string Pieces(string text)
    {
        Tokenizer tokenizer = Tokenizer.Load(_folder);
        return string.Join('|', tokenizer.Encode(text).Select(tokenizer.PieceOf));
    }

    private void Write(string name, string text) => File.WriteAllText(PathOf(name), text, new UTF8Encoding(false));

    private string PathOf(string name) => Path.Combine(_folder, name);
}

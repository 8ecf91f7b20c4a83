using System.Diagnostics;
using System.Text;

namespace Seriatim.Tokenizers.Tests;

/// <summary>Broken, contradictory and hostile files and texts: clear errors, never a crash or a hang.</summary>
public sealed class HostileInputTests
{
    private const string Model = "\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"a\":0},\"unk_token\":\"a\"}";

    [Theory]
    [InlineData("", "$", "JSON")]
    [InlineData("[]", "$", "object")]
    [InlineData("{", "$", "JSON")]
    [InlineData("{}", "model", "missing")]
    [InlineData("{\"model\":{\"type\":\"Magic\"}}", "model", "\"Magic\"")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]}}", "model.vocab", "id -1")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":2000000000},\"merges\":[]}}", "model.vocab", "2000000000")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":1.5},\"merges\":[]}}", "model.vocab", "integer")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":1,\"b\":1},\"merges\":[]}}", "model.vocab", "both")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":1},\"merges\":[\"a x\"]}}", "model.merges[0]", "\"x\"")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":1},\"merges\":[\"aa\"]}}", "model.merges[0]", "blank")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":1},\"merges\":[[\"a\",\"\"]]}}", "model.merges[0]", "pair")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":[],\"merges\":[]}}", "model.vocab", "object")]
    [InlineData("{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",-1]],\"unk_id\":7}}", "model.unk_id", "7")]
    [InlineData("{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\"]],\"unk_id\":0}}", "model.vocab[0]", "[piece, score]")]
    [InlineData("{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",1e999]],\"unk_id\":0}}", "model.vocab[0][1]", "finite")]
    [InlineData("{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0}}}", "model.unk_token", "[UNK]")]
    [InlineData("{\"normalizer\":{\"type\":\"Magic\"}," + Model + "}", "normalizer", "\"Magic\"")]
    [InlineData("{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"},{\"type\":\"Magic\"}]}," + Model + "}", "normalizer.normalizers[1]", "\"Magic\"")]
    [InlineData("{\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAAB\"}," + Model + "}", "normalizer.precompiled_charsmap", "damaged")]
    [InlineData("{\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"???\"}," + Model + "}", "normalizer.precompiled_charsmap", "base64")]
    [InlineData("{\"pre_tokenizer\":{\"type\":\"Magic\"}," + Model + "}", "pre_tokenizer", "\"Magic\"")]
    [InlineData("{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},\"behavior\":\"Isolated\"}," + Model + "}", "pre_tokenizer.pattern", "not understood")]
    [InlineData("{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"Magic\"}," + Model + "}", "pre_tokenizer.behavior", "\"Magic\"")]
    [InlineData("{\"post_processor\":{\"type\":\"Magic\"}," + Model + "}", "post_processor", "\"Magic\"")]
    [InlineData("{\"post_processor\":{\"type\":\"BertProcessing\",\"sep\":[\"x\",9],\"cls\":[\"a\",0]}," + Model + "}", "post_processor.sep[1]", "id 9")]
    [InlineData("{\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"x\",\"type_id\":0}}],\"pair\":[]}," + Model + "}", "post_processor.single[0].SpecialToken.id", "\"x\"")]
    [InlineData("{\"decoder\":{\"type\":\"CTC\"}," + Model + "}", "decoder", "\"CTC\"")]
    [InlineData("{\"added_tokens\":[{\"id\":99999999,\"content\":\"x\"}]," + Model + "}", "added_tokens[0]", "99999999")]
    [InlineData("{\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"a\":0},\"unk_token\":\"\\ud800\"}}", "model.unk_token", "surrogate")]
    public void Broken_tokenizer_json_is_refused_by_name(string json, string component, string problem)
    {
        var e = Assert.Throws<TokenizerFormatException>(() => Tokenizer.FromJson(Encoding.UTF8.GetBytes(json),
            "some/tokenizer.json"));
        Assert.Equal("some/tokenizer.json", e.File);
        Assert.Equal(component, e.Component);
        Assert.Contains(problem, e.Message);
        Assert.Contains(";", e.Message);
    }

    [Fact]
    public void Deeply_nested_json_is_refused()
    {
        string deep = string.Concat(Enumerable.Repeat("{\"type\":\"Sequence\",\"normalizers\":[", 100_000));
        Assert.Throws<TokenizerFormatException>(() => Tokenizer.FromJson(Encoding.UTF8.GetBytes("{\"normalizer\":" + deep)));
    }

    [Fact]
    public void Damaged_files_give_typed_errors_or_a_tokenizer()
    {
        byte[] json = Samples.ByteFallback.Json.ToArray();
        var random = new Random(5);
        for (int i = 0; i < 300; i++)
        {
            byte[] damaged = json[..];
            for (int k = 0; k < 3; k++)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            Try(() => Tokenizer.FromJson(i % 3 == 0 ? damaged.AsMemory(0, random.Next(damaged.Length)) : damaged));
        }
    }

    [Fact]
    public void Damaged_protobuf_gives_typed_errors_or_a_tokenizer()
    {
        var file = new List<byte>();
        foreach (string piece in new[] { "<unk>", "<s>", "</s>", "▁a", "b", "▁ab" })
        {
            Proto.Bytes(file, 1, [.. Proto.Field(1, Encoding.UTF8.GetBytes(piece)), 0x15, 0, 0, 0x80, 0xBF, 0x18,
                piece[0] == '<' ? (byte)3 : (byte)1]);
        }

        Proto.Bytes(file, 2, [0x18, 1]);
        var random = new Random(6);
        for (int i = 0; i < 3000; i++)
        {
            byte[] damaged = [.. file];
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            Try(() => new Tokenizer(SentencePiece.Read(damaged.AsSpan(0, random.Next(1, damaged.Length + 1)), "x.model", null)));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("not base64 at all")]
    [InlineData("YQ== -1")]
    [InlineData("YQ== 99999999999")]
    [InlineData("YQ== 0\nYg== 0")]
    [InlineData("YQ==")]
    public void Broken_tiktoken_files_are_refused(string text) =>
        Assert.Throws<TokenizerFormatException>(() => Tiktoken.Read(Encoding.UTF8.GetBytes(text), "x.tiktoken", null));

    [Fact]
    public void Broken_gguf_metadata_is_refused_by_key()
    {
        static void Refused(string key, params (string Key, object Value)[] pairs)
        {
            var e = Assert.Throws<TokenizerFormatException>(() => Tokenizer.FromGguf(pairs.ToDictionary(pair => pair.Key,
                pair => pair.Value)));
            Assert.Equal("tokenizer.ggml." + key, e.Component);
        }

        (string, object) tokens = ("tokenizer.ggml.tokens", new[] { "a", "b", "ab" });
        (string, object) bpe = ("tokenizer.ggml.model", "gpt2");
        Refused("tokens");
        Refused("model", tokens);
        Refused("model", tokens, ("tokenizer.ggml.model", "magic"));
        Refused("model", tokens, ("tokenizer.ggml.model", 5));
        Refused("merges", tokens, bpe);
        Refused("pre", tokens, bpe, ("tokenizer.ggml.merges", new[] { "a b" }), ("tokenizer.ggml.pre", "magic"));
        Refused("tokens", bpe, ("tokenizer.ggml.tokens", new[] { 1, 2 }));
        Refused("token_type", tokens, bpe, ("tokenizer.ggml.token_type", new[] { 1 }));
        Refused("scores", tokens, ("tokenizer.ggml.model", "llama"), ("tokenizer.ggml.scores", new[] { 1f }));
        Refused("scores", tokens, ("tokenizer.ggml.model", "llama"), ("tokenizer.ggml.scores", new[] { 1f, float.NaN, 2f }));
        Refused("bos_token_id", tokens, bpe, ("tokenizer.ggml.merges", new[] { "a b" }), ("tokenizer.ggml.bos_token_id", 77u));
    }

    [Fact]
    public void Every_named_pretokenizer_can_be_made_and_loses_nothing()
    {
        foreach ((string name, bool ignoreCase) in NamedPretokenizers.Names.SelectMany(name => new[] { (name, false), (name, true) }))
        {
            IPretokenizer pretokenizer = NamedPretokenizers.Find(name)!.Create(ignoreCase);
            foreach (string text in Samples.Hard.Concat(Samples.TrainingTexts))
            {
                var scratch = new EncodeScratch();
                scratch.Text.Load(text, 0, tracks: false);
                scratch.Pieces.Add(0, text.Length);
                pretokenizer.Split(scratch);
                var bytes = new byte[scratch.Text.Length];
                Assert.True(ByteAlphabet.TryDecode(scratch.Text.Span, bytes));
                Assert.Equal(Samples.Sanitized(text), Encoding.UTF8.GetString(bytes));
                int end = 0;
                foreach ((int start, int stop) in scratch.Pieces.Span)
                {
                    Assert.Equal(end, start);
                    end = stop;
                }

                Assert.Equal(scratch.Text.Length, end);
            }
        }
    }

    [Fact]
    public void Ids_out_of_range_are_named()
    {
        Tokenizer tokenizer = Samples.ByteLevel.Tokenizer;
        foreach (int id in new[] { -1, tokenizer.VocabularySize, int.MaxValue, int.MinValue })
        {
            Assert.Contains($"{id}", Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([id])).Message);
            Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.CreateDecoder().Append(id));
            Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.PieceOf(id));
            Assert.False(tokenizer.IsSpecial(id));
        }
    }

    [Fact]
    public void A_backtracking_expression_ends_in_an_error_not_a_hang()
    {
        Tokenizer tokenizer = Tokenizer.FromJson(Encoding.UTF8.GetBytes(
            "{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(?=x)|^(a+)+$(?!b)\"},\"behavior\":\"Isolated\"}," + Model + "}"));
        var watch = Stopwatch.StartNew();
        Assert.Throws<TokenizerFormatException>(() => tokenizer.Encode(new string('a', 60) + "!"));
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 20);
    }

    [Fact]
    public void Nested_repetition_without_lookaround_runs_in_linear_time()
    {
        var pattern = new RegexPattern("^(a+)+$", "test", "pattern");
        Assert.True(pattern.IsLinear);
        pattern.FindAll(new string('a', 100_000) + "!", new PieceList());
    }

    [Fact]
    public void One_word_of_a_megabyte_takes_a_moment()
    {
        var watch = Stopwatch.StartNew();
        string letters = string.Concat(Enumerable.Range(0, 1 << 20).Select(i => (char)('a' + (i * 7919 % 1009 % 26))));
        foreach (string word in new[] { letters, new string('a', 1 << 20), new string('我', 1 << 18) })
        {
            foreach (Tokenizer tokenizer in new[] { Samples.ByteLevel.Tokenizer, Samples.ByteFallback.Tokenizer })
            {
                Assert.Equal(word, tokenizer.Decode(tokenizer.Encode(word)));
            }
        }

        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 20);
    }

    [Fact]
    public void A_missing_template_says_what_to_pass()
    {
        var e = Assert.Throws<ChatTemplateException>(() =>
            Samples.ByteLevel.Tokenizer.ApplyChatTemplate([new ChatTurn("user", "hi")]));
        Assert.Contains("Template =", e.Message);
        var template = new ChatTemplate("{{ eos_token }}{{ messages[0].content }}");
        Assert.Equal("<|endoftext|>hi", Samples.ByteLevel.Tokenizer.ApplyChatTemplate([new ChatTurn("user", "hi")],
            new ChatPromptOptions { Template = template }));
    }

    [Fact]
    public void A_folder_without_tokenizer_says_what_is_looked_for()
    {
        string folder = Directory.CreateTempSubdirectory("seriatim-empty").FullName;
        Assert.Contains("tokenizer.json", Assert.Throws<FileNotFoundException>(() => Tokenizer.Load(folder)).Message);
        Assert.Throws<FileNotFoundException>(() => Tokenizer.Load(Path.Combine(folder, "nothing")));
        File.WriteAllText(Path.Combine(folder, "vocab.json"), "{}");
        Assert.Contains("merges.txt", Assert.Throws<FileNotFoundException>(() => Tokenizer.Load(folder)).Message);
        Directory.Delete(folder, recursive: true);
    }

    private static void Try(Func<Tokenizer> load)
    {
        try
        {
            load().Encode("a ab 我 <s>");
        }
        catch (TokenizerFormatException)
        {
        }
    }
}

using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Seriatim.Tokenizers.Tests;

/// <summary>
/// The golden vocabularies, written as the other file formats, give the same ids: SentencePiece, tiktoken, vocab.json with
/// merges.txt, vocab.txt, tokenizer.json.
/// </summary>
public sealed class FileFormatTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("seriatim-tokenizers").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SharedFact]
    public void SentencePiece_bpe_gives_the_ids_of_gguf()
    {
        IReadOnlyDictionary<string, object> gguf = Gguf("llama-spm");
        File.WriteAllBytes(PathOf("tokenizer.model"), SentencePieceFile(gguf, model: 2, removeSpaces: false));
        Tokenizer tokenizer = Tokenizer.Load(_folder);
        Assert.Equal((0, 1, 2), (tokenizer.UnkId, tokenizer.BosId, tokenizer.EosId));
        AssertGolden("llama-spm", tokenizer);
    }

    [SharedFact]
    public void SentencePiece_unigram_finds_the_best_spelling()
    {
        // With the merge ranks of the vocabulary as scores the best spelling is well defined; compare with trying all of them.
        IReadOnlyDictionary<string, object> gguf = Gguf("llama-spm");
        File.WriteAllBytes(PathOf("spiece.model"), SentencePieceFile(gguf, model: 1, removeSpaces: true));
        Tokenizer tokenizer = Tokenizer.Load(_folder);
        var scores = (float[])gguf["tokenizer.ggml.scores"];
        foreach (string text in new[] { "hello world", "unbelievable", "internationalization", "a  b" })
        {
            int[] ids = tokenizer.Encode(text);
            string spelled = "▁" + string.Join('▁', text.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            Assert.Equal(spelled, string.Concat(ids.Select(tokenizer.PieceOf)));
            Assert.Equal(BestScore(spelled, tokenizer, scores), ids.Sum(id => (double)scores[id]), 3);
        }
    }

    [SharedFact]
    public void SentencePiece_honours_its_config()
    {
        File.WriteAllBytes(PathOf("tokenizer.model"), SentencePieceFile(Gguf("llama-spm"), model: 2, removeSpaces: false));
        File.WriteAllText(PathOf("tokenizer_config.json"), """
            {"tokenizer_class": "LlamaTokenizer", "add_bos_token": true, "add_eos_token": true,
             "bos_token": {"content": "<s>"}, "eos_token": "</s>",
             "chat_template": [{"name": "default", "template": "{{ bos_token }}{{ messages[0].content }}"},
                 {"name": "tool_use", "template": "t"}]}
            """);
        Tokenizer tokenizer = Tokenizer.Load(PathOf("tokenizer.model"));
        Assert.Equal([1, 15043, 2], tokenizer.Encode("Hello"));
        Assert.Equal("<s>hi", tokenizer.ApplyChatTemplate([new ChatTurn("user", "hi")]));
        Assert.Equal("t", tokenizer.FindChatTemplate("tool_use")!.Render([]));
    }

    [SharedFact]
    public void Tiktoken_gives_the_ids_of_gguf()
    {
        var tokens = (string[])Gguf("gpt-2")["tokenizer.ggml.tokens"];
        var lines = new StringBuilder();
        var bytes = new byte[1024];
        for (int id = 0; id < 50256; id++)
        {
            Assert.True(ByteAlphabet.TryDecode(tokens[id], bytes));
            lines.Append(Convert.ToBase64String(bytes, 0, tokens[id].Length)).Append(' ').Append(id).Append('\n');
        }

        File.WriteAllText(PathOf("r50k_base.tiktoken"), lines.ToString());
        AssertGolden("gpt-2", Tokenizer.Load(_folder));
    }

    [SharedFact]
    public void Vocab_and_merges_give_the_ids_of_gguf()
    {
        WriteVocabAndMerges();
        Tokenizer tokenizer = Tokenizer.Load(_folder);
        Assert.Equal(50256, tokenizer.EosId);
        AssertGolden("gpt-2", tokenizer);
    }

    [SharedFact]
    public void Tokenizer_json_gives_the_ids_of_gguf()
    {
        WriteVocabAndMerges();
        string vocab = File.ReadAllText(PathOf("vocab.json"));
        string merges = string.Join(',', File.ReadLines(PathOf("merges.txt")).Skip(1).Select(line =>
            JsonSerializer.Serialize(line)));
        File.WriteAllText(PathOf("tokenizer.json"), $$"""
            {"added_tokens": [{"id": 50256, "content": "<|endoftext|>", "special": true, "normalized": false}],
             "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}, "decoder": {"type": "ByteLevel"},
             "post_processor": {"type": "ByteLevel", "trim_offsets": true},
             "model": {"type": "BPE", "vocab": {{vocab}}, "merges": [{{merges}}] } }
            """);
        Tokenizer tokenizer = Tokenizer.Load(_folder);
        AssertGolden("gpt-2", tokenizer);
        Assert.Equal([15496, 50256, 995], tokenizer.Encode("Hello<|endoftext|> world"));
        Assert.DoesNotContain(50256, tokenizer.Encode("<|endoftext|>", EncodeOptions.PlainText));
        Assert.Equal("Hello world", tokenizer.Decode([15496, 50256, 995]));
        Assert.Equal("Hello<|endoftext|> world", tokenizer.Decode([15496, 50256, 995], skipSpecialTokens: false));
        Assert.Equal([(0, 5), (6, 11)], tokenizer.EncodeWithOffsets("Hello world").Select(token => (token.Start, token.End)));
    }

    [SharedFact]
    public void Vocab_txt_gives_the_ids_of_gguf_and_lays_out_pairs()
    {
        var tokens = (string[])Gguf("bert-bge")["tokenizer.ggml.tokens"];
        File.WriteAllLines(PathOf("vocab.txt"), tokens.Select(token => token.StartsWith('▁') ? token[1..]
            : token is ['[', _, .., ']'] ? token : "##" + token));
        Tokenizer tokenizer = Tokenizer.Load(_folder);
        AssertGolden("bert-bge", tokenizer);
        int hello = tokenizer.IdOf("hello")!.Value;
        int world = tokenizer.IdOf("world")!.Value;
        Assert.Equal([101, hello, 102], tokenizer.Encode("Hello"));
        IReadOnlyList<EncodedToken> pair = tokenizer.EncodePair("hello", " World");
        Assert.Equal([101, hello, 102, world, 102], pair.Select(token => token.Id));
        Assert.Equal([0, 0, 0, 1, 1], pair.Select(token => token.TypeId));
        Assert.Equal([-1, 0, -1, 1, -1], pair.Select(token => token.Sequence));
        Assert.Equal((1, 6), (pair[3].Start, pair[3].End));
        Assert.Equal("hello world!", tokenizer.Decode(tokenizer.Encode("Hello World!")));
    }

    private static IReadOnlyDictionary<string, object> Gguf(string name) =>
        GgufReader.Read(Shared.PathOf("golden", "tokenizers", $"ggml-vocab-{name}.gguf"));

    private static void AssertGolden(string name, Tokenizer tokenizer)
    {
        string file = Shared.PathOf("golden", "tokenizers", $"ggml-vocab-{name}.gguf");
        string[] texts = File.ReadAllText(file + ".inp").Split("\n__ggml_vocab_test__\n");
        string[] lines = File.ReadAllText(file + ".out").TrimEnd('\n').Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            Assert.Equal(lines[i].Trim(), string.Join(' ', tokenizer.Encode(texts[i], EncodeOptions.PlainText)));
        }
    }

    private static double BestScore(string text, Tokenizer tokenizer, float[] scores)
    {
        var best = new double[text.Length + 1];
        for (int to = 1; to <= text.Length; to++)
        {
            best[to] = Enumerable.Range(0, to).Max(from =>
                tokenizer.IdOf(text[from..to]) is { } id ? best[from] + scores[id] : double.NegativeInfinity);
        }

        return best[^1];
    }

    private static byte[] SentencePieceFile(IReadOnlyDictionary<string, object> gguf, int model, bool removeSpaces)
    {
        var tokens = (string[])gguf["tokenizer.ggml.tokens"];
        var scores = (float[])gguf["tokenizer.ggml.scores"];
        var types = (int[])gguf["tokenizer.ggml.token_type"];
        var file = new List<byte>();
        for (int i = 0; i < tokens.Length; i++)
        {
            var score = new byte[4];
            BinaryPrimitives.WriteSingleLittleEndian(score, scores[i]);
            Proto.Bytes(file, 1, [.. Proto.Field(1, Encoding.UTF8.GetBytes(tokens[i])), 0x15, .. score, 0x18, (byte)types[i]]);
        }

        Proto.Bytes(file, 2, [0x18, (byte)model, 0x98, 0x02, 1]);
        Proto.Bytes(file, 3, [0x18, 1, 0x20, removeSpaces ? (byte)1 : (byte)0]);
        return [.. file];
    }

    private void WriteVocabAndMerges()
    {
        IReadOnlyDictionary<string, object> gguf = Gguf("gpt-2");
        var tokens = (string[])gguf["tokenizer.ggml.tokens"];
        File.WriteAllText(PathOf("vocab.json"), JsonSerializer.Serialize(tokens.Select((token, id) => (token,
            id)).ToDictionary()));
        File.WriteAllLines(PathOf("merges.txt"), ["#version: 0.2", .. (string[])gguf["tokenizer.ggml.merges"]]);
    }

    private string PathOf(string name) => Path.Combine(_folder, name);
}

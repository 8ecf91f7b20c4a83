using System.Text.Json;

namespace Seriatim.Tokenizers.Tests;

/// <summary>The tokenizer of a real model: a tokenizer.json with BPE, byte fallback and streaming decoding.</summary>
public sealed class Stories260KTests
{
    private static Tokenizer Load() => Tokenizer.Load(Shared.PathOf("models", "stories260K"));

    private static JsonElement Expected() =>
        JsonDocument.Parse(File.ReadAllBytes(Shared.PathOf("models", "stories260K", "expected.json"))).RootElement;

    private static int[] Ids(JsonElement element) => element.EnumerateArray().Select(id => id.GetInt32()).ToArray();

    [SharedFact]
    public void Encodes_the_texts_of_the_reference()
    {
        Tokenizer tokenizer = Load();
        foreach (JsonElement item in Expected().GetProperty("tokenize").EnumerateArray())
        {
            Assert.Equal(Ids(item.GetProperty("ids")), tokenizer.Encode(item.GetProperty("text").GetString()));
        }
    }

    [SharedFact]
    public void Decodes_the_stories_of_the_reference_at_once_and_streamed()
    {
        Tokenizer tokenizer = Load();
        foreach (JsonElement item in Expected().GetProperty("cases").EnumerateArray())
        {
            Assert.Equal(Ids(item.GetProperty("prompt_ids")), tokenizer.Encode(item.GetProperty("prompt").GetString()));
            int[] ids = Ids(item.GetProperty("token_ids"));
            string text = item.GetProperty("text").GetString()!;
            Assert.Equal(text, tokenizer.Decode(ids));
            TokenDecoder decoder = tokenizer.CreateDecoder();
            Assert.Equal(text, string.Concat(ids.Select(decoder.Append)) + decoder.Flush());
        }
    }

    [SharedFact]
    public void Knows_its_special_tokens_and_pieces()
    {
        Tokenizer tokenizer = Load();
        Assert.Equal(512, tokenizer.VocabularySize);
        Assert.Equal((1, 2, 0), (tokenizer.BosId, tokenizer.EosId, tokenizer.UnkId));
        Assert.Null(tokenizer.PadId);
        Assert.Null(tokenizer.ChatTemplate);
        Assert.Equal("▁time", tokenizer.PieceOf(378));
        Assert.Equal(378, tokenizer.IdOf("▁time"));
        Assert.Null(tokenizer.IdOf("no such piece"));
    }
}

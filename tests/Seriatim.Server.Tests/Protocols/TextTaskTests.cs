using System.Buffers.Binary;
using System.Text.Json;
using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>Embeddings, scores, translations and filled masks.</summary>
public sealed class TextTaskTests
{
    private static readonly LanguageModelOptions Small = new() { Engine = new() { MemoryBytes = 16 << 20 } };

    [Fact]
    public async Task Embeddings_come_as_numbers_or_bytes_of_texts_or_ids_and_shortened()
    {
        await using TestServer server = await TestServer.StartAsync();
        const string Path = "/v1/embeddings";
        JsonElement numbers = await server.AskAsync(Path, "{\"input\": [\"the cat\", \"a song\"]}");
        float[] first = [.. numbers.GetProperty("data")[0].GetProperty("embedding").EnumerateArray()
            .Select(value => value.GetSingle())];
        Assert.Equal(32, first.Length);
        JsonElement bytes = await server.AskAsync(Path, "{\"input\": \"the cat\", \"encoding_format\": \"base64\"}");
        byte[] raw = bytes.GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();
        Assert.Equal(first, Enumerable.Range(0, 32).Select(i => BinaryPrimitives.ReadSingleLittleEndian(raw.AsSpan(4 * i))));
        JsonElement ids = await server.AskAsync("/tokenize", "{\"content\": \"the cat\"}");
        JsonElement again = await server.AskAsync(Path, $"{{\"input\": {ids.GetProperty("tokens").GetRawText()}}}");
        Assert.Equal(numbers.GetProperty("data")[0].GetProperty("embedding").GetRawText(),
            again.GetProperty("data")[0].GetProperty("embedding").GetRawText());
        JsonElement less = await server.AskAsync(Path, "{\"input\": \"the cat\", \"dimensions\": 8}");
        float[] eight = [.. less.GetProperty("data")[0].GetProperty("embedding").EnumerateArray()
            .Select(value => value.GetSingle())];
        Assert.Equal(8, eight.Length);
        Assert.Equal(1, eight.Sum(value => value * value), 5);
        await server.FailAsync(Path, "{\"input\": \"the cat\", \"dimensions\": 99}", 400, "invalid_value", "dimensions");
        await server.FailAsync(Path, "{\"input\": [[99999]]}", 400, "invalid_value", "input");
        await server.FailAsync(Path, "{\"input\": []}", 400, "invalid_value", "input");
    }

    [Fact]
    public async Task Documents_are_ranked_by_a_cosine_where_the_model_is_no_classifier()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement ranked = await server.AskAsync("/v1/rerank",
            "{\"query\": \"the cat\", \"documents\": [\"a song of mice\", {\"text\": \"the cat\"}, \"1 2 3\"], \"top_n\": 2}");
        Assert.Equal("cosine", ranked.GetProperty("method").GetString());
        JsonElement[] results = [.. ranked.GetProperty("results").EnumerateArray()];
        Assert.Equal((2, 1), (results.Length, results[0].GetProperty("index").GetInt32()));
        Assert.Equal(1, results[0].GetProperty("relevance_score").GetDouble(), 5);
        Assert.Equal("the cat", results[0].GetProperty("document").GetProperty("text").GetString());
        JsonElement scores = await server.AskAsync("/v1/score",
            "{\"text_1\": \"the cat\", \"text_2\": [\"the cat\", \"1 2 3\"]}");
        Assert.Equal(1, scores.GetProperty("data")[0].GetProperty("score").GetDouble(), 5);
        await server.FailAsync("/v1/score", "{\"text_1\": [\"a\", \"b\"], \"text_2\": [\"a\", \"b\", \"c\"]}", 400,
            param: "text_2");
    }

    [Fact]
    public async Task Documents_are_ranked_by_a_classifier_and_masks_filled_by_an_encoder()
    {
        using var classifier = new TempFolder();
        using var masked = new TempFolder();
        TinyModels.WriteBert(classifier.Path, "BertForSequenceClassification");
        TinyModels.WriteBert(masked.Path, "BertForMaskedLM");
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.Models.Add(new ServedModelOptions { Model = classifier.Path, Name = "judge", Options = Small });
            options.Models.Add(new ServedModelOptions { Model = masked.Path, Name = "fill", Options = Small });
        });
        JsonElement ranked = await server.AskAsync("/v1/rerank",
            "{\"model\": \"judge\", \"query\": \"the cat\", \"documents\": [\"a song\", \"mice\"]}");
        Assert.Equal("classifier", ranked.GetProperty("method").GetString());
        double[] scores = [.. ranked.GetProperty("results").EnumerateArray()
            .Select(result => result.GetProperty("relevance_score").GetDouble())];
        Assert.True(scores[0] >= scores[1]);
        Assert.All(scores, score => Assert.InRange(score, 0, 1));
        JsonElement filled = await server.AskAsync("/v1/fill",
            "{\"model\": \"fill\", \"text\": [\"the [MASK] sat\", \"[MASK] [MASK]\"], \"top_k\": 3}");
        Assert.Equal((1, 2), (filled.GetProperty("results")[0].GetProperty("masks").GetArrayLength(),
            filled.GetProperty("results")[1].GetProperty("masks").GetArrayLength()));
        Assert.Equal(3, filled.GetProperty("results")[0].GetProperty("masks")[0].GetArrayLength());
        await server.FailAsync("/v1/fill", "{\"model\": \"fill\", \"text\": \"no mask\"}", 400, "wrong_task");
        await server.FailAsync("/v1/translate", "{\"model\": \"tiny\", \"text\": \"x\"}", 400, "wrong_task");
    }

    [Fact]
    public async Task Texts_are_translated_with_alternatives()
    {
        using var folder = new TempFolder();
        TinyModels.WriteMarian(folder.Path);
        await using TestServer server = await TestServer.StartAsync(options =>
            options.Models.Add(new ServedModelOptions { Model = folder.Path, Name = "mt", Options = Small }), tiny: false);
        JsonElement answer = await server.AskAsync("/v1/translate",
            "{\"text\": [\"the cat\", \"a song\"], \"beams\": 3, \"n\": 2, \"max_tokens\": 8}");
        JsonElement[] texts = [.. answer.GetProperty("translations").EnumerateArray()];
        Assert.Equal(["the cat", "a song"], texts.Select(text => text.GetProperty("source").GetString()));
        Assert.All(texts, text => Assert.True(text.GetProperty("score").GetDouble()
            >= Assert.Single(text.GetProperty("alternatives").EnumerateArray()).GetProperty("score").GetDouble()));
        JsonElement one = await server.AskAsync("/v1/translate", "{\"text\": \"the cat\", \"beams\": 3, \"max_tokens\": 8}");
        Assert.Equal(texts[0].GetProperty("text").GetString(),
            one.GetProperty("translations")[0].GetProperty("text").GetString());
        await server.FailAsync("/v1/translate", "{\"text\": \"the cat\", \"beams\": 2, \"n\": 3}", 400, "invalid_value", "n");
        await server.FailAsync("/v1/translate", "{\"text\": \" \"}", 400, "invalid_value", "text");
    }
}

using System.Text.Json;
using Microsoft.Extensions.AI;
using Seriatim.Generation;

namespace Seriatim.Tests;

/// <summary>Answers of chat clients in the form that their options ask for.</summary>
public sealed class ResponseFormatTests : IAsyncLifetime
{
    private const string Schema = """
        {
          "type": "object",
          "properties": { "kind": { "enum": ["cat", "dog"] }, "age": { "type": "integer", "minimum": 0, "maximum": 99 } },
          "required": ["kind", "age"],
          "additionalProperties": false
        }
        """;

    private readonly TempFolder _folder = new();
    private LanguageModel _model = null!;
    private IChatClient _client = null!;

    public async Task InitializeAsync()
    {
        TinyModels.WriteLlama(_folder.Path);
        _model = await LanguageModel.OpenAsync(_folder.Path, new LanguageModelOptions { Threads = 1 });
        _client = _model.AsChatClient();
    }

    public Task DisposeAsync()
    {
        _model.Dispose();
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task An_answer_follows_the_schema()
    {
        for (int seed = 0; seed < 5; seed++)
        {
            ChatResponse response = await _client.GetResponseAsync("a pet", Options(Schema, seed));
            JsonElement pet = JsonElement.Parse(response.Text);
            Assert.Contains(pet.GetProperty("kind").GetString(), (string[])["cat", "dog"]);
            Assert.InRange(pet.GetProperty("age").GetInt32(), 0, 99);
            Assert.Equal(2, pet.EnumerateObject().Count());
            Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
            string streamed = "";
            await foreach (ChatResponseUpdate update in _client.GetStreamingResponseAsync("a pet", Options(Schema, seed)))
                streamed += update.Text;
            Assert.Equal(response.Text, streamed);
        }
    }

    [Fact]
    public async Task Json_without_a_schema_is_an_object()
    {
        var options = new ChatOptions { ResponseFormat = ChatResponseFormat.Json, MaxOutputTokens = 8, Seed = 2 };
        Assert.StartsWith("{", (await _client.GetResponseAsync("a pet", options)).Text);
    }

    [Fact]
    public async Task What_no_grammar_can_enforce_is_refused_by_its_keyword()
    {
        var error = await Assert.ThrowsAsync<GrammarException>(() => _client.GetResponseAsync("a pet",
            Options("""{"type": "array", "items": {"type": "object"}, "uniqueItems": true}""", 0)));
        Assert.Equal("uniqueItems", error.Keyword);
    }

    [Fact]
    public async Task A_grammar_of_its_own_and_a_format_exclude_each_other()
    {
        ChatOptions options = Options(Schema, 0);
        options.RawRepresentationFactory = _ => new SamplingOptions { Grammar = Grammar.Choice(["yes", "no"]) };
        var error = await Assert.ThrowsAsync<GrammarException>(() => _client.GetResponseAsync("a pet", options));
        Assert.Contains("leave one of them out", error.Message);
    }

    private static ChatOptions Options(string schema, int seed) => new()
    {
        ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse(schema), "pet"),
        MaxOutputTokens = 200,
        Temperature = 1.5f,
        Seed = seed,
    };
}

using Microsoft.Extensions.AI;
using OllamaSharp;
using OllamaSharp.Models;
using OllamaSharp.Models.Chat;

namespace Seriatim.Clients.Tests;

/// <summary>OllamaSharp against the server.</summary>
[Collection(nameof(ServerUnderTest))]
public sealed class OllamaSharpTests : IDisposable
{
    private readonly ServerUnderTest _server;
    private readonly HttpClient _http;
    private readonly OllamaApiClient _client;

    public OllamaSharpTests(ServerUnderTest server)
    {
        _server = server;
        _http = new HttpClient { BaseAddress = server.Url };
        _http.DefaultRequestHeaders.Authorization = new("Bearer", ServerUnderTest.Key);
        _client = new OllamaApiClient(_http, ServerUnderTest.Chat);
    }

    public void Dispose()
    {
        _client.Dispose();
        _http.Dispose();
    }

    [Fact]
    public async Task Generate_streams_and_ends_with_counts()
    {
        string text = "";
        GenerateDoneResponseStream? done = null;
        await foreach (GenerateResponseStream? update in _client.GenerateAsync(new GenerateRequest
        {
            Model = ServerUnderTest.Chat,
            Prompt = "Once upon a time",
            Stream = true,
            Options = new RequestOptions { NumPredict = 12, Temperature = 0, Seed = 1 },
        }))
        {
            text += update!.Response;
            done = update as GenerateDoneResponseStream ?? done;
        }

        Assert.NotEmpty(text);
        Assert.Equal(12, done!.EvalCount);
        Assert.True(done.TotalDuration > 0);
        Assert.True(done.PromptEvalCount > 0);
    }

    [Fact]
    public async Task Chat_by_the_extensions()
    {
        IChatClient chat = _client;
        ChatResponse whole = await chat.GetResponseAsync("Tell a story.",
            new ChatOptions { MaxOutputTokens = 10, Temperature = 0 });
        Assert.NotEmpty(whole.Text);
        string streamed = "";
        await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync(
            "Tell a story.", new ChatOptions { MaxOutputTokens = 10, Temperature = 0 }))
        {
            streamed += update.Text;
        }

        Assert.Equal(whole.Text, streamed);
    }

    [Fact]
    public async Task A_schema_is_kept_to()
    {
        string text = "";
        await foreach (ChatResponseStream? update in _client.ChatAsync(new ChatRequest
        {
            Model = ServerUnderTest.Chat,
            Messages = [new Message(OllamaSharp.Models.Chat.ChatRole.User, "A colour?")],
            Format = System.Text.Json.JsonElement.Parse(
                """
                {"type": "object", "properties": {"colour": {"enum": ["red", "blue"]}}, "required": ["colour"],
                "additionalProperties": false}
                """),
            Stream = false,
        }))
        {
            text += update?.Message.Content;
        }

        Assert.Contains(System.Text.Json.JsonElement.Parse(text).GetProperty("colour").GetString(), new[] { "red", "blue" });
    }

    [Fact]
    public async Task Embed()
    {
        EmbedResponse answer = await _client.EmbedAsync(new EmbedRequest
        {
            Model = ServerUnderTest.Embedder,
            Input = ["One.", "Two."],
        });
        Assert.Equal(2, answer.Embeddings.Count);
        Assert.NotEqual(answer.Embeddings[0], answer.Embeddings[1]);
    }

    [Fact]
    public async Task Models_are_listed_shown_and_running()
    {
        Assert.Contains(await _client.ListLocalModelsAsync(),
            model => model.Name.StartsWith(ServerUnderTest.Chat, StringComparison.Ordinal));
        ShowModelResponse shown = await _client.ShowModelAsync(ServerUnderTest.Chat);
        Assert.NotEmpty(shown.Details.Family!);
        await foreach (GenerateResponseStream? _ in _client.GenerateAsync(new GenerateRequest
        {
            Model = ServerUnderTest.Chat,
            Prompt = "A",
            Options = new RequestOptions { NumPredict = 1 },
        }))
        {
            // Now it is loaded.
        }

        Assert.Contains(await _client.ListRunningModelsAsync(),
            model => model.Name.StartsWith(ServerUnderTest.Chat, StringComparison.Ordinal));
        Assert.NotEmpty((await _client.GetVersionAsync())!);
        Assert.True(await _client.IsRunningAsync());
    }

    [Fact]
    public async Task An_unknown_model_is_an_error()
    {
        HttpRequestException failure = await Assert.ThrowsAsync<HttpRequestException>(async () =>
        {
            await foreach (GenerateResponseStream? _ in
                _client.GenerateAsync(new GenerateRequest { Model = "no-such-model", Prompt = "A" }))
            {
                Assert.Fail("It answered.");
            }
        });
        Assert.Equal(System.Net.HttpStatusCode.NotFound, failure.StatusCode);
        await _server.IsIdleAsync();
    }
}

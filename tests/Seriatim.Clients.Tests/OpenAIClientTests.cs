using System.ClientModel;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;
using OpenAI.Responses;

namespace Seriatim.Clients.Tests;

/// <summary>The NuGet package OpenAI against the server.</summary>
[Collection(nameof(ServerUnderTest))]
public sealed class OpenAIClientTests(ServerUnderTest server)
{
    private const string Schema = """
        {"type": "object", "properties": {"city": {"type": "string", "maxLength": 12},
        "days": {"type": "integer", "minimum": 1, "maximum": 9}},
        "required": ["city", "days"], "additionalProperties": false}
        """;

    private readonly OpenAIClient _client = new(new ApiKeyCredential(ServerUnderTest.Key),
        new OpenAIClientOptions { Endpoint = new Uri(server.Url, "v1") });

    [Fact]
    public async Task Chat()
    {
        ClientResult<ChatCompletion> result = await _client.GetChatClient(ServerUnderTest.Chat).CompleteChatAsync(
            [new SystemChatMessage("You tell stories."), new UserChatMessage("Tell one.")],
            new ChatCompletionOptions { MaxOutputTokenCount = 12, Temperature = 0 });
        ChatCompletion answer = result.Value;
        Assert.NotEmpty(answer.Content[0].Text);
        Assert.Equal(ChatFinishReason.Length, answer.FinishReason);
        Assert.Equal(12, answer.Usage.OutputTokenCount);
        Assert.True(answer.Usage.InputTokenCount > 5);
        Assert.Equal(ServerUnderTest.Chat, answer.Model);
    }

    [Fact]
    public async Task A_stream_gives_the_text_of_the_whole_answer()
    {
        ChatClient chat = _client.GetChatClient(ServerUnderTest.Chat);
        ChatMessage[] messages = [new UserChatMessage("Tell a story about a dog.")];
        var options = new ChatCompletionOptions { MaxOutputTokenCount = 24, Temperature = 0.9f };
#pragma warning disable OPENAI001 // Marked as experimental by the client.
        options.Seed = 7;
#pragma warning restore OPENAI001
        string whole = (await chat.CompleteChatAsync(messages, options)).Value.Content[0].Text;
        string streamed = "";
        int? tokens = null;
        await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync(messages, options))
        {
            streamed += string.Concat(update.ContentUpdate.Select(part => part.Text));
            tokens = update.Usage?.OutputTokenCount ?? tokens;
        }

        Assert.Equal(whole, streamed);
        Assert.Equal(24, tokens);
    }

    [Fact]
    public async Task Tools()
    {
        var options = new ChatCompletionOptions
        {
            MaxOutputTokenCount = 200,
            ToolChoice = ChatToolChoice.CreateRequiredChoice(),
            AllowParallelToolCalls = false,
        };
        options.Tools.Add(ChatTool.CreateFunctionTool("plan_trip", "Plans a trip.", BinaryData.FromString(Schema), true));
        ChatCompletion answer = (await _client.GetChatClient(ServerUnderTest.Chat).CompleteChatAsync(
            [new UserChatMessage("Plan a trip to Rome for three days.")], options)).Value;
        Assert.Equal(ChatFinishReason.ToolCalls, answer.FinishReason);
        ChatToolCall call = Assert.Single(answer.ToolCalls);
        Assert.Equal("plan_trip", call.FunctionName);
        Check(call.FunctionArguments.ToString());

        ChatCompletion next = (await _client.GetChatClient(ServerUnderTest.Chat).CompleteChatAsync(
            [new UserChatMessage("Plan a trip."), new AssistantChatMessage(answer), new ToolChatMessage(call.Id, "Planned.")],
            new ChatCompletionOptions { MaxOutputTokenCount = 5 })).Value;
        Assert.Equal(ChatFinishReason.Length, next.FinishReason);
    }

    [Fact]
    public async Task Tools_streamed()
    {
        var options = new ChatCompletionOptions
        {
            MaxOutputTokenCount = 200,
            ToolChoice = ChatToolChoice.CreateFunctionChoice("plan_trip"),
            AllowParallelToolCalls = false,
        };
        options.Tools.Add(ChatTool.CreateFunctionTool("other", "Does something else.",
            BinaryData.FromString("""{"type": "object"}""")));
        options.Tools.Add(ChatTool.CreateFunctionTool("plan_trip", "Plans a trip.", BinaryData.FromString(Schema), true));
        string name = "", arguments = "";
        ChatFinishReason? finish = null;
        await foreach (StreamingChatCompletionUpdate update in _client.GetChatClient(ServerUnderTest.Chat)
            .CompleteChatStreamingAsync([new UserChatMessage("Plan a trip to Rome.")], options))
        {
            foreach (StreamingChatToolCallUpdate call in update.ToolCallUpdates)
            {
                Assert.Equal(0, call.Index);
                name += call.FunctionName;
                arguments += call.FunctionArgumentsUpdate;
            }

            finish = update.FinishReason ?? finish;
        }

        Assert.Equal("plan_trip", name);
        Assert.Equal(ChatFinishReason.ToolCalls, finish);
        Check(arguments);
    }

    [Fact]
    public async Task Structured_output()
    {
        var options = new ChatCompletionOptions
        {
            MaxOutputTokenCount = 200,
            Temperature = 1.5f,
            ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("trip", BinaryData.FromString(Schema), null, true),
        };
        ChatCompletion answer = (await _client.GetChatClient(ServerUnderTest.Chat).CompleteChatAsync(
            [new UserChatMessage("Plan a trip.")], options)).Value;
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Check(answer.Content[0].Text);
    }

    [Fact]
    public async Task Log_probabilities()
    {
        var options = new ChatCompletionOptions
        {
            MaxOutputTokenCount = 4,
            Temperature = 0,
            IncludeLogProbabilities = true,
            TopLogProbabilityCount = 3,
        };
        ChatCompletion answer = (await _client.GetChatClient(ServerUnderTest.Chat).CompleteChatAsync(
            [new UserChatMessage("Tell a story.")], options)).Value;
        Assert.Equal(4, answer.ContentTokenLogProbabilities.Count);
        Assert.All(answer.ContentTokenLogProbabilities, token =>
        {
            Assert.Equal(3, token.TopLogProbabilities.Count);
            Assert.Equal(token.Token, token.TopLogProbabilities[0].Token);
            Assert.InRange(token.LogProbability, -20, 0);
        });
    }

    [Fact]
    public async Task Embeddings()
    {
        EmbeddingClient embedder = _client.GetEmbeddingClient(ServerUnderTest.Embedder);
        OpenAIEmbeddingCollection two = (await embedder.GenerateEmbeddingsAsync(["A cat sat.", "A dog ran."])).Value;
        Assert.Equal(2, two.Count);
        float[] first = two[0].ToFloats().ToArray(), second = two[1].ToFloats().ToArray();
        Assert.Equal(1, Math.Sqrt(first.Sum(value => (double)value * value)), 1e-5);
        Assert.NotEqual(first, second);
        OpenAIEmbedding alone = (await embedder.GenerateEmbeddingAsync("A cat sat.")).Value;
        Assert.Equal(first, alone.ToFloats().ToArray());
    }

    [Fact]
    public async Task Responses()
    {
#pragma warning disable OPENAI001 // Marked as experimental by the client.
        ResponsesClient responses = _client.GetResponsesClient();
        CreateResponseOptions options = new(ServerUnderTest.Chat, [ResponseItem.CreateUserMessageItem("Tell a story.")])
        {
            MaxOutputTokenCount = 16,
            Temperature = 0,
        };
        ResponseResult whole = (await responses.CreateResponseAsync(options)).Value;
        string streamed = "";
        options.StreamingEnabled = true;
        await foreach (StreamingResponseUpdate update in await responses.CreateResponseStreamingAsync(options))
            streamed += (update as StreamingResponseOutputTextDeltaUpdate)?.Delta;
        Assert.NotEmpty(streamed);
        Assert.Equal(whole.GetOutputText(), streamed);
#pragma warning restore OPENAI001
    }

    [Fact]
    public async Task Models_are_listed()
    {
        var models = (await _client.GetOpenAIModelClient().GetModelsAsync()).Value;
        Assert.Contains(models, model => model.Id == ServerUnderTest.Chat);
    }

    [Fact]
    public async Task Errors_say_what_is_wrong()
    {
        ClientResultException unknown = await Assert.ThrowsAsync<ClientResultException>(async () =>
            await _client.GetChatClient("no-such-model").CompleteChatAsync([new UserChatMessage("Hello")]));
        Assert.Equal(404, unknown.Status);
        Assert.Contains("no-such-model", unknown.Message);

        ClientResultException wrong = await Assert.ThrowsAsync<ClientResultException>(async () =>
            await _client.GetChatClient(ServerUnderTest.Chat).CompleteChatAsync([new UserChatMessage("Hello")],
                new ChatCompletionOptions { Temperature = -3 }));
        Assert.Equal(400, wrong.Status);
        Assert.Contains("temperature", wrong.Message);

        var stranger = new OpenAIClient(new ApiKeyCredential("not-the-key"),
            new OpenAIClientOptions { Endpoint = new Uri(server.Url, "v1") });
        ClientResultException refused = await Assert.ThrowsAsync<ClientResultException>(async () =>
            await stranger.GetChatClient(ServerUnderTest.Chat).CompleteChatAsync([new UserChatMessage("Hello")]));
        Assert.Equal(401, refused.Status);
    }

    [Fact]
    public async Task Cancelling_ends_the_request()
    {
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (StreamingChatCompletionUpdate _ in _client.GetChatClient(ServerUnderTest.Chat)
                .CompleteChatStreamingAsync([new UserChatMessage("Tell a long story.")],
                    new ChatCompletionOptions { MaxOutputTokenCount = 800 }, stop.Token))
            {
                await stop.CancelAsync();
            }
        });
        await server.IsIdleAsync();
    }

    private static void Check(string json)
    {
        JsonElement trip = JsonElement.Parse(json);
        Assert.Equal(["city", "days"], trip.EnumerateObject().Select(property => property.Name));
        Assert.InRange(trip.GetProperty("city").GetString()!.Length, 0, 24);
        Assert.InRange(trip.GetProperty("days").GetInt32(), 1, 9);
    }
}

using System.ClientModel;
using Microsoft.Extensions.AI;
using OpenAI;

namespace Seriatim.Clients.Tests;

/// <summary>Microsoft.Extensions.AI.OpenAI against the server.</summary>
[Collection(nameof(ServerUnderTest))]
public sealed class ExtensionsClientTests(ServerUnderTest server)
{
    private OpenAIClient Client => new(new ApiKeyCredential(ServerUnderTest.Key),
        new OpenAIClientOptions { Endpoint = new Uri(server.Url, "v1") });

    [Fact]
    public async Task Chat_and_stream_agree()
    {
        using IChatClient chat = Client.GetChatClient(ServerUnderTest.Chat).AsIChatClient();
        var options = new ChatOptions { MaxOutputTokens = 20, Temperature = 0.8f, Seed = 3, TopP = 0.9f };
        ChatResponse whole = await chat.GetResponseAsync("Tell a story.", options);
        string streamed = "";
        await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync("Tell a story.", options))
            streamed += update.Text;
        Assert.NotEmpty(whole.Text);
        Assert.Equal(whole.Text, streamed);
        Assert.Equal(20, whole.Usage?.OutputTokenCount);
    }

    [Fact]
    public async Task A_function_is_called_and_its_result_is_sent_back()
    {
        int calls = 0;
        AIFunction tool = AIFunctionFactory.Create((bool tomorrow) =>
        {
            calls++;
            return tomorrow ? "Much rain." : "Some rain.";
        }, "weather", "Says how the weather will be.");
        using IChatClient chat = Client.GetChatClient(ServerUnderTest.Chat).AsIChatClient()
            .AsBuilder().UseFunctionInvocation().Build();
        ChatResponse answer = await chat.GetResponseAsync("How is the weather?",
            new ChatOptions
            {
                MaxOutputTokens = 200,
                Tools = [tool],
                ToolMode = ChatToolMode.RequireAny,
                AllowMultipleToolCalls = false,
            });
        Assert.True(calls == 1, $"{calls} calls; {answer.FinishReason}: {answer.Text}");
        FunctionResultContent result = answer.Messages.SelectMany(message => message.Contents)
            .OfType<FunctionResultContent>().First();
        Assert.EndsWith(" rain.", $"{result.Result}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_is_an_object()
    {
        using IChatClient chat = Client.GetChatClient(ServerUnderTest.Chat).AsIChatClient();
        ChatResponse<Trip> answer = await chat.GetResponseAsync<Trip>("Plan a trip.", new ChatOptions { MaxOutputTokens = 250 });
        Assert.True(answer.TryGetResult(out Trip? trip), answer.Text);
        Assert.True(Enum.IsDefined(trip.Season));
    }

    [Fact]
    public async Task The_responses_api_answers()
    {
#pragma warning disable OPENAI001 // Marked as experimental by the client.
        using IChatClient chat = Client.GetResponsesClient().AsIChatClient(ServerUnderTest.Chat);
#pragma warning restore OPENAI001
        var options = new ChatOptions { MaxOutputTokens = 16, Temperature = 0 };
        ChatResponse whole = await chat.GetResponseAsync("Tell a story.", options);
        Assert.NotEmpty(whole.Text);

        // Streams of this package need another version of the client; OpenAIClientTests asks for them without it.
        options.ConversationId = whole.ResponseId;
        ChatResponse next = await chat.GetResponseAsync("And then?", options);
        Assert.NotEmpty(next.Text);
    }

    [Fact]
    public async Task Embeddings()
    {
        using IEmbeddingGenerator<string, Embedding<float>> embedder =
            Client.GetEmbeddingClient(ServerUnderTest.Embedder).AsIEmbeddingGenerator();
        GeneratedEmbeddings<Embedding<float>> two = await embedder.GenerateAsync(["One.", "Two."]);
        Assert.Equal(2, two.Count);
        Assert.True(two.Usage?.InputTokenCount > 0);
    }

    private enum Season
    {
        Spring,
        Summer,
        Autumn,
        Winter,
    }

    private sealed record Trip(Season Season, bool ByTrain);
}

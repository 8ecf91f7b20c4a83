using System.ComponentModel;
using Microsoft.Extensions.AI;
using Seriatim.Generation;
using Seriatim.Models;

namespace Seriatim.Tests;

/// <summary>Functions through Microsoft.Extensions.AI: shown by the template, called by the answer, their results read.</summary>
public sealed class FunctionCallTests : IAsyncLifetime
{
    private const string Call = "<tool_call>{\"name\": \"Dice\", \"arguments\": {\"count\": 3}}</tool_call>";

    private readonly TempFolder _folder = new();
    private LanguageModel _model = null!;

    public async Task InitializeAsync()
    {
        TinyModels.WriteLlama(_folder.Path, context: 2048, template: TinyModels.ToolTemplate);
        _model = await LanguageModel.OpenAsync(_folder.Path, new LanguageModelOptions { Threads = 1 });
    }

    public Task DisposeAsync()
    {
        _model.Dispose();
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_function_is_called_and_its_result_read(bool streams)
    {
        int asked = 0, round = 0;
        AIFunction dice = AIFunctionFactory.Create(([Description("How many")] int count) => 7 * (asked = count), "Dice",
            "Rolls dice.");
        using IChatClient client = _model.AsChatClient().AsBuilder().UseFunctionInvocation().Build();

        // The first answer is a call, the second what the model says.
        var options = new ChatOptions
        {
            Tools = [dice],
            Seed = 1,
            RawRepresentationFactory = _ => Says(round++ == 0 ? "Well. " + Call : "It is "),
        };
        ChatResponse response = streams
            ? await client.GetStreamingResponseAsync("roll", options).ToChatResponseAsync()
            : await client.GetResponseAsync("roll", options);
        Assert.Equal((3, 2), (asked, round));
        Assert.StartsWith("It is", response.Messages[^1].Text.TrimStart());
        Assert.StartsWith("Well.", response.Messages[0].Text);
        FunctionCallContent call = Assert.Single(response.Messages.SelectMany(m => m.Contents).OfType<FunctionCallContent>());
        FunctionResultContent result = Assert.Single(
            response.Messages.SelectMany(m => m.Contents).OfType<FunctionResultContent>());
        Assert.Equal(call.CallId, result.CallId);
        Assert.DoesNotContain(response.Messages, message => message.Text.Contains("tool_call", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Functions_that_are_declared_only_come_back_as_calls()
    {
        AIFunctionDeclaration dice = AIFunctionFactory.Create((int count) => count, "Dice", "Rolls dice.").AsDeclarationOnly();
        IChatClient client = _model.AsChatClient();
        var options = new ChatOptions { Tools = [dice], RawRepresentationFactory = _ => Says(Call + Call) };
        ChatResponse both = await client.GetResponseAsync("roll", options);
        Assert.Equal(ChatFinishReason.ToolCalls, both.FinishReason);
        Assert.Equal(2, both.Messages[0].Contents.OfType<FunctionCallContent>().Count());
        int[] ids = _model.Tokenizer.Encode(Call, addSpecialTokens: false);
        ChatResponse one = await client.GetResponseAsync("roll", new ChatOptions
        {
            Tools = [dice],
            RawRepresentationFactory = _ => new GenerateOptions
            {
                Configure = request => request with { ForcedPrefix = ids, MaxNewTokens = ids.Length + 3 },
            },
            AllowMultipleToolCalls = false,
        });
        Assert.Single(one.Messages[0].Contents.OfType<FunctionCallContent>());
        ChatResponse none = await client.GetResponseAsync("roll", new ChatOptions
        {
            Tools = [dice],
            RawRepresentationFactory = options.RawRepresentationFactory,
            ToolMode = ChatToolMode.None,
        });
        Assert.Contains("<tool_call>", none.Text);
    }

    [Fact]
    public async Task Tools_that_are_no_functions_are_refused_by_name()
    {
        var failure = await Assert.ThrowsAsync<NotSupportedException>(() =>
            _model.AsChatClient().GetResponseAsync("x", new ChatOptions { Tools = [new HostedWebSearchTool()] }));
        Assert.Contains(nameof(HostedWebSearchTool), failure.Message);
    }

    /// <summary>What has no option of Microsoft.Extensions.AI is said in a request of our own, below the options.</summary>
    [Fact]
    public async Task A_request_of_our_own_is_started_from()
    {
        GenerationRequest own = new()
        {
            Prompt = default,
            Sampling = new SamplingOptions { MinP = 0.1f, Penalties = new PenaltyOptions { Repetition = 1.3f } },
            Window = new AttentionWindow(64, 4),
            MaxNewTokens = 300,
            MinNewTokens = 300,
            Seed = 4,
        };
        IChatClient client = _model.AsChatClient();
        ChatResponse response = await client.GetResponseAsync("the cat",
            new ChatOptions { RawRepresentationFactory = _ => own, Temperature = 0.7f });
        GenerationRequest chat = _model.ChatRequest([new("user", "the cat")]);
        GenerationRequest same = own with
        {
            Prompt = chat.Prompt,
            StopIds = chat.StopIds,
            StopStrings = chat.StopStrings,
            Tokenizer = _model.Tokenizer,
            Sampling = own.Sampling with { Temperature = 0.7f },
        };
        Assert.Equal((await _model.CompleteAsync(same)).Choices[0].Text, response.Text);
        Assert.Equal(300, response.Usage!.OutputTokenCount);
        var two = new ChatOptions { RawRepresentationFactory = _ => own with { Count = 2 } };
        Assert.Contains("Count 2",
            (await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync("x", two))).Message);
    }

    private GenerateOptions Says(string answer)
    {
        int[] ids = _model.Tokenizer.Encode(answer, addSpecialTokens: false);
        return new()
        {
            Configure = request => request with { ForcedPrefix = ids, MaxNewTokens = ids.Length + 3, IgnoreEndIds = true },
        };
    }
}

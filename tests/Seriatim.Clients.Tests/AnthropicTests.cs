using System.Text.Json;
using Anthropic;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;

namespace Seriatim.Clients.Tests;

/// <summary>The NuGet package Anthropic against the server.</summary>
[Collection(nameof(ServerUnderTest))]
public sealed class AnthropicTests(ServerUnderTest server)
{
    private readonly AnthropicClient _client =
        new() { BaseUrl = server.Url.ToString(), ApiKey = ServerUnderTest.Key, MaxRetries = 0 };

    [Fact]
    public async Task Messages()
    {
        Message answer = await _client.Messages.Create(Request());
        Assert.True(answer.Content[0].TryPickText(out TextBlock? text));
        Assert.NotEmpty(text.Text);
        Assert.Equal("max_tokens", answer.StopReason?.Raw());
        Assert.Equal(16, answer.Usage.OutputTokens);
    }

    [Fact]
    public async Task A_stream_gives_text_and_its_end()
    {
        string streamed = "";
        bool ended = false;
        await foreach (RawMessageStreamEvent update in _client.Messages.CreateStreaming(Request()))
        {
            if (update.TryPickContentBlockDelta(out RawContentBlockDeltaEvent? delta)
                && delta.Delta.TryPickText(out TextDelta? piece))
            {
                streamed += piece.Text;
            }
            ended |= update.TryPickStop(out _);
        }

        // This client has no temperature, so two answers differ; that of npm compares them.
        Assert.NotEmpty(streamed);
        Assert.True(ended);
    }

    [Fact]
    public async Task Tools()
    {
        Message answer = await _client.Messages.Create(Request() with
        {
            MaxTokens = 200,
            ToolChoice = new ToolChoiceAny(),
            Tools =
            [
                new Tool
                {
                    Name = "weather",
                    Description = "Says how the weather is.",
                    InputSchema = new InputSchema
                    {
                        Properties = new Dictionary<string, JsonElement>
                        {
                            ["days"] = JsonElement.Parse("""{"type": "integer", "minimum": 1, "maximum": 9}"""),
                        },
                        Required = ["days"],
                    },
                },
            ],
        });
        Assert.Equal("tool_use", answer.StopReason?.Raw());
        ToolUseBlock? call = answer.Content.Select(block => block.TryPickToolUse(out ToolUseBlock? use) ? use : null)
            .First(use => use is not null);
        Assert.Equal("weather", call!.Name);
        Assert.InRange(call.Input["days"].GetInt32(), 1, 9);
    }

    [Fact]
    public async Task Errors_have_their_types()
    {
        await Assert.ThrowsAsync<AnthropicNotFoundException>(() =>
            _client.Messages.Create(Request() with { Model = "no-such-model" }));
        await Assert.ThrowsAsync<AnthropicBadRequestException>(() => _client.Messages.Create(Request() with { MaxTokens = 0 }));
        var stranger = new AnthropicClient { BaseUrl = server.Url.ToString(), ApiKey = "not-the-key", MaxRetries = 0 };
        await Assert.ThrowsAsync<AnthropicUnauthorizedException>(() => stranger.Messages.Create(Request()));
    }

    private static MessageCreateParams Request() => new()
    {
        Model = ServerUnderTest.Chat,
        MaxTokens = 16,
        System = "You tell stories.",
        Messages = [new UserMessageParam { Content = "Tell one about a cat." }],
        StopSequences = ["\n\n\n"],
    };
}

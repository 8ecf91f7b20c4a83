using Microsoft.Extensions.AI;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Tests;

/// <summary>Models whose marks of calls and reasoning are special tokens, which are no text of an answer otherwise.</summary>
public sealed class MarkTokenTests : IAsyncLifetime
{
    private const string Answer =
        "hm</think>\n\nWell.<tool_call>{\"name\": \"Dice\", \"arguments\": {\"count\": 3}}</tool_call>";

    /// <summary>Opens the reasoning in the prompt.</summary>
    private const string Thinking = TinyModels.ToolTemplate + "{# </think> #}{% if add_generation_prompt %}<think>\n{% endif %}";

    private readonly TempFolder _folder = new();
    private LanguageModel _model = null!;

    public async Task InitializeAsync()
    {
        TinyModels.WriteLlama(_folder.Path, context: 2048, template: Thinking,
            marks: ["<tool_call>", "</tool_call>", "<think>", "</think>"]);
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
    public async Task They_are_read_and_not_shown(bool streams)
    {
        AIFunctionDeclaration dice = AIFunctionFactory.Create((int count) => count, "Dice", "Rolls dice.").AsDeclarationOnly();
        IChatClient client = _model.AsChatClient();
        var options = new ChatOptions { Tools = [dice], StopSequences = ["tool"], RawRepresentationFactory = _ => Says(Answer) };
        ChatResponse response = streams
            ? await client.GetStreamingResponseAsync("roll", options).ToChatResponseAsync()
            : await client.GetResponseAsync("roll", options);
        AIContent[] contents = [.. response.Messages[0].Contents.Where(content => content is not UsageContent)];
        Assert.Equal("hm", Assert.IsType<TextReasoningContent>(contents[0]).Text);
        Assert.Equal("Well.", Assert.IsType<TextContent>(contents[1]).Text);
        FunctionCallContent call = Assert.IsType<FunctionCallContent>(contents[2]);
        Assert.Equal(("Dice", "3"), (call.Name, $"{call.Arguments!["count"]}"));
        Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
    }

    [Fact]
    public async Task A_conversation_reads_them_too_and_tells_the_reasoning()
    {
        string thought = "";
        Conversation talk = _model.StartConversation(new()
        {
            OnReasoning = text => thought += text,
            Prompt = new() { Tools = [new ChatTool { Name = "Dice" }] },
        });
        ConversationReply reply = await talk.SendAsync("roll", Says(Answer));
        Assert.Equal(("hm", "hm", "Well."), (thought, reply.Reasoning, reply.Text));
        Assert.Equal("Dice", Assert.Single(reply.ToolCalls).Name);
    }

    /// <summary>
    /// What comes back from a client goes in again: as the model wrote it, where the template has no field for it.
    /// </summary>
    [Fact]
    public async Task Reasoning_that_was_given_is_taken_back()
    {
        IChatClient client = _model.AsChatClient();
        var options = new ChatOptions { RawRepresentationFactory = _ => Says("hm</think>Well.") };
        ChatResponse first = await client.GetResponseAsync("roll", options);
        ChatMessage user = new(ChatRole.User, "roll");
        ChatResponse second = await client.GetResponseAsync([user, .. first.Messages, user], options);
        string shown = "<|im_start|>user\nroll<|im_end|>\n<|im_start|>assistant\n<think>\nhm\n</think>\n\nWell.<|im_end|>\n"
            + "<|im_start|>user\nroll<|im_end|>\n<|im_start|>assistant\n<think>\n";
        int plain = _model.ChatRequest([new("user", "roll"), new("assistant", "<think>\nhm\n</think>\n\nWell."), new("user",
            "roll")])
            .Prompt.Length;
        Assert.Equal(plain, second.Usage!.InputTokenCount);
        Assert.True(plain > _model.Tokenizer.Encode(shown, addSpecialTokens: false).Length);
    }

    private GenerateOptions Says(string answer)
    {
        int[] ids = _model.Tokenizer.Encode(answer, addSpecialTokens: false);
        return new() { Configure = request => request with { ForcedPrefix = ids, MaxNewTokens = ids.Length } };
    }
}

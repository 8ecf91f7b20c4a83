using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Seriatim.Generation;
using Seriatim.Tokenizers;

#pragma warning disable MEAI001 // Every option is looked at, experimental ones too.

namespace Seriatim.Tests;

/// <summary>Every option and every kind of content that Microsoft.Extensions.AI has is honoured or refused by its name.</summary>
public sealed class ChatOptionsTests : IAsyncLifetime
{
    /// <summary>Options that are honoured; other tests show how.</summary>
    private static readonly string[] Honoured =
    [
        "Instructions", "Temperature", "MaxOutputTokens", "TopP", "TopK", "FrequencyPenalty", "PresencePenalty", "Seed",
        "StopSequences", "ResponseFormat",
    ];

    /// <summary>Options that are refused, at a value that asks for something.</summary>
    private static readonly Dictionary<string, object> Refused = new()
    {
        ["ConversationId"] = "1",
        ["Reasoning"] = new ReasoningOptions { Effort = ReasoningEffort.High },
        ["ModelId"] = "another",
        ["AllowMultipleToolCalls"] = true,
        ["ToolMode"] = ChatToolMode.RequireAny,
        ["Tools"] = new List<AITool> { AIFunctionFactory.Create(() => 1) },
        ["AllowBackgroundResponses"] = true,
        ["ContinuationToken"] = ResponseContinuationToken.FromBytes(new byte[] { 1 }),
        ["RawRepresentationFactory"] = (Func<IChatClient, object?>)(_ => "options of another client"),
        ["AdditionalProperties"] = new AdditionalPropertiesDictionary { ["min_p"] = 0.1 },
    };

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
    public async Task Every_option_is_honoured_or_refused_by_name()
    {
        Assert.Equal(typeof(ChatOptions).GetProperties().Select(property => property.Name).Order(),
            Honoured.Concat(Refused.Keys).Order());
        foreach ((string name, object value) in Refused)
        {
            var options = new ChatOptions { MaxOutputTokens = 2 };
            typeof(ChatOptions).GetProperty(name)!.SetValue(options, value);
            var failure = await Assert.ThrowsAsync<NotSupportedException>(() => _client.GetResponseAsync("the cat", options));
            Assert.Contains(name, failure.Message);
            await Assert.ThrowsAsync<NotSupportedException>(async () =>
            {
                await foreach (ChatResponseUpdate _ in _client.GetStreamingResponseAsync("the cat", options))
                {
                }
            });
        }
    }

    [Fact]
    public async Task What_asks_for_nothing_is_no_reason_to_refuse()
    {
        var options = new ChatOptions
        {
            MaxOutputTokens = 3,
            ModelId = _model.Name,
            Tools = [],
            ToolMode = ChatToolMode.None,
            AllowMultipleToolCalls = false,
            ResponseFormat = ChatResponseFormat.Text,
            Reasoning = new ReasoningOptions(),
            AllowBackgroundResponses = false,
            AdditionalProperties = [],
            RawRepresentationFactory = _ => null,
        };
        Assert.Equal(3, (await _client.GetResponseAsync("the cat", options)).Usage!.OutputTokenCount);
    }

    [Fact]
    public async Task Sampling_of_our_own_takes_the_place_of_the_defaults_and_the_options_stand_above_it()
    {
        var options = new ChatOptions
        {
            MaxOutputTokens = 20,
            Seed = 5,
            RawRepresentationFactory = _ => new SamplingOptions { MinP = 0.2f, Temperature = 3 },
            Temperature = 0.9f,
        };
        ChatResponse response = await _client.GetResponseAsync("the cat", options);
        GenerationRequest request = _model.ChatRequest([new("user", "the cat")]) with
        {
            Sampling = new() { MinP = 0.2f, Temperature = 0.9f },
            MaxNewTokens = 20,
            Seed = 5,
        };
        Assert.Equal((await _model.CompleteAsync(request)).Choices[0].Text, response.Text);
        Assert.IsType<GenerationResult>(response.RawRepresentation);
    }

    [Fact]
    public async Task Every_kind_of_content_is_text_or_refused_by_name()
    {
        Type[] kinds = [.. typeof(AIContent).Assembly.GetExportedTypes()
            .Where(type => type.IsAssignableTo(typeof(AIContent)) && !type.IsAbstract)];
        Assert.True(kinds.Length > 15);
        foreach (Type kind in kinds.Except([typeof(TextContent)]))
        {
            var message = new ChatMessage(ChatRole.User,
                [new TextContent("the cat"), (AIContent)RuntimeHelpers.GetUninitializedObject(kind)]);
            Assert.Contains(kind.Name,
                (await Assert.ThrowsAsync<NotSupportedException>(() => _client.GetResponseAsync([message]))).Message);
        }
    }

    /// <summary>What a model thought is shown to it by templates that have a place for it, and refused by others.</summary>
    [Fact]
    public async Task Thoughts_are_shown_or_refused_and_never_dropped()
    {
        var thought = new ChatMessage(ChatRole.Assistant, [new TextReasoningContent("hm"), new TextContent("a mouse")]);
        ChatMessage[] conversation = [new(ChatRole.User, "the cat"), thought, new(ChatRole.User, "and")];
        Assert.Contains("reasoning_content",
            (await Assert.ThrowsAsync<NotSupportedException>(() => _client.GetResponseAsync(conversation))).Message);
        const string Thinks = "{% for m in messages %}[{{ m.role }}"
            + "{% if m.reasoning_content %} ({{ m.reasoning_content }}){% endif %}] {{ m.content }}\n{% endfor %}";
        IChatClient thinking = _model.AsChatClient(new() { Template = new ChatTemplate(Thinks) });
        ChatResponse shown = await thinking.GetResponseAsync(conversation, new() { MaxOutputTokens = 1 });
        Assert.Equal(
            _model.Tokenizer.Encode("[user] the cat\n[assistant (hm)] a mouse\n[user] and\n", addSpecialTokens: false).Length,
            shown.Usage!.InputTokenCount);
    }

    [Fact]
    public async Task Every_option_of_embeddings_is_honoured_or_refused_by_name()
    {
        IEmbeddingGenerator<string, Embedding<float>> generator = _model.AsEmbeddingGenerator();
        var refused = new Dictionary<string, object>
        {
            ["Dimensions"] = 7,
            ["ModelId"] = "another",
            ["RawRepresentationFactory"] = (Func<IEmbeddingGenerator, object?>)(_ => null),
            ["AdditionalProperties"] = new AdditionalPropertiesDictionary { ["x"] = 1 },
        };
        Assert.Equal(typeof(EmbeddingGenerationOptions).GetProperties().Select(property => property.Name).Order(),
            refused.Keys.Order());
        foreach ((string name, object value) in refused)
        {
            var options = new EmbeddingGenerationOptions();
            typeof(EmbeddingGenerationOptions).GetProperty(name)!.SetValue(options, value);
            Assert.Contains(name,
                (await Assert.ThrowsAsync<NotSupportedException>(() => generator.GenerateAsync(["the cat"], options))).Message);
        }
    }
}

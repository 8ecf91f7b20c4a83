using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Tests;

/// <summary>Conversations through the library, through Microsoft.Extensions.AI, and as a service.</summary>
public sealed class ChatTests : IDisposable
{
    private static readonly LanguageModelOptions Small = new() { Threads = 1 };
    private static readonly ChatTurn[] Conversation = [new("system", "sing"), new("user", "the cat")];

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_prompt_is_the_templates_and_its_end_of_turn_stops()
    {
        TinyModels.WriteLlama(_folder.Path);
        using LanguageModel model = await LanguageModel.OpenAsync(_folder.Path, Small);
        GenerationRequest request = model.ChatRequest(Conversation);
        string prompt = "<|im_start|>system\nsing<|im_end|>\n<|im_start|>user\nthe cat<|im_end|>\n<|im_start|>assistant\n";
        Assert.Equal(prompt, model.Tokenizer.Decode(request.Prompt.Span, skipSpecialTokens: false));
        Assert.Equal([model.Tokenizer.IdOf("<|im_end|>")!.Value], request.StopIds);

        // Favoured enough, the end of turn is chosen at once, and none of it is text.
        int end = request.StopIds[0];
        GenerationResult result = await model.SubmitChat(request with
        {
            Sampling = new SamplingOptions
            {
                Constraints = new TokenConstraints { LogitBias = new Dictionary<int, float> { [end] = 1000 } },
            },
        }).Completion;
        Assert.Equal((FinishReason.StopId, ""), (result.Choices[0].Finish, result.Choices[0].Text));
        var plain = new ChatTemplate("{% for m in messages %}{{ m.role }}: {{ m.content }}\n###\n{% endfor %}{% if "
            + "add_generation_prompt %}assistant: {% endif %}");
        Assert.Equal(["###"], model.ChatRequest(Conversation, new() { Template = plain }).StopStrings);
    }

    /// <summary>
    /// What ends a turn depends on the template, not on what was said: one that refuses two answers in a row, say.
    /// </summary>
    [Fact]
    public async Task The_end_of_a_turn_is_the_templates_whatever_was_said()
    {
        TinyModels.WriteLlama(_folder.Path);
        using LanguageModel model = await LanguageModel.OpenAsync(_folder.Path, Small);
        int end = model.Tokenizer.IdOf("<|im_end|>")!.Value;
        const string Twice = "{% for m in messages %}{% if loop.index > 1 and m.role == messages[loop.index0 - 1].role %}"
            + "{{ raise_exception('twice') }}{% endif %}{% endfor %}";
        var strict = new ChatPromptOptions { Template = new ChatTemplate(Twice + TinyModels.ChatTemplate) };
        ChatTurn[] answered = [new("user", "the cat"), new("assistant", "a mouse")];
        Assert.Equal([end], model.ChatRequest(answered, strict).StopIds);

        // Where no mark can be told, the model's own ends hold.
        var silent = new ChatPromptOptions { Template = new ChatTemplate("{{ messages[0].content }}") };
        Assert.Empty(model.ChatRequest(answered, silent).StopIds);
        Assert.Empty(model.ChatRequest(answered, silent).StopStrings);
    }

    [Fact]
    public async Task Without_a_template_the_error_says_what_to_pass()
    {
        TinyModels.WriteLlama(_folder.Path, chat: false);
        using LanguageModel model = await LanguageModel.OpenAsync(_folder.Path, Small);
        Assert.Contains("chat_template.jinja",
            Assert.Throws<ChatTemplateException>(() => model.ChatRequest(Conversation)).Message);
        Assert.NotEmpty(model.ChatRequest(Conversation, new() { Template = new(TinyModels.ChatTemplate) }).Prompt.ToArray());
        Assert.Throws<ModelTaskException>(() => model.ChatRequest([]));
    }

    [Fact]
    public async Task A_chat_client_gives_what_the_model_gives()
    {
        TinyModels.WriteLlama(_folder.Path);
        using LanguageModel model = await LanguageModel.OpenAsync(_folder.Path, Small);
        using IChatClient client = model.AsChatClient();
        var options = new ChatOptions { MaxOutputTokens = 12, Temperature = 0.7f, TopK = 20, Seed = 3, Instructions = "sing" };
        ChatResponse response = await client.GetResponseAsync([new ChatMessage(ChatRole.User, "the cat")], options);
        string expected = "";
        await foreach (GenerationUpdate update in model.ChatAsync(Conversation,
            new() { Sampling = new() { Temperature = 0.7f, TopK = 20 }, MaxNewTokens = 12, Seed = 3 }))
            expected += update.Text;
        Assert.Equal(expected, response.Text);
        Assert.Equal(12, response.Usage!.OutputTokenCount);
        Assert.Equal(ChatFinishReason.Length, response.FinishReason);
        ChatResponse streamed = await client.GetStreamingResponseAsync([new ChatMessage(ChatRole.User, "the cat")], options)
            .ToChatResponseAsync();
        Assert.Equal(expected, streamed.Text);
        Assert.Equal(response.Usage.TotalTokenCount, streamed.Usage!.TotalTokenCount);
        Assert.Same(model, client.GetService(typeof(LanguageModel)));
        Assert.Equal("seriatim", client.GetService<ChatClientMetadata>()!.ProviderName);
    }

    [Fact]
    public async Task What_a_chat_client_cannot_honour_is_refused_by_name()
    {
        TinyModels.WriteLlama(_folder.Path);
        using LanguageModel model = await LanguageModel.OpenAsync(_folder.Path, Small);
        using IChatClient client = model.AsChatClient();
        foreach ((ChatOptions options, string name) in new[]
        {
            (new ChatOptions { ConversationId = "1" }, "ConversationId"), (new ChatOptions { ModelId = "other" }, "other"),
            (new ChatOptions { Tools = [AIFunctionFactory.Create(() => 1)] }, "Tools"),
        })
            Assert.Contains(name,
                (await Assert.ThrowsAsync<NotSupportedException>(() =>
                    client.GetResponseAsync([new ChatMessage(ChatRole.User, "x")], options))).Message);
        var picture = new ChatMessage(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")]);
        Assert.Contains("DataContent",
            (await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync([picture]))).Message);
    }

    [Fact]
    public async Task A_container_opens_the_model_once_and_closes_it()
    {
        TinyModels.WriteLlama(_folder.Path);
        var services = new ServiceCollection();
        services.AddSeriatim(_folder.Path, Small);
        services.AddSeriatimEncoder(_folder.Path, Small);
        ServiceProvider provider = services.BuildServiceProvider();
        LanguageModel model = provider.GetRequiredService<LanguageModel>();
        Assert.Same(model, provider.GetRequiredService<IChatClient>().GetService(typeof(LanguageModel)));
        Assert.NotNull(provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>());
        await provider.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => model.GenerateAsync("the").GetAsyncEnumerator().MoveNextAsync().AsTask()
            .GetAwaiter().GetResult());
    }
}

using System.Text.Json;
using Microsoft.Extensions.AI;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Tests;

/// <summary>
/// Calls that must be made, and arguments that must follow their schema: a model of random weights cannot do otherwise, in any
/// form, whether its marks are special tokens or text.
/// </summary>
public sealed class ToolGrammarTests : IAsyncLifetime
{
    private const string Schema = """
        {"type": "object", "properties": {"city": {"type": "string", "enum": ["Paris", "New \"York\""]}, "days": {"type": "integer", "minimum": 1, "maximum": 14},
        "metric": {"type": "boolean"}}, "required": ["city", "metric"], "additionalProperties": false}
        """;

    private readonly TempFolder _plainFolder = new(), _markedFolder = new();
    private LanguageModel _plain = null!, _marked = null!;

    public async Task InitializeAsync()
    {
        TinyModels.WriteLlama(_plainFolder.Path, context: 1024);
        TinyModels.WriteLlama(_markedFolder.Path, context: 1024,
            marks: [.. ToolFormats.All.SelectMany(row => row.Format.Marks).Append("<think>").Append("</think>").Distinct()]);
        _plain = await LanguageModel.OpenAsync(_plainFolder.Path, new LanguageModelOptions { Threads = 1 });
        _marked = await LanguageModel.OpenAsync(_markedFolder.Path, new LanguageModelOptions { Threads = 1 });
    }

    public Task DisposeAsync()
    {
        _plain.Dispose();
        _marked.Dispose();
        _plainFolder.Dispose();
        _markedFolder.Dispose();
        return Task.CompletedTask;
    }

    public static TheoryData<string, bool> Forms()
    {
        var forms = new TheoryData<string, bool>();
        foreach (string name in ToolFormats.All.Select(row => row.Name).Distinct())
        {
            forms.Add(name, false);
            forms.Add(name, true);
        }

        return forms;
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task A_call_that_is_required_is_made_and_fits_its_schema(string form, bool marked)
    {
        IChatClient client = Client(form, marked);
        for (int seed = 1; seed <= 6; seed++)
        {
            ChatResponse response = await client.GetResponseAsync("go", Options(form, marked, seed, ChatToolMode.RequireAny));
            FunctionCallContent[] calls = Calls(response);
            Assert.True(calls.Length > 0, $"seed {seed}: {Text(response)}");
            Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
            Assert.Null(response.Messages[0].AdditionalProperties);
            Assert.Equal("", response.Text);
            foreach (FunctionCallContent call in calls)
                Check(call);
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task One_that_is_named_is_the_only_one_and_alone(string form, bool marked)
    {
        IChatClient client = Client(form, marked);
        for (int seed = 1; seed <= 4; seed++)
        {
            ChatOptions options = Options(form, marked, seed, ChatToolMode.RequireSpecific("now"));
            options.AllowMultipleToolCalls = false;
            FunctionCallContent call = Assert.Single(Calls(await client.GetResponseAsync("go", options)));
            Assert.Equal(("now", 0), (call.Name, call.Arguments!.Count));
        }
    }

    /// <summary>Where the model decides, a strict tool is called by its schema or not at all.</summary>
    [Theory]
    [InlineData("hermes", "<tool_call>")]
    [InlineData("mistral", "So.[TOOL_CALLS]")]
    [InlineData("deepseek-v3.1", "So.<｜tool▁calls▁begin｜>")]
    [InlineData("qwen3-coder", "So.<tool_call>")]
    [InlineData("harmony", "<|channel|>commentary<|message|>So.<|end|><|start|>assistant<|channel|>commentary to=")]
    public async Task Strict_arguments_fit_where_a_call_is_free(string form, string begin)
    {
        foreach (bool marked in (bool[])[false, true])
        {
            ChatOptions options = Options(form, marked, 3, ChatToolMode.Auto, begin);
            options.Tools = [new StrictTool("weather", Schema)];
            ChatResponse response = await Client(form, marked).GetResponseAsync("go", options);
            Assert.All(Calls(response), Check);
            Assert.NotEmpty(Calls(response));
            options = Options(form, marked, 4, ChatToolMode.Auto, form == "harmony" ? "<|channel|>final<|message|>" : "So ");
            options.Tools = [new StrictTool("weather", Schema)];
            options.MaxOutputTokens = 60;
            Assert.NotEqual("", (await Client(form, marked).GetResponseAsync("go", options)).Text);
        }
    }

    [Fact]
    public async Task A_model_thinks_before_a_call_that_is_required()
    {
        string template = Template("hermes") + "{# </think> #}";
        IChatClient client = _marked.AsChatClient(new() { Template = new ChatTemplate(template) });
        ChatOptions options = Options("hermes", true, 2, ChatToolMode.RequireAny, "<think>so</think>\n");
        ChatResponse response = await client.GetResponseAsync("go", options);
        Assert.Equal("so", Assert.Single(response.Messages[0].Contents.OfType<TextReasoningContent>()).Text);
        Assert.All(Calls(response), Check);
        Assert.NotEmpty(Calls(response));
    }

    /// <summary>An answer by a schema stands where the form has its answers, with tools beside it and without.</summary>
    [Theory]
    [InlineData("hermes", false, "")]
    [InlineData("hermes", true, "{")]
    [InlineData("mistral", true, "{")]
    [InlineData("harmony", false, "<|channel|>analysis<|message|>So.<|end|><|start|>assistant<|channel|>final<|message|>")]
    [InlineData("harmony", true, "<|channel|>final<|message|>")]
    public async Task An_answer_by_a_schema_stands_in_its_form(string form, bool hasTools, string begin)
    {
        ChatOptions options = Options(form, true, 5, hasTools ? ChatToolMode.Auto : ChatToolMode.None, begin);
        options.ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse(Schema));
        ChatResponse response = await Client(form, true).GetResponseAsync("go", options);
        Assert.Empty(Calls(response));
        Assert.Contains(JsonElement.Parse(response.Text).GetProperty("city").GetString(), (string[])["Paris", "New \"York\""]);
    }

    [Fact]
    public async Task A_model_thinks_before_an_answer_by_a_schema()
    {
        IChatClient client = _marked.AsChatClient(new() { Template = new ChatTemplate(Template("hermes") + "{# </think> #}") });
        ChatOptions options = Options("hermes", true, 2, ChatToolMode.None, "<think>so</think>\n");
        options.ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse(Schema));
        ChatResponse response = await client.GetResponseAsync("go", options);
        Assert.Equal("so", Assert.Single(response.Messages[0].Contents.OfType<TextReasoningContent>()).Text);
        Assert.True(JsonElement.Parse(response.Text).TryGetProperty("metric", out _));
    }

    [Theory]
    [InlineData("""{"type": "object", "properties": {"a": {"type": "strng"}}}""", "/properties/a/type")]
    [InlineData("""{"type": "object", "properties": ["a"]}""", "/properties")]
    [InlineData("""{"type": "array"}""", "\"object\"")]
    [InlineData("""{"type": "object", "properties": {"a": 1}}""", "/properties/a")]
    [InlineData("""{"type": "object", "required": "a"}""", "/required")]
    public async Task What_is_no_schema_is_refused_by_its_place(string schema, string place)
    {
        var options = new ChatOptions { Tools = [new StrictTool("weather", schema, strict: false)] };
        string message = (await Assert.ThrowsAsync<GrammarException>(
            () => Client("hermes", false).GetResponseAsync("go", options))).Message;
        Assert.Contains("weather", message);
        Assert.Contains(place, message);
    }

    [Theory]
    [InlineData("hermes",
        """{"type": "object", "properties": {"a": {"type": "array", "items": {"type": "object"}, "uniqueItems": true}}}""",
        "uniqueItems")]
    [InlineData("gemma-function",
        """{"type": "object", "properties": {"a": {"type": "string", "pattern": "^x+$"}}}""", "pattern")]
    [InlineData("qwen3-coder", """{"type": "object", "properties": {"a": {"type": "string", "minLength": 2}}}""", "minLength")]
    public async Task What_a_strict_schema_says_and_cannot_be_enforced_is_refused_by_name(string form, string schema,
        string keyword)
    {
        var strict = new ChatOptions { Tools = [new StrictTool("weather", schema)] };
        Assert.Equal(keyword, (await Assert.ThrowsAsync<GrammarException>(
            () => Client(form, false).GetResponseAsync("go", strict))).Keyword);
        var free = new ChatOptions { Tools = [new StrictTool("weather", schema, strict: false)], MaxOutputTokens = 2 };
        await Client(form, false).GetResponseAsync("go", free);
    }

    [Fact]
    public async Task What_is_required_and_not_there_is_refused()
    {
        var none = new ChatOptions { ToolMode = ChatToolMode.RequireAny };
        Assert.Contains("ToolMode", (await Assert.ThrowsAsync<NotSupportedException>(
            () => Client("hermes", false).GetResponseAsync("go", none))).Message);
        ChatOptions other = Options("hermes", false, 1, ChatToolMode.RequireSpecific("dice"));
        Assert.Contains("weather, now", (await Assert.ThrowsAsync<GrammarException>(
            () => Client("hermes", false).GetResponseAsync("go", other))).Message);
    }

    [Fact]
    public void A_saved_grammar_is_made_again()
    {
        var plan = new AnswerPlan(ToolCallCases.Format("qwen3"),
            [new ChatTool { Name = "weather", Parameters = JsonElement.Parse(Schema) }], StartsInReasoning: true);
        Grammar grammar = ToolGrammar.Of(plan, new ToolUse { Choice = ToolChoice.Of("weather"), Strict = ["weather"] });
        Grammar again = Grammar.From(grammar.Kind, grammar.Source);
        Assert.Equal(grammar.Source, again.Source);
        foreach (string form in (string[])["qwen3", "harmony"])
        {
            Grammar content = ContentGrammar.Around(plan with { Format = ToolCallCases.Format(form) },
                ContentGrammar.OfSchema(JsonElement.Parse(Schema)));
            Assert.Equal(ContentGrammar.Kind, content.Kind);
            Assert.Equal(content.Source, Grammar.From(content.Kind, content.Source).Source);
        }
    }

    private static void Check(FunctionCallContent call)
    {
        if (call.Name == "now")
        {
            Assert.Empty(call.Arguments!);
            return;
        }

        Assert.Equal("weather", call.Name);
        Assert.Contains($"{call.Arguments!["city"]}", (string[])["Paris", "New \"York\""]);
        Assert.Contains(((JsonElement)call.Arguments["metric"]!).ValueKind, (JsonValueKind[])[JsonValueKind.True,
            JsonValueKind.False]);
        if (call.Arguments.TryGetValue("days", out object? days))
            Assert.InRange(((JsonElement)days!).GetInt32(), 1, 14);
        Assert.Empty(call.Arguments.Keys.Except(["city", "days", "metric"]));
    }

    private static string Text(ChatResponse response) => ((GenerationResult)response.RawRepresentation!).Choices[0].Text;

    private static FunctionCallContent[] Calls(ChatResponse response) =>
        [.. response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>()];

    private static string Template(string form) =>
        $"{{# tools {string.Join(' ', ToolFormats.All.First(row => row.Name == form).Marks)} #}}" + TinyModels.ChatTemplate;

    private IChatClient Client(string form, bool marked) =>
        (marked ? _marked : _plain).AsChatClient(new() { Template = new ChatTemplate(Template(form)) });

    private ChatOptions Options(string form, bool marked, int seed, ChatToolMode mode, string? begin = null)
    {
        // Harmony reasons as long as it likes: a random model would never come to an end.
        begin ??= form == "harmony" ? "<|channel|>commentary to=" : "";
        int[] ids = (marked ? _marked : _plain).Tokenizer.Encode(begin, addSpecialTokens: false);
        return new()
        {
            Tools = [new StrictTool("weather", Schema, strict: false),
                new StrictTool("now", """{"type": "object", "properties": {}}""")],
            ToolMode = mode,
            MaxOutputTokens = 600,
            Seed = seed,
            RawRepresentationFactory = _ => new GenerateOptions
            {
                Configure = request => request with { ForcedPrefix = ids, Sampling = new() { Temperature = 1.5f } },
            },
        };
    }

    /// <summary>A tool with a schema of its own.</summary>
    private sealed class StrictTool(string name, string schema, bool strict = true) : AIFunctionDeclaration
    {
        public override string Name => name;

        public override JsonElement JsonSchema { get; } = JsonElement.Parse(schema);

        public override IReadOnlyDictionary<string, object?> AdditionalProperties { get; } =
            strict ? new Dictionary<string, object?> { ["strict"] = true } : [];
    }
}

using System.Runtime.Loader;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Tests;

/// <summary>Answers that are held to a form, by models that reason and call tools: the form is the text's, marks in it are text.
/// </summary>
public sealed class AnswerFormTests : IAsyncLifetime
{
    private const string Colors = """
        {"type": "object", "$defs": {"Color": {"type": "string", "enum": ["red", "12"]}},
        "properties": {"color-1": {"$ref": "#/$defs/Color"}, "shade": {"allOf": [{"$ref": "#/$defs/Color"}], "description": "x"},
        "size": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 3}, {"type": "null"}]},
        "many": {"type": "array", "items": {"$ref": "#/$defs/Color"}, "minItems": 1, "maxItems": 2}},
        "required": ["color-1", "shade", "size", "many"], "additionalProperties": false}
        """;

    private readonly TempFolder _folder = new();
    private LanguageModel _model = null!;

    public async Task InitializeAsync()
    {
        TinyModels.WriteLlama(_folder.Path, context: 1024, marks: ["<think>", "</think>"],
            template: "{# </think> #}"
                + TinyModels.ChatTemplate.Replace("assistant\n", "assistant\n<think>\n", StringComparison.Ordinal));
        _model = await LanguageModel.OpenAsync(_folder.Path, new LanguageModelOptions { Threads = 1 });
    }

    public Task DisposeAsync()
    {
        _model.Dispose();
        _folder.Dispose();
        return Task.CompletedTask;
    }

    /// <summary>A grammar of the caller's own holds for what is said, not for what is thought.</summary>
    [Fact]
    public async Task A_conversation_thinks_before_it_answers_in_the_form_of_a_request()
    {
        int[] begin = _model.Tokenizer.Encode("so</think>", addSpecialTokens: false);
        Conversation talk = _model.StartConversation();
        ConversationReply reply = await talk.SendAsync("a pet", new GenerateOptions
        {
            Sampling = new() { Temperature = 1, Grammar = Grammar.Choice(["<think>yes"]) },
            Seed = 1,
            MaxNewTokens = 60,
            Configure = request => request with { ForcedPrefix = begin },
        });
        Assert.Equal(("so", "<think>yes"), (reply.Reasoning, reply.Text));
    }

    [Fact]
    public void A_grammar_of_an_answer_is_made_once_and_saved_with_what_it_holds()
    {
        var plan = new AnswerPlan(new AnswerFormat(null, ReasoningMarks.Of("</think>")), [], StartsInReasoning: true);
        Grammar grammar = ContentGrammar.Around(plan, Grammar.Regex("[0-9]{3}"));
        Assert.Same(grammar, ContentGrammar.Around(plan, Grammar.Regex("[0-9]{3}")));
        Assert.Same(grammar, Grammar.From(grammar.Kind, grammar.Source));
        Assert.True(Takes(grammar, "so</think>\n\n123"));
        Assert.False(Takes(grammar, "so</think>12a"));
        Assert.False(Takes(grammar, "123"));
        var tools = new AnswerPlan(Format("hermes"), [new ChatTool { Name = "now" }], false);
        Assert.Same(ToolGrammar.Of(tools, new ToolUse { Choice = ToolChoice.Required }),
            ToolGrammar.Of(tools, new ToolUse { Choice = ToolChoice.Required }));
    }

    [Theory]
    [InlineData("hermes", "so</think>\n\n", true)]
    [InlineData("hermes", "<think>so</think>", false)]
    [InlineData("qwen3-coder", "<think>so</think>\n", false)]
    [InlineData("llama3-json", "<think>so</think>", false)]
    [InlineData("harmony", "<|channel|>analysis<|message|>so<|end|><|start|>assistant<|channel|>final<|message|>", false)]
    public void Marks_in_a_text_of_a_form_are_text(string form, string before, bool starts)
    {
        const string Json = "{\"a\": \"x<think>y</think> <tool_call> <|python_tag|> <|end|><|start|> <tool_c\"}";
        foreach (int size in (int[])[1, 3, 1000])
        {
            var reader = new AnswerReader(Format(form), [], "call", starts, hasForm: true);
            foreach (char[] piece in (before + Json).Chunk(size))
                reader.Push(new string(piece));
            reader.End(cut: false);
            Assert.Equal((Json, "so"), (reader.Text, reader.Reasoning));
            Assert.Empty(reader.Malformed);
        }
    }

    [Fact]
    public void A_call_in_place_of_a_text_of_a_form_is_read()
    {
        var reader = new AnswerReader(Format("hermes"), [], "call", false, hasForm: true);
        reader.Push("<think>so</think>\n<tool_call>{\"name\": \"a\", \"arguments\": {}}</tool_call>\n<tool_call>{\"name\": ");
        reader.End(cut: true);
        Assert.Equal(("a", "so", ""), (reader.Calls[0].Name, reader.Reasoning, reader.Text));
        Assert.NotNull(reader.Incomplete);
    }

    [Theory]
    [InlineData("hermes", "So <think>", false)]
    [InlineData("hermes", "So </think>", false)]
    [InlineData("hermes", "<think>a</think>So", true)]
    [InlineData("llama3-json", "So <think>", false)]
    [InlineData("llama3-json", "\r{\"name\"", false)]
    [InlineData("llama3-json", "\rSo {", true)]
    public void Text_beside_calls_holds_nothing_that_swallows_them(string form, string text, bool isText)
    {
        var plan = new AnswerPlan(Format(form), [new ChatTool { Name = "now" }], false);
        Assert.Equal(isText, Takes(ToolGrammar.Of(plan, new ToolUse { Strict = ["now"] }), text));
    }

    [Theory]
    [InlineData("qwen3-coder", true)]
    [InlineData("qwen3-coder", false)]
    [InlineData("gemma-function", true)]
    [InlineData("gemma-function", false)]
    [InlineData("gemma-tool-code", true)]
    [InlineData("gemma-tool-code", false)]
    public async Task Values_that_refer_to_others_are_of_their_type(string form, bool strict)
    {
        var tool = new ChatTool { Name = "paint-it", Parameters = JsonElement.Parse(Colors) };
        var plan = new AnswerPlan(new AnswerFormat(Format(form).Tools, null), [tool], false);
        Grammar grammar = ToolGrammar.Of(plan,
            new ToolUse { Choice = ToolChoice.Required, Strict = strict ? ["paint-it"] : [], IsParallel = false });
        for (ulong seed = 1; seed <= 4; seed++)
        {
            GenerationRequest request = _model.Request("go") with
            {
                Seed = seed,
                MaxNewTokens = 400,
                Sampling = new() { Temperature = 1.5f, Grammar = grammar },
            };
            string text = (await _model.Submit(request).Completion).Choices[0].Text;
            AnswerReader reader = plan.Reader("call");
            reader.Push(text);
            reader.End(cut: false);
            ToolCall call = Assert.Single(reader.Calls);
            Assert.Equal("paint-it", call.Name);
            foreach (JsonElement color in (JsonElement[])[call.Arguments.GetProperty("color-1"),
                call.Arguments.GetProperty("shade"), .. call.Arguments.GetProperty("many").EnumerateArray()])
            {
                Assert.Contains(color.GetString(), (string[])["red", "12"]);
            }

            JsonElement size = call.Arguments.GetProperty("size");
            Assert.True(size.ValueKind == JsonValueKind.Null || size.GetInt32() is >= 1 and <= 3);
        }
    }

    [Theory]
    [InlineData("gemma-function", "call:f{o:{k:[1,null],l:<escape>x<escape>}}", true)]
    [InlineData("gemma-tool-code", "f(o={\"k\": [1, None], \"l\": \"x\"})", true)]
    [InlineData("gemma-function", "call:f{o:1}", false)]
    public void An_object_that_names_nothing_is_free(string form, string call, bool fits)
    {
        (string open, string close) = form == "gemma-function"
            ? ("<start_function_call>", "<end_function_call>")
            : ("```tool_code\n", "\n```");
        Grammar grammar = Required(form, """{"type": "object", "properties": {"o": {"type": "object"}}, "required": ["o"]}""");
        Assert.Equal(fits, Takes(grammar, open + call + close));
    }

    /// <summary>The rules of optional members grow with their number, not with a power of it.</summary>
    [Fact]
    public void Many_members_in_many_levels_are_not_many_more_rules()
    {
        string inner = "{\"type\": \"string\"}";
        for (int level = 0; level < 3; level++)
        {
            inner = $"{{\"type\": \"object\", \"properties\": "
                + $"{{{string.Join(", ", Enumerable.Range(0, 12).Select(i => $"\"k{i}\": {inner}"))}}}}}";
        }
        Grammar grammar = Required("gemma-function", inner);
        Assert.True(Takes(grammar,
            "<start_function_call>call:f{k2:{k1:{k0:<escape>x<escape>,k11:<escape><escape>}},k3:{}}<end_function_call>"));
        Assert.False(Takes(grammar, "<start_function_call>call:f{k3:{},k2:{}}<end_function_call>"));
    }

    [Theory]
    [InlineData("harmony", "get it")]
    [InlineData("qwen3-coder", "a>b")]
    [InlineData("gemma-tool-code", "a(b")]
    [InlineData("gemma-function", "a{b")]
    [InlineData("mistral-args", "a\nb")]
    public void A_name_that_a_form_cannot_carry_is_refused(string form, string name)
    {
        var plan = new AnswerPlan(Format(form), [new ChatTool { Name = name }], false);
        Assert.Contains("cannot carry the name", Assert.Throws<GrammarException>(
            () => ToolGrammar.Of(plan, new ToolUse { Choice = ToolChoice.Required })).Message);
    }

    [Fact]
    public void Names_that_were_offered_and_great_numbers_are_read_in_the_syntax_of_Python()
    {
        ChatTool[] tools = [new()
        {
            Name = "get-it",
            Parameters = JsonElement.Parse("""{"properties": {"user-id": {"type": "number"}}}"""),
        }];
        PythonCall call = Assert.Single(PythonCall.TryRead("print(get-it(user-id=1e999))", tools)!);
        Assert.Equal(("get-it", "{\"user-id\": 1e999}"), (call.Name, call.Arguments));
        Assert.Null(PythonCall.TryRead("other-it(a=1)", tools));
    }

    /// <summary>It took a copy of the whole rest for each character.</summary>
    [Theory]
    [InlineData("gemma-tool-code", "```tool_code\n", "\n```")]
    [InlineData("llama3-json", "", "")]
    public async Task A_long_answer_in_one_piece_takes_no_time_to_speak_of(string form, string open, string close)
    {
        string text = open + new string(' ', 2_000_000) + close;
        var reader = new AnswerReader(Format(form), [], "call", false);
        await Task.Run(() =>
        {
            reader.Push(text);
            reader.End(cut: false);
        }).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(form == "llama3-json" ? 0 : 1, reader.Malformed.Count);
    }

    /// <summary>An argument that is written twice counts once, and it is the last one that counts.</summary>
    [Fact]
    public async Task A_chat_client_takes_the_last_of_two_arguments_of_a_name()
    {
        int[] ids = _model.Tokenizer.Encode(
            "so</think><tool_call>{\"name\": \"now\", \"arguments\": {\"a\": 1, \"a\": 2}}</tool_call>", addSpecialTokens: false);
        string template = "{# <tool_call> tools #}" + _model.Tokenizer.ChatTemplate!.Source;
        IChatClient client = _model.AsChatClient(new() { Template = new ChatTemplate(template) });
        ChatResponse response = await client.GetResponseAsync("go", new ChatOptions
        {
            Tools = [AIFunctionFactory.Create(() => 1, "now")],
            MaxOutputTokens = ids.Length,
            RawRepresentationFactory = _ => new GenerateOptions { Configure = request => request with { ForcedPrefix = ids } },
        });
        FunctionCallContent call = Assert.Single(response.Messages[0].Contents.OfType<FunctionCallContent>());
        Assert.Equal(2, ((JsonElement)call.Arguments!["a"]!).GetInt32());
    }

    [Theory]
    [InlineData("json_answer", "null")]
    [InlineData("json_answer", "{}")]
    [InlineData("tools", "null")]
    [InlineData("tools", "[1]")]
    [InlineData("tools", """{"format": "hermes", "reasoning": null, "tools": [null]}""")]
    [InlineData("tools", """{"format": "morse", "reasoning": null}""")]
    public void A_source_that_was_never_saved_is_refused(string kind, string source) =>
        Assert.Throws<GrammarException>(() => Grammar.From(kind, source));

    /// <summary>A saved request is read before anything else of this library has run: here, in a world of its own.</summary>
    [Fact]
    public void A_saved_grammar_is_read_before_a_model_is_open()
    {
        var plan = new AnswerPlan(Format("hermes"), [new ChatTool { Name = "now" }], false);
        Grammar grammar = ToolGrammar.Of(plan, new ToolUse { Choice = ToolChoice.Required });
        var world = new AssemblyLoadContext("fresh", isCollectible: true);
        string Here(string name) => Path.Combine(AppContext.BaseDirectory, name + ".dll");
        world.Resolving += (context, name) => File.Exists(Here(name.Name!))
            ? context.LoadFromAssemblyPath(Here(name.Name!))
            : null;
        foreach (string name in (string[])["Seriatim.Generation", "Seriatim"])
            world.LoadFromAssemblyPath(Here(name));
        Type type = world.Assemblies.First(one => one.GetName().Name == "Seriatim.Generation")
            .GetType("Seriatim.Generation.Grammar")!;
        Assert.NotEqual(typeof(Grammar), type);
        object again = type.GetMethod("From")!.Invoke(null, [grammar.Kind, grammar.Source])!;
        Assert.Equal(grammar.Source, type.GetProperty("Source")!.GetValue(again));
        world.Unload();
    }

    private static Grammar Required(string form, string schema) => ToolGrammar.Of(
        new AnswerPlan(new AnswerFormat(Format(form).Tools, null),
            [new ChatTool { Name = "f", Parameters = JsonElement.Parse(schema) }], false),
        new ToolUse { Choice = ToolChoice.Required, IsParallel = false });

    private static AnswerFormat Format(string form)
    {
        ToolFormat format = ToolFormats.Named(form);
        return new AnswerFormat(format, format.HoldsReasoning ? null : ReasoningMarks.Of("</think>"));
    }

    /// <summary>Whether a text belongs to a grammar, token by token.</summary>
    private bool Takes(Grammar grammar, string text)
    {
        CompiledGrammar compiled = CompiledGrammar.Of(grammar, _model.Tokenizer, _model.Tokenizer.VocabularySize);
        GrammarState? state = compiled.Start;
        foreach (int token in _model.Tokenizer.Encode(text, addSpecialTokens: false))
        {
            if (state is null)
                return false;
            state = compiled.Accept(state, token);
        }

        return state is { CanEnd: true };
    }
}

namespace Seriatim.Tokenizers.Tests;

/// <summary>
/// Public chat templates (the files in ChatTemplates/) give what Jinja2 with the settings of transformers gives for them.
/// </summary>
public sealed class ChatTemplateTests
{
    private static readonly ChatTurn System = new("system", "Be brief.");
    private static readonly ChatTurn User = new("user", "Hello, 世界!");
    private static readonly ChatTurn Assistant = new("assistant", " Hi \"you\". ");
    private static readonly ChatTurn Next = new("user", "And\nnow?");
    private static readonly ChatTurn Result = new("tool", "22 °C");

    private static readonly ChatTurn Call = new("assistant", string.Empty)
    {
        Fields = Parse("""
            {"tool_calls": [{"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Köln", "days": 2}}}]}
            """),
    };

    private static readonly IReadOnlyDictionary<string, object?> Tools = Parse("""
        {"tools": [{"type": "function", "function": {"name": "get_weather", "description": "Weather in a \"city\"",
         "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]}
        """);

    public static TheoryData<string, ChatTurn[], bool, string> Cases() => new()
    {
        {
            "llama-2", [System, User, Assistant, Next], false,
            "<s>[INST] <<SYS>>\n"
            + "Be brief.\n"
            + "<</SYS>>\n"
            + "\n"
            + "Hello, 世界! [/INST] Hi \"you\". </s><s>[INST] And\n"
            + "now? [/INST]"
        },
        {
            "llama-2", [User], false,
            "<s>[INST] Hello, 世界! [/INST]"
        },
        {
            "llama-3", [System, User, Assistant, Next], false,
            "<s><|start_header_id|>system<|end_header_id|>\n"
            + "\n"
            + "Be brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n"
            + "\n"
            + "Hello, 世界!<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n"
            + "\n"
            + "Hi \"you\".<|eot_id|><|start_header_id|>user<|end_header_id|>\n"
            + "\n"
            + "And\n"
            + "now?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n"
            + "\n"
        },
        {
            "llama-3.1", [System, User], false,
            "<s><|start_header_id|>system<|end_header_id|>\n"
            + "\n"
            + "Cutting Knowledge Date: December 2023\n"
            + "Today Date: 09 Mar 2025\n"
            + "\n"
            + "Be brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n"
            + "\n"
            + "Hello, 世界!<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n"
            + "\n"
        },
        {
            "llama-3.1", [User, Call, Result], true,
            "<s><|start_header_id|>system<|end_header_id|>\n"
            + "\n"
            + "Environment: ipython\n"
            + "Cutting Knowledge Date: December 2023\n"
            + "Today Date: 09 Mar 2025\n"
            + "\n"
            + "<|eot_id|><|start_header_id|>user<|end_header_id|>\n"
            + "\n"
            + "Given the following functions, please respond with a JSON for a function call with its proper arguments that best answers the given prompt.\n"
            + "\n"
            + "Respond in the format {\"name\": function name, \"parameters\": dictionary of argument name and its value}.Do not use variables.\n"
            + "\n"
            + "{\n"
            + "    \"type\": \"function\",\n"
            + "    \"function\": {\n"
            + "        \"name\": \"get_weather\",\n"
            + "        \"description\": \"Weather in a \\\"city\\\"\",\n"
            + "        \"parameters\": {\n"
            + "            \"type\": \"object\",\n"
            + "            \"properties\": {\n"
            + "                \"city\": {\n"
            + "                    \"type\": \"string\"\n"
            + "                }\n"
            + "            },\n"
            + "            \"required\": [\n"
            + "                \"city\"\n"
            + "            ]\n"
            + "        }\n"
            + "    }\n"
            + "}\n"
            + "\n"
            + "Hello, 世界!<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n"
            + "\n"
            + "{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Köln\", \"days\": 2}}<|eot_id|><|start_header_id|>ipython<|end_header_id|>\n"
            + "\n"
            + "\"22 °C\"<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n"
            + "\n"
        },
        {
            "mistral", [System, User, Assistant, Next], false,
            "<s> [INST] Be brief.\n"
            + "\n"
            + "Hello, 世界! [/INST]  Hi \"you\". </s> [INST] And\n"
            + "now? [/INST]"
        },
        {
            "mistral", [User, Assistant, Next], false,
            "<s> [INST] Hello, 世界! [/INST]  Hi \"you\". </s> [INST] And\n"
            + "now? [/INST]"
        },
        {
            "qwen2.5", [User, Assistant, Next], false,
            "<|im_start|>system\n"
            + "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"
            + "<|im_start|>user\n"
            + "Hello, 世界!<|im_end|>\n"
            + "<|im_start|>assistant\n"
            + " Hi \"you\". <|im_end|>\n"
            + "<|im_start|>user\n"
            + "And\n"
            + "now?<|im_end|>\n"
            + "<|im_start|>assistant\n"
        },
        {
            "qwen2.5", [System, User], false,
            "<|im_start|>system\n"
            + "Be brief.<|im_end|>\n"
            + "<|im_start|>user\n"
            + "Hello, 世界!<|im_end|>\n"
            + "<|im_start|>assistant\n"
        },
        {
            "qwen2.5", [User, Call, Result], true,
            "<|im_start|>system\n"
            + "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.\n"
            + "\n"
            + "# Tools\n"
            + "\n"
            + "You may call one or more functions to assist with the user query.\n"
            + "\n"
            + "You are provided with function signatures within <tools></tools> XML tags:\n"
            + "<tools>\n"
            + "{\"type\": \"function\", \"function\": {\"name\": \"get_weather\", \"description\": \"Weather in a \\\"city\\\"\", \"parameters\": {\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}, \"required\": [\"city\"]}}}\n"
            + "</tools>\n"
            + "\n"
            + "For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n"
            + "<tool_call>\n"
            + "{\"name\": <function-name>, \"arguments\": <args-json-object>}\n"
            + "</tool_call><|im_end|>\n"
            + "<|im_start|>user\n"
            + "Hello, 世界!<|im_end|>\n"
            + "<|im_start|>assistant\n"
            + "<tool_call>\n"
            + "{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Köln\", \"days\": 2}}\n"
            + "</tool_call><|im_end|>\n"
            + "<|im_start|>user\n"
            + "<tool_response>\n"
            + "22 °C\n"
            + "</tool_response><|im_end|>\n"
            + "<|im_start|>assistant\n"
        },
        {
            "gemma", [User, Assistant, Next], false,
            "<s><start_of_turn>user\n"
            + "Hello, 世界!<end_of_turn>\n"
            + "<start_of_turn>model\n"
            + "Hi \"you\".<end_of_turn>\n"
            + "<start_of_turn>user\n"
            + "And\n"
            + "now?<end_of_turn>\n"
            + "<start_of_turn>model\n"
        },
        {
            "phi-3", [System, User, Assistant, Next], false,
            "<|system|>\n"
            + "Be brief.<|end|>\n"
            + "<|user|>\n"
            + "Hello, 世界!<|end|>\n"
            + "<|assistant|>\n"
            + " Hi \"you\". <|end|>\n"
            + "<|user|>\n"
            + "And\n"
            + "now?<|end|>\n"
            + "<|assistant|>\n"
        },
        {
            "chatml", [System, User, Assistant, Next], false,
            "<|im_start|>system\n"
            + "Be brief.<|im_end|>\n"
            + "<|im_start|>user\n"
            + "Hello, 世界!<|im_end|>\n"
            + "<|im_start|>assistant\n"
            + " Hi \"you\". <|im_end|>\n"
            + "<|im_start|>user\n"
            + "And\n"
            + "now?<|im_end|>\n"
            + "<|im_start|>assistant\n"
        },
        {
            "zephyr", [System, User, Assistant, Next], false,
            "<|system|>\n"
            + "Be brief.</s>\n"
            + "<|user|>\n"
            + "Hello, 世界!</s>\n"
            + "<|assistant|>\n"
            + " Hi \"you\". </s>\n"
            + "<|user|>\n"
            + "And\n"
            + "now?</s>\n"
            + "<|assistant|>\n"
        },
    };

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void Public_templates_give_the_prompts_of_their_models(string name, ChatTurn[] messages, bool tools,
        string expected)
    {
        Assert.Equal(expected, Render(name, messages, tools));
    }

    [Theory]
    [InlineData("gemma", "System role not supported")]
    [InlineData("llama-2", "Conversation roles must alternate")]
    [InlineData("mistral", "conversation roles must alternate")]
    public void Templates_refuse_conversations_they_cannot_write(string name, string reason)
    {
        ChatTurn[] messages = [System, System];
        var e = Assert.Throws<ChatTemplateException>(() => Render(name, messages, false));
        Assert.Contains(reason, e.Message);
    }

    [Fact]
    public void Without_generation_prompt_the_answer_is_not_opened()
    {
        string source = File.ReadAllText(PathOf("phi-3"));
        var variables = new Dictionary<string, object?> { ["eos_token"] = "</s>" };
        Assert.Equal("<|user|>\nHello, 世界!<|end|>\n</s>", new ChatTemplate(source).Render([User], false, variables));
    }

    private static string Render(string name, ChatTurn[] messages, bool tools)
    {
        var variables = new Dictionary<string, object?>(tools ? Tools : new Dictionary<string, object?>())
        {
            ["bos_token"] = "<s>",
            ["eos_token"] = "</s>",
        };
        var now = new DateTimeOffset(2025, 3, 9, 14, 5, 7, TimeSpan.Zero);
        return new ChatTemplate(File.ReadAllText(PathOf(name))).Render(messages, true, variables, now);
    }

    private static string PathOf(string name) =>
        Path.Combine(Shared.Repository, "tests", "Seriatim.Tokenizers.Tests", "ChatTemplates", name + ".jinja");

    private static Dictionary<string, object?> Parse(string json) => global::System.Text.Json.JsonDocument.Parse(json).RootElement
        .EnumerateObject().ToDictionary(property => property.Name, property => (object?)property.Value);
}

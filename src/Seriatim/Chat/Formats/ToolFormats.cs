using Seriatim.Generation;

namespace Seriatim;

/// <summary>All formats of calls, and the marks of the chat templates that mean them.</summary>
internal static class ToolFormats
{
    /// <summary>The rows, the more special ones first.</summary>
    public static IReadOnlyList<ToolFormatRow> All { get; } =
    [
        new("harmony", new HarmonyFormat(), ["<|channel|>", "<|message|>"]),
        new("deepseek-v3", new DeepSeekFormat(fenced: true), ["<｜tool▁call▁begin｜>", "```json"]),
        new("deepseek-v3.1", new DeepSeekFormat(fenced: false), ["<｜tool▁call▁begin｜>"]),
        new("qwen3-coder", new QwenCoderFormat(), ["<function=", "<parameter="]),
        new("hermes", new HermesFormat(), ["<tool_call>"]) { Without = "<arg_key>" },
        new("llama3-function", new LlamaFunctionFormat(), ["<function="]),
        new("mistral-args", new MistralFormat(named: true), ["[TOOL_CALLS]", "[ARGS]"]),
        new("mistral", new MistralFormat(named: false), ["[TOOL_CALLS]"]),
        new("gemma-function", new GemmaFunctionFormat(), ["<start_function_call>"]),
        new("gemma-tool-code", new GemmaToolCodeFormat(), ["```tool_code"]),
        new("llama3-json", new LlamaJsonFormat(), ["<|python_tag|>"]),
        new("llama3-json", new LlamaJsonFormat(), ["<|eot_id|>", "\"parameters\""]),
    ];

    /// <summary>The format of a row's name.</summary>
    /// <exception cref="GrammarException">There is none.</exception>
    public static ToolFormat Named(string name) => All.FirstOrDefault(row => row.Name == name)?.Format
        ?? throw new GrammarException("Tools", "", $"there is no format '{name}'; those that there are: "
            + string.Join(", ", All.Select(row => row.Name).Distinct()));

    /// <summary>The format of a template; null: it has none that is known.</summary>
    public static ToolFormat? Of(string template) => All.FirstOrDefault(row => row.Means(template))?.Format;
}

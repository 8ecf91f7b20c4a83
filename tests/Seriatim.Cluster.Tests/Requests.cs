namespace Seriatim.Cluster.Tests;

/// <summary>Requests of all kinds, each with what it is asked by.</summary>
internal static class Requests
{
    private const string Schema = """
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object", "properties":
        {"cat": {"type": "string", "maxLength": 30}, "mice": {"type": "integer"}}, "required": ["cat", "mice"],
        "additionalProperties": false}}}
        """;

    private const string Turn = """ "messages": [{"role": "user", "content": "the cat number 7"}] """;

    /// <summary>The requests by name; all but one stream.</summary>
    public static IReadOnlyDictionary<string, (string Path, string Body)> All { get; } =
        new Dictionary<string, (string, string)>
        {
            ["greedy"] = Completion("\"temperature\": 0"),
            ["sampled"] = Completion("\"seed\": 3"),
            ["three"] = Completion("\"seed\": 4, \"n\": 3"),
            ["logprobs"] = Completion("\"seed\": 5, \"logprobs\": 3"),
            ["penalties"] = Completion("\"seed\": 6, \"repetition_penalty\": 1.3, \"presence_penalty\": 0.4, \"top_k\": 30"),
            ["stops"] = Completion("\"seed\": 7, \"stop\": [\"song of\", \"zzz\"]"),
            ["mirostat"] = Completion("\"seed\": 8, \"mirostat\": 2"),
            ["prompt"] = ("/v1/completions",
                """{"prompt": "the cat number", "max_tokens": 60, "ignore_eos": true, "seed": 9, "prompt_logprobs": 2}"""),
            ["chat"] = Chat("\"seed\": 10"),
            ["schema"] = Chat($"\"seed\": 11, {Schema}"),
            ["ranked"] = Chat("\"seed\": 12, \"logprobs\": true, \"top_logprobs\": 2, \"stream_options\": {\"include_usage\": true}"),
            ["messages"] = ("/v1/messages", $$"""{"model": "tiny", "max_tokens": 40, "stream": true, {{Turn}}, "temperature": 0}"""),
            ["ollama"] = ("/api/generate",
                """{"model": "tiny", "prompt": "the cat", "options": {"seed": 13, "num_predict": 40}}"""),
        };

    private static (string, string) Completion(string options) => ("/v1/completions",
        $$"""{"prompt": "the cat number", "max_tokens": 60, "stream": true, "ignore_eos": true, {{options}}}""");

    private static (string, string) Chat(string options) => ("/v1/chat/completions",
        $$"""{"max_tokens": 60, "stream": true, {{Turn}}, {{options}}}""");
}

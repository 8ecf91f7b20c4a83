namespace Seriatim.Cli;

/// <summary>
/// Variables of the environment that stand for flags of <c>seriatim serve</c>, by the names that llama.cpp's, ollama's and vLLM's
/// users have set already. A flag that is given wins; of several variables the first.
/// </summary>
internal static class ServeVariables
{
    /// <summary>Each flag and its variables; the guide lists the same.</summary>
    public static IReadOnlyDictionary<string, string[]> All { get; } = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["--model"] = ["LLAMA_ARG_MODEL"],
        ["--models-dir"] = ["LLAMA_ARG_MODELS_DIR"],
        ["--host"] = ["LLAMA_ARG_HOST", "OLLAMA_HOST"],
        ["--port"] = ["LLAMA_ARG_PORT", "OLLAMA_HOST"],
        ["--api-key"] = ["LLAMA_API_KEY", "VLLM_API_KEY"],
        ["--ctx-size"] = ["LLAMA_ARG_CTX_SIZE"],
        ["--parallel"] = ["LLAMA_ARG_N_PARALLEL"],
        ["--threads"] = ["LLAMA_ARG_THREADS"],
        ["--draft-model"] = ["LLAMA_ARG_MODEL_DRAFT"],
        ["--keep-alive"] = ["OLLAMA_KEEP_ALIVE"],
        ["--max-queue"] = ["OLLAMA_MAX_QUEUE"],
        ["--cors"] = ["OLLAMA_ORIGINS"],
    };

    /// <summary>What the environment says for a flag, and which variable says it; null: none does.</summary>
    public static (string Name, string Value)? Of(string flag)
    {
        foreach (string name in All[flag])
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
                && Part(flag, name, value) is { Length: > 0 } part)
                return (name, part);
        }

        return null;
    }

    /// <summary>OLLAMA_HOST has host and port in one: <c>[http://]host[:port]</c>.</summary>
    private static string Part(string flag, string name, string value)
    {
        if (name != "OLLAMA_HOST")
            return value;
        string address = value.Contains("://", StringComparison.Ordinal) ? value : $"http://{value}";
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri))
            throw new UserErrorException($"OLLAMA_HOST is {value}; a host is needed, with or without a port: 127.0.0.1:11434.");
        bool hasPort = value.TrimEnd('/').EndsWith($":{uri.Port}", StringComparison.Ordinal);
        return flag == "--host" ? uri.Host.Trim('[', ']') : hasPort ? $"{uri.Port}" : "";
    }
}

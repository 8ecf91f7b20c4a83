namespace Seriatim.Conformance.Tests;

/// <summary>Terms of sequences that the invariance tests hold the tiny models to, by names such as "llama, window".</summary>
internal static class TinyTerms
{
    private static readonly Dictionary<string, SequenceTerms> Terms = new()
    {
        ["window"] = new() { Window = new(7, 3) },
        ["long window"] = new() { Window = new(37, 18) },
        ["no sinks"] = new() { Window = new(5, 0) },
        ["linear"] = new() { Rope = new(new RopeScaling.Linear(3)) },
        ["ntk"] = new() { Rope = new(new RopeScaling.Ntk(4)) },
        ["dynamic, window"] = new() { Rope = new(new RopeScaling.DynamicNtk(2, 16)), Window = new(20, 2) },
        ["theta"] = new() { Rope = new(null, 500) },
    };

    public static IEnumerable<string> Names { get; } =
    [
        "llama, window", "llama, long window", "llama-dynamic, no sinks", "llama-yarn, window", "mistral, no sinks", "gemma2, window",
        "qwen2, window", "qwen2, long window", "phi3, window", "mixtral, window", "gpt_neox, window", "bloom, window", "t5, window", "llama, linear",
        "llama-yarn, ntk", "llama, dynamic, window", "gpt_neox, theta",
    ];

    public static SequenceTerms Of(string name, int length)
    {
        int comma = name.IndexOf(", ", StringComparison.Ordinal);
        SequenceTerms terms = comma < 0 ? SequenceTerms.None : Terms[name[(comma + 2)..]];
        return terms with { DeclaredLength = length };
    }
}

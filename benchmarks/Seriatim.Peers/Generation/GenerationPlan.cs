namespace Seriatim.Peers;

/// <summary>What every engine of language models is measured at: the parts of its work, in this order.</summary>
internal static class GenerationPlan
{
    public const int PromptTokens = 256;
    public const int PastTokens = 32;
    public const int NewTokens = 32;

    /// <summary>Sequences that write together.</summary>
    public static readonly int[] Sequences = [1, 4, 16];

    /// <summary>Positions that all sequences come to hold, prompts included.</summary>
    public static int Context => 2 * Math.Max(PromptTokens + NewTokens, PastTokens + 2 * NewTokens);

    public static IReadOnlyList<WorkPart> Parts(string model) =>
    [
        WorkPart.Tokens($"{model}: prompt of {PromptTokens}", PromptTokens),
        .. Sequences.Select(count =>
            WorkPart.Tokens($"{model}: {(count == 1 ? "one sequence" : $"{count} together")}", count * NewTokens)),
    ];

    /// <summary>Ids that every vocabulary has, the same for everybody.</summary>
    public static int[] Prompt(int tokens, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, tokens).Select(_ => random.Next(4, 4000))];
    }

    public static PeerWork Work(string file, PeerOptions options) => new(Parts(Path.GetFileNameWithoutExtension(file)),
    [
        new PeerEntry("Seriatim", () => new SeriatimGenerator(file, options.Threads)),
        new PeerEntry("LLamaSharp (llama.cpp)", () => new LlamaSharpGenerator(file, options.Threads)),
        new PeerEntry("llama.cpp",
            () => new LlamaBenchGenerator("--llama-bench", options.LlamaBench, file, options.Threads, repacks: false)),
        new PeerEntry("ik_llama.cpp",
            () => new LlamaBenchGenerator("--ik-llama-bench", options.IkLlamaBench, file, options.Threads, repacks: false)),
        new PeerEntry("ik_llama.cpp, repacked",
            () => new LlamaBenchGenerator("--ik-llama-bench", options.IkLlamaBench, file, options.Threads, repacks: true)),
    ]);
}

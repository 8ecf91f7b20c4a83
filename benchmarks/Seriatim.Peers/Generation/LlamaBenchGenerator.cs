using System.Globalization;

namespace Seriatim.Peers;

/// <summary>
/// llama.cpp or a fork of it, by its own benchmark programs: <c>llama-bench</c>, and for several sequences
/// <c>llama-batched-bench</c> beside it. Each run starts them anew; they warm up by themselves.
/// </summary>
internal sealed class LlamaBenchGenerator : IContender
{
    private readonly string _bench;
    private readonly string _batched;
    private readonly string _file;
    private readonly string _threads;
    private readonly bool _repacks;

    /// <param name="option">The option that names the program.</param>
    /// <param name="path">Its value.</param>
    /// <param name="file">The model.</param>
    /// <param name="threads">Threads.</param>
    /// <param name="repacks">Whether the fork lays weights out anew when it loads them (<c>-rtr</c>).</param>
    public LlamaBenchGenerator(string option, string? path, string file, int threads, bool repacks)
    {
        _bench = MissingProgramException.Require(path, option);
        _batched = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(_bench))!,
            "llama-batched-bench" + Path.GetExtension(_bench));
        (_file, _threads, _repacks) = (file, threads.ToString(CultureInfo.InvariantCulture), repacks);
    }

    public string Version { get; private set; } = "";

    public double[] Run()
    {
        string prompt = $"{GenerationPlan.PromptTokens}", tokens = $"{GenerationPlan.NewTokens}";
        string output = ToolProcess.Run(_bench,
            ["-m", _file, "-t", _threads, "-p", prompt, "-n", tokens, "-r", "1", "-ngl", "0", "-o",
                "json", .. _repacks ? ["-rtr", "1"] : Array.Empty<string>()]).Output;
        (Version, double read, double write) = LlamaBenchOutput.ReadBench(output, GenerationPlan.PromptTokens,
            GenerationPlan.NewTokens);
        double[] seconds = [read, .. GenerationPlan.Sequences.Select(count => count == 1 ? write : double.NaN)];
        if (!File.Exists(_batched))
            return seconds;
        int[] several = [.. GenerationPlan.Sequences.Where(count => count > 1)];
        int context = several.Max() * GenerationPlan.Context;
        (string batched, string errors) = ToolProcess.Run(_batched,
            ["-m", _file, "-t", _threads, "-c", $"{context}", "-b", "512", "-ub", "512", "-npp", $"{GenerationPlan.PastTokens}",
                "-ntg", tokens, "-npl", string.Join(',', several), .. _repacks ? ["-rtr"] : Array.Empty<string>()]);
        IReadOnlyDictionary<int, double> times = LlamaBenchOutput.ReadBatched(output: batched + "\n" + errors);
        for (int i = 0; i < GenerationPlan.Sequences.Length; i++)
        {
            if (times.TryGetValue(GenerationPlan.Sequences[i], out double time))
                seconds[i + 1] = time;
        }

        return seconds;
    }

    public string? Note(int part) =>
        part <= 1 || File.Exists(_batched) ? null : $"there is no {Path.GetFileName(_batched)} beside {Path.GetFileName(_bench)}";

    public void Dispose()
    {
        // Its programs have ended.
    }
}

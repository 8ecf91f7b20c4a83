using System.Globalization;
using System.Text.Json;

namespace Seriatim.Peers;

/// <summary>What the benchmark programs of llama.cpp and its forks print.</summary>
internal static class LlamaBenchOutput
{
    /// <summary>
    /// Of <c>llama-bench -o json</c>: the build, and seconds for a prompt of some tokens and for some new ones.
    /// </summary>
    /// <exception cref="FormatException">The text is something else.</exception>
    public static (string Build, double Prompt, double Tokens) ReadBench(string json, int promptTokens, int newTokens)
    {
        int start = json.IndexOf('[');
        if (start < 0)
            throw new FormatException("llama-bench printed no list; -o json is needed.");
        using JsonDocument document = Parse(json[start..]);
        double prompt = double.NaN, tokens = double.NaN;
        string build = "";
        foreach (JsonElement run in document.RootElement.EnumerateArray())
        {
            (int read, int made) = (run.GetProperty("n_prompt").GetInt32(), run.GetProperty("n_gen").GetInt32());
            double seconds = run.GetProperty("avg_ns").GetDouble() / 1e9;
            build = $"{run.GetProperty("build_commit").GetString()} ({run.GetProperty("build_number").GetInt32()})";
            if (read == promptTokens && made == 0)
                prompt = seconds;
            else if (read == 0 && made == newTokens)
                tokens = seconds;
        }

        return double.IsNaN(prompt) || double.IsNaN(tokens)
            ? throw new FormatException(
                $"llama-bench printed no run of {promptTokens} tokens of a prompt, or none of {newTokens} new ones.")
            : (build, prompt, tokens);
    }

    /// <summary>Of the table of <c>llama-batched-bench</c>: seconds of writing, by number of sequences.</summary>
    /// <exception cref="FormatException">There is no such table.</exception>
    public static IReadOnlyDictionary<int, double> ReadBatched(string output)
    {
        var seconds = new Dictionary<int, double>();
        int sequences = -1, writing = -1;
        foreach (string line in output.Split('\n').Where(line => line.TrimStart().StartsWith('|')))
        {
            string[] cells = [.. line.Trim().Trim('|').Split('|', StringSplitOptions.TrimEntries)];
            if (cells.Contains("T_TG s"))
                (sequences, writing) = (Array.IndexOf(cells, "B"), Array.IndexOf(cells, "T_TG s"));
            else if (sequences >= 0 && cells.Length > writing && int.TryParse(cells[sequences], out int count))
                seconds[count] = double.Parse(cells[writing], CultureInfo.InvariantCulture);
        }

        return seconds.Count > 0
            ? seconds
            : throw new FormatException("llama-batched-bench printed no table with the columns B and T_TG s.");
    }

    private static JsonDocument Parse(string json)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException broken)
        {
            throw new FormatException($"llama-bench printed no JSON: {broken.Message}", broken);
        }
    }
}

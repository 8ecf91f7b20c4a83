using System.Text.Json;

namespace Seriatim.Conformance.Tests;

/// <summary>Greedy continuations, token for token, all prompts of a case in one ragged batch.</summary>
public sealed class GreedyTests
{
    public static IEnumerable<object[]> Generators => GoldenCases.Rows(c => c.Has("generate.json"));

    [GoldenTheory]
    [MemberData(nameof(Generators))]
    public void ContinuationsEqualTheReference(string name, string opsName)
    {
        GoldenCase golden = GoldenCases.Get(name);
        IOps ops = OpsUnderTest.Get(opsName);
        using Model model = golden.Load(device: OpsUnderTest.DeviceOf(opsName));
        using JsonDocument json = golden.Json("generate.json");
        JsonElement[] prompts = [.. json.RootElement.GetProperty("prompts").EnumerateArray()];
        foreach (string kind in (string[])["greedy", "greedy_rep", "greedy_nocache"])
        {
            // Cached keys of the reference keep the base in force when they were cached; one rule for all steps is ours.
            bool byLength = prompts[0].TryGetProperty("greedy_nocache", out _);
            if (!prompts[0].TryGetProperty(kind, out _) || (byLength && kind != "greedy_nocache"))
                continue;
            foreach (IGrouping<string, JsonElement> group in prompts.GroupBy(p => Settings(p.GetProperty(kind))))
                Check(name, model, ops, json.RootElement, [.. group], kind);
        }
    }

    /// <summary>Keys and values in 16 bits: the same continuations, token for token.</summary>
    [GoldenTheory]
    [MemberData(nameof(Generators))]
    public void ContinuationsWithKeysAndValuesIn16BitsEqualTheReference(string name, string opsName)
    {
        GoldenCase golden = GoldenCases.Get(name);
        using Model model = golden.Load(device: OpsUnderTest.DeviceOf(opsName));
        using JsonDocument json = golden.Json("generate.json");
        JsonElement[] prompts = [.. json.RootElement.GetProperty("prompts").EnumerateArray()];
        if (prompts[0].TryGetProperty("greedy", out _) && !prompts[0].TryGetProperty("greedy_nocache", out _))
        {
            foreach (IGrouping<string, JsonElement> group in prompts.GroupBy(p => Settings(p.GetProperty("greedy"))))
                Check(name, model, OpsUnderTest.Get(opsName), json.RootElement, [.. group], "greedy", KeyValueType.F16);
        }
    }

    private static string Settings(JsonElement run) =>
        $"{run.GetProperty("max_new_tokens")} {(run.TryGetProperty("repetition_penalty", out JsonElement p) ? p.GetDouble() : 1)}";

    private static void Check(string name, Model model, IOps ops, JsonElement root, JsonElement[] prompts, string kind,
        KeyValueType type = KeyValueType.F32)
    {
        JsonElement run = prompts[0].GetProperty(kind);
        int count = run.GetProperty("max_new_tokens").GetInt32();
        float penalty = run.TryGetProperty("repetition_penalty", out JsonElement p) ? p.GetSingle() : 1;
        int[][] expected = [.. prompts.Select(prompt => Greedy.Ids(prompt.GetProperty(kind).GetProperty("new_ids")))];
        int[][] actual;
        if (model.Spec.Task == ModelTask.SequenceToSequence)
        {
            int start = root.GetProperty("decoder_start_token_id").GetInt32();
            int banned = root.GetProperty("bad_words_ids") is { ValueKind: JsonValueKind.Array } words ? words[0][0].GetInt32()
                : -1;
            int[][] sources = [.. prompts.Select(prompt => Greedy.Ids(prompt.GetProperty("encoder_ids")))];
            actual = Greedy.Cached(model, ops, [.. sources.Select(_ => new[] { start })], count, penalty, banned: banned,
                sources: sources, type: type);
        }
        else
        {
            int[][] ids = [.. prompts.Select(prompt => Greedy.Ids(prompt.GetProperty("prompt_ids")))];
            actual = kind == "greedy_nocache"
                ? [.. ids.Select(prompt => Greedy.Recomputed(model, ops, prompt, count))]
                : Greedy.Cached(model, ops, ids, count, penalty, type: type);
        }

        for (int i = 0; i < expected.Length; i++)
            Assert.True(expected[i].SequenceEqual(actual[i]), $"{name} {kind} {i}: [{string.Join(", ", actual[i])}], expected [{string.Join(", ", expected[i])}]");
    }
}

using System.Text.Json;

namespace Seriatim.Generation.Tests;

/// <summary>The runs of a generate.json as requests.</summary>
internal static class GoldenRuns
{
    public static IEnumerable<(GenerationRequest Request, JsonElement Run, string What)> Of(string name, JsonElement root, JsonElement prompt)
    {
        GenerationRequest request = Request(root, prompt);

        // Dynamic NTK: the reference keeps the base in force when keys were cached; here one base holds for a whole sequence.
        bool byLength = prompt.TryGetProperty("greedy_nocache", out _);
        foreach (string kind in byLength ? [] : new[] { "greedy", "greedy_rep" })
        {
            if (prompt.TryGetProperty(kind, out JsonElement run))
                yield return (With(request, run) with { Sampling = Penalty(run, request.Sampling with { Temperature = 0 }) }, run, kind);
        }

        if (byLength || !prompt.TryGetProperty("beam", out JsonElement beams))
            yield break;
        foreach (JsonElement run in beams.EnumerateArray())
            yield return (Beam(request, run), run, $"beam {run.GetProperty("length_penalty")} {run.GetProperty("eos_token_id")}");
    }

    public static void Check(GenerationResult result, JsonElement run, string what)
    {
        JsonElement expected = run.GetProperty("new_ids");
        bool isBeam = run.TryGetProperty("scores", out JsonElement scores);
        Assert.Equal(isBeam ? expected.GetArrayLength() : 1, result.Choices.Count);
        for (int i = 0; i < result.Choices.Count; i++)
        {
            int[] ids = Ids(isBeam ? expected[i] : expected);
            IReadOnlyList<int> actual = result.Choices[i].TokenIds;
            Assert.True(ids.SequenceEqual(actual), $"{what}, {i}: [{string.Join(", ", actual)}], expected [{string.Join(", ", ids)}]");
            if (isBeam)
                Assert.True(Math.Abs(result.Choices[i].Score!.Value - scores[i].GetDouble()) < 1e-4, $"{what}, {i}: score {result.Choices[i].Score}, expected {scores[i]}");
        }
    }

    private static GenerationRequest Request(JsonElement root, JsonElement prompt)
    {
        int[][] words = root.TryGetProperty("bad_words_ids", out JsonElement bad) && bad.ValueKind == JsonValueKind.Array
            ? [.. bad.EnumerateArray().Select(Ids)]
            : [];
        var sampling = new SamplingOptions { Constraints = new() { BadWords = words } };
        return prompt.TryGetProperty("encoder_ids", out JsonElement encoder)
            ? new GenerationRequest { Prompt = new[] { root.GetProperty("decoder_start_token_id").GetInt32() }, EncoderInput = Ids(encoder), Sampling = sampling }
            : new GenerationRequest { Prompt = Ids(prompt.GetProperty("prompt_ids")), Sampling = sampling };
    }

    private static GenerationRequest With(GenerationRequest request, JsonElement run) =>
        request with { MaxNewTokens = run.GetProperty("max_new_tokens").GetInt32() };

    private static SamplingOptions Penalty(JsonElement run, SamplingOptions sampling) => sampling with
    {
        Penalties = new() { Repetition = run.TryGetProperty("repetition_penalty", out JsonElement penalty) ? penalty.GetSingle() : 1 },
    };

    private static GenerationRequest Beam(GenerationRequest request, JsonElement run) => With(request, run) with
    {
        Sampling = Penalty(run, request.Sampling),
        Beam = new BeamOptions
        {
            Beams = run.GetProperty("num_beams").GetInt32(),
            LengthPenalty = run.GetProperty("length_penalty").GetDouble(),
            EarlyStopping = run.GetProperty("early_stopping").GetBoolean(),
        },
        Count = run.GetProperty("num_return_sequences").GetInt32(),
        EndIds = Number(run, "eos_token_id") is { } eos ? [eos] : [],
        ForcedEndId = Number(run, "forced_eos_token_id"),
    };

    private static int? Number(JsonElement run, string name) =>
        run.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32() : null;

    private static int[] Ids(JsonElement ids) => [.. ids.EnumerateArray().Select(id => id.GetInt32())];
}

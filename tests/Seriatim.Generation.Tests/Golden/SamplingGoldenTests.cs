using System.Text.Json;
using Seriatim.Formats;

namespace Seriatim.Generation.Tests;

/// <summary>Every processor of golden/sampling: what is dropped exactly, logits within rounding.</summary>
public sealed class SamplingGoldenTests
{
    private static readonly string[] All =
    [
        "temperature", "top_k", "top_p", "top_p_low", "min_p", "typical_p", "typical_p_low", "repetition_penalty",
        "repetition_penalty_on_log_softmax", "encoder_repetition_penalty", "no_repeat_ngram_3", "no_repeat_ngram_2", "epsilon_cutoff",
        "eta_cutoff", "bad_words", "suppress_tokens", "min_length", "sequence_bias", "chain", "chain_minp",
    ];

    public static TheoryData<string> Names => new(All);

    [SharedFact]
    public void EveryProcessorOfTheGoldenDataIsTested()
    {
        using JsonDocument json = LenientJson.Parse(Shared.Path("golden", "sampling", "sampling.json"));
        Assert.Equal(json.RootElement.GetProperty("processors").EnumerateObject().Select(p => p.Name), All);
    }

    [SharedTheory]
    [MemberData(nameof(Names))]
    public void ProcessorEqualsTheReference(string name)
    {
        using JsonDocument json = LenientJson.Parse(Shared.Path("golden", "sampling", "sampling.json"));
        using SafetensorsFile file = SafetensorsFile.Open(Shared.Path("golden", "sampling", "sampling.safetensors"));
        int[] history = [.. file.ReadI64(file["history"]).Select(id => (int)id)];
        JsonElement options = json.RootElement.GetProperty("processors").GetProperty(name);
        var request = new GenerationRequest
        {
            Prompt = history,
            EncoderInput = file.ReadI64(file["encoder_ids"]).Select(id => (int)id).ToArray(),
            Sampling = Options(options),
            MinNewTokens = options.TryGetProperty("min_length", out JsonElement least) ? least.GetInt32() - history.Length : 0,
        };
        int[] ends = options.TryGetProperty("eos_token_id", out JsonElement end) ? [end.GetInt32()] : [];
        float[] expected = file.ReadF32(file[name]);
        var chain = new SamplerChain(request, ends, 1000, expected.Length);
        var row = new LogitsRow(expected.Length) { Tokens = [.. history], PromptLength = history.Length, EncoderInput = request.EncoderInput };
        row.Load(file.ReadF32(file[name.EndsWith("log_softmax", StringComparison.Ordinal) ? "log_softmax" : "logits"]));
        chain.ApplyScores(row);
        chain.ApplyWarpers(row);
        for (int id = 0; id < expected.Length; id++)
        {
            Assert.True(float.IsNegativeInfinity(expected[id]) == float.IsNegativeInfinity(row.Logits[id]), $"{name}, id {id}: {row.Logits[id]}, expected {expected[id]}");
            if (!float.IsNegativeInfinity(expected[id]))
                Assert.Equal(expected[id], row.Logits[id], 1e-5f);
        }

        if (name == "chain")
            CheckProbabilities(file.ReadF32(file["chain_probs"]), row);
    }

    private static void CheckProbabilities(float[] expected, LogitsRow row)
    {
        (double max, double sum) = row.SoftmaxParts();
        for (int id = 0; id < expected.Length; id++)
            Assert.Equal(expected[id], (float)(Math.Exp(row.Logits[id] - max) / sum), 1e-5f);
    }

    private static SamplingOptions Options(JsonElement json)
    {
        float Number(string name, float neutral) => json.TryGetProperty(name, out JsonElement value) ? value.GetSingle() : neutral;
        int[][] Words(string name) => json.TryGetProperty(name, out JsonElement value) ? [.. value.EnumerateArray().Select(Ids)] : [];
        return new SamplingOptions
        {
            Temperature = Number("temperature", 1),
            TopK = (int)Number("top_k", 0),
            TopP = Number("top_p", 1),
            MinP = Number("min_p", 0),
            TypicalP = Number("typical_p", 1),
            EpsilonCutoff = Number("epsilon_cutoff", 0),
            EtaCutoff = Number("eta_cutoff", 0),
            Penalties = new()
            {
                Repetition = Number("repetition_penalty", 1),
                EncoderRepetition = Number("encoder_repetition_penalty", 1),
                NoRepeatNgramSize = (int)Number("no_repeat_ngram_size", 0),
            },
            Constraints = new()
            {
                BadWords = Words("bad_words_ids"),
                Suppressed = json.TryGetProperty("suppress_tokens", out JsonElement ids) ? Ids(ids) : [],
                SequenceBiases = json.TryGetProperty("sequence_bias", out JsonElement biases)
                    ? [.. biases.EnumerateArray().Select(b => new SequenceBias(Ids(b[0]), b[1].GetSingle()))]
                    : [],
            },
        };
    }

    private static int[] Ids(JsonElement ids) => [.. ids.EnumerateArray().Select(id => id.GetInt32())];
}

using System.Text.Json;
using Seriatim.Formats;
using Seriatim.Tokenizers;

namespace Seriatim.Generation.Tests;

/// <summary>A trained model with a tokenizer.</summary>
public sealed class StoriesTests
{
    private static string Folder => Shared.Path("models", "stories260K");

    [SharedFact]
    public async Task GreedyStoryEqualsTheExpectedOne()
    {
        using JsonDocument json = LenientJson.Parse(Path.Combine(Folder, "expected.json"));
        using Model model = Model.Load(Folder);
        using var engine = new GenerationEngine(new LoadedModel(model, CpuOps.Create(2)), new EngineOptions { Pages = 200 });
        (int[] prompt, int[] expected) = Expected(json.RootElement);
        var request = new GenerationRequest
        {
            Prompt = prompt,
            MaxNewTokens = expected.Length,
            Sampling = SamplingOptions.Greedy,
            Tokenizer = Tokenizer.Load(Folder),
        };
        var ids = new List<int>();
        string text = "";
        await foreach (GenerationUpdate update in engine.GenerateAsync(request))
        {
            ids.Add(update.TokenId!.Value);
            text += update.Text;
        }

        Assert.Equal(expected, ids);
        Assert.Equal(request.Tokenizer.Decode([.. prompt, .. expected]), request.Tokenizer.Decode(prompt) + text);

        GenerationResult speculative = await engine.CompleteAsync(request with { Speculation = new() { Always = true, Branches = 2 } });
        Assert.Equal(expected, speculative.Choices[0].TokenIds);
        Assert.True(speculative.Usage.AcceptedTokens > 0);
    }

    [SharedTheory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void MixedRequestsUnderLoadEqualThemselvesAlone(int threads, bool prefixCache)
    {
        using Model model = Model.Load(Folder);
        var loaded = new LoadedModel(model, CpuOps.Create(threads));
        var alone = new LoadedModel(model, CpuOps.Create(1));
        GenerationRequest[] requests = Mixture.Requests(200, seed: 11, loaded.VocabularySize, drafts: true);
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(alone, r with { Speculation = null }, new EngineOptions { Pages = 100, PrefixCache = false }))];
        using var core = new EngineCore(loaded, new EngineOptions
        {
            Pages = 48,
            PageSize = 8,
            TokenBudget = 72,
            MaxSequences = 24,
            PrefixCache = prefixCache,
            DraftModel = alone,
        });
        GenerationHandle[] handles = LoadTests.RunAll(core, requests, seed: 3);
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], handles[i].Result(), $"request {i}, {requests[i]}");
        Assert.True(core.Statistics.Preemptions > 0);
    }

    [SharedFact]
    public void PromptLogprobsAreThoseOfTheLogits()
    {
        using Model model = Model.Load(Folder);
        var ops = CpuOps.Create(1);
        int[] prompt = Tokenizer.Load(Folder).Encode("Once upon a time, there was a little girl");
        GenerationResult result = Runs.Alone(
            new LoadedModel(model, ops), new GenerationRequest { Prompt = prompt, MaxNewTokens = 0, PromptLogprobs = 3 }, new EngineOptions { Pages = 40, TokenBudget = 64, PrefillChunk = 3 });
        RaggedBatch batch = new RaggedBatchBuilder().Add(prompt, outputs: Outputs.All).Build();
        using Tensor hidden = model.Forward(ops, batch);
        using Tensor logits = model.Project(ops, hidden);
        Assert.Equal(prompt.Length - 1, result.PromptLogprobs!.Count);
        for (int i = 0; i < result.PromptLogprobs.Count; i++)
        {
            float[] row = logits.Row(i).ToArray();
            double total = Math.Log(row.Sum(l => Math.Exp(l)));
            Assert.Equal(row[prompt[i + 1]] - total, result.PromptLogprobs[i].Chosen.Logprob, 1e-6);
            Assert.Equal(row.Max() - total, result.PromptLogprobs[i].Top[0].Logprob, 1e-6);
            Assert.Equal(3, result.PromptLogprobs[i].Top.Count);
        }
    }

    private static (int[] Prompt, int[] New) Expected(JsonElement json)
    {
        JsonElement run = json.GetProperty("cases")[0];
        int[] prompt = Ids(run.GetProperty("prompt_ids"));
        return (prompt, Ids(run.GetProperty("token_ids"))[prompt.Length..]);
    }

    private static int[] Ids(JsonElement ids) => [.. ids.EnumerateArray().Select(id => id.GetInt32())];
}

namespace Seriatim.Generation.Tests;

/// <summary>
/// Mixed requests under load equal themselves alone for every kind of position, window and memory: trees, chunks, forks, cached prefixes and
/// recomputation give the bits of plain decoding.
/// </summary>
public sealed class FamilyLoadTests
{
    [SharedTheory]
    [InlineData("llama-gqa-tied")]
    [InlineData("llama-rope-dynamic")]
    [InlineData("phi3-longrope")]
    [InlineData("mistral-swa")]
    [InlineData("gemma2")]
    [InlineData("bloom")]
    [InlineData("gpt2")]
    [InlineData("mixtral")]
    [InlineData("t5-v1_1")]
    [InlineData("marian")]
    public void RequestsUnderLoadEqualThemselvesAlone(string name)
    {
        using Model model = Model.Load(Shared.Path("golden", name));
        var loaded = new LoadedModel(model, CpuOps.Create(1));
        bool encodes = loaded.Capability == ModelCapability.EncoderDecoder;
        var roomy = new EngineOptions { Pages = 400, PageSize = 8, PrefixCache = false };
        using var checks = new EngineCore(loaded, roomy with { Pages = 60, PageSize = 4 });
        GenerationRequest[] requests = [.. Mixture.Requests(60, seed: 17, loaded.VocabularySize, longest: encodes ? 4 : 24, encoder: encodes ? [] : null)
            .Where(request => Fits(checks, request))];
        Assert.True(requests.Length > 20, $"{requests.Length} requests fit");
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(loaded, r with { Speculation = null }, roomy))];
        using var core = new EngineCore(loaded, new EngineOptions { Pages = 60, PageSize = 4, TokenBudget = 48, MaxSequences = name == "mistral-swa" ? 40 : 16 });
        GenerationHandle[] handles = LoadTests.RunAll(core, requests, seed: 6, arrivals: 12);
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], handles[i].Result(), $"{name}, request {i}, {requests[i]}");
        Assert.True(core.Statistics.Preemptions > 0);
    }

    [SharedTheory]
    [InlineData("llama-gqa-tied", KeyValueType.F16)]
    [InlineData("llama-gqa-tied", KeyValueType.Q8)]
    [InlineData("gemma2", KeyValueType.F16)]
    [InlineData("bloom", KeyValueType.Q8)]
    [InlineData("marian", KeyValueType.F16)]
    public void RequestsWithKeysAndValuesInFewerBitsUnderLoadEqualThemselvesAlone(string name, KeyValueType type)
    {
        using Model model = Model.Load(Shared.Path("golden", name));
        var loaded = new LoadedModel(model, CpuOps.Create(1));
        bool encodes = loaded.Capability == ModelCapability.EncoderDecoder;
        var roomy = new EngineOptions { Pages = 400, PageSize = 8, PrefixCache = false, KeyValueType = type };
        using var checks = new EngineCore(loaded, roomy with { Pages = 60, PageSize = 4 });
        GenerationRequest[] requests = [.. Mixture.Requests(60, seed: 29, loaded.VocabularySize, longest: encodes ? 4 : 24, encoder: encodes ? [] : null)
            .Where(request => Fits(checks, request))];
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(loaded, r with { Speculation = null }, roomy))];
        using var core = new EngineCore(loaded, roomy with { Pages = 60, PageSize = 4, TokenBudget = 48, MaxSequences = 16, PrefixCache = true });
        GenerationHandle[] handles = LoadTests.RunAll(core, requests, seed: 6, arrivals: 12);
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], handles[i].Result(), $"{name}, {type}, request {i}, {requests[i]}");
        Assert.True(core.Statistics.Preemptions > 0);
    }

    [SharedTheory]
    [InlineData("llama-gqa-tied")]
    [InlineData("llama-rope-dynamic")]
    [InlineData("phi3-longrope")]
    [InlineData("mistral-swa")]
    [InlineData("gemma2")]
    [InlineData("bloom")]
    public void RequestsWithTermsOfTheirOwnUnderLoadEqualThemselvesAlone(string name)
    {
        using Model model = Model.Load(Shared.Path("golden", name));
        var loaded = new LoadedModel(model, CpuOps.Create(1));
        bool turns = name != "bloom";
        SequenceTerms[] terms =
        [
            SequenceTerms.None, new() { Window = new(5, 3) }, new() { Window = new(4, 0) },
            turns ? new() { Rope = new RopeChange(new RopeScaling.Linear(2)) } : SequenceTerms.None,
            turns ? new() { Rope = new RopeChange(new RopeScaling.DynamicNtk(2, 16)), Window = new(5, 1) } : new() { Window = new(5, 1) },
        ];
        var roomy = new EngineOptions { Pages = 400, PageSize = 8, PrefixCache = false };
        using var checks = new EngineCore(loaded, roomy with { Pages = 60, PageSize = 4 });
        GenerationRequest[] requests = [.. Mixture.Requests(60, seed: 23, loaded.VocabularySize, longest: 24)
            .Select((request, i) => request with { Window = terms[i % terms.Length].Window, Rope = terms[i % terms.Length].Rope })
            .Where(request => Fits(checks, request))];
        Assert.True(requests.Length > 20, $"{requests.Length} requests fit");
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(loaded, r with { Speculation = null }, roomy))];
        using var core = new EngineCore(loaded, new EngineOptions { Pages = 64, PageSize = 4, TokenBudget = 32, MaxSequences = 32 });
        GenerationHandle[] handles = LoadTests.RunAll(core, requests, seed: 6, arrivals: 12);
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], handles[i].Result(), $"{name}, request {i}, {requests[i]}");
        Assert.True(core.Statistics.Preemptions > 0);
    }

    internal static bool Fits(EngineCore core, GenerationRequest request)
    {
        try
        {
            core.Check(request);
            return true;
        }
        catch (GenerationException exception) when (exception is PromptTooLongException or RequestTooLargeException)
        {
            return false;
        }
    }
}

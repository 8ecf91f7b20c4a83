using Seriatim.Tokenizers;

namespace Seriatim.Generation.Tests;

/// <summary>Bad requests are refused with the option, its value and what is allowed, before anything runs.</summary>
public sealed class RefusalTests
{
    private static readonly GenerationRequest Good = new() { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 5 };

    public static TheoryData<string, GenerationRequest> BadRequests()
    {
        var data = new TheoryData<string, GenerationRequest>();
        void Bad(string option, GenerationRequest request) => data.Add(option, request);
        void Sampling(string option, SamplingOptions options) => data.Add("Sampling." + option, Good with { Sampling = options });
        Bad("Prompt", Good with { Prompt = default });
        Bad("Prompt", Good with { Prompt = new[] { 50 } });
        Bad("Prompt", Good with { Prompt = new[] { -1 } });
        Bad("EncoderInput", Good with { EncoderInput = new[] { 1 } });
        Bad("MaxNewTokens", Good with { MaxNewTokens = 0 });
        Bad("MaxNewTokens", Good with { MaxNewTokens = -3 });
        Bad("MinNewTokens", Good with { MinNewTokens = -1 });
        Bad("MinNewTokens", Good with { MinNewTokens = 6 });
        Bad("Count", Good with { Count = 0 });
        Bad("BestOf", Good with { Count = 3, BestOf = 2 });
        Bad("Logprobs", Good with { Logprobs = -1 });
        Bad("Logprobs", Good with { Logprobs = 51 });
        Bad("PromptLogprobs", Good with { PromptLogprobs = -1 });
        Bad("EndIds", Good with { EndIds = [50] });
        Bad("StopIds", Good with { StopIds = [-1] });
        Bad("StopStrings", Good with { StopStrings = ["x"] });
        Bad("StopStrings", Good with { StopStrings = [""] });
        Bad("ShownIds", Good with { ShownIds = [1] });
        Bad("IgnoreEndIds", Good with { IgnoreEndIds = true });
        Bad("ForcedPrefix", Good with { ForcedPrefix = [1, 2, 3, 4, 5, 6] });
        Bad("ForcedEndId", Good with { ForcedEndId = 77 });
        Bad("Timeout", Good with { Timeout = TimeSpan.Zero });
        Sampling("Temperature", new() { Temperature = float.NaN });
        Sampling("Temperature", new() { Temperature = -1 });
        Sampling("Temperature", new() { Temperature = float.PositiveInfinity });
        Sampling("TopK", new() { TopK = -1 });
        Sampling("TopP", new() { TopP = 0 });
        Sampling("TopP", new() { TopP = float.NaN });
        Sampling("MinP", new() { MinP = 1.5f });
        Sampling("TypicalP", new() { TypicalP = -0.1f });
        Sampling("EpsilonCutoff", new() { EpsilonCutoff = 1 });
        Sampling("EtaCutoff", new() { EtaCutoff = float.NaN });
        Sampling("TopNSigma", new() { TopNSigma = -1 });
        Sampling("Xtc", new() { Temperature = 0, Xtc = new(0.5f) });
        Sampling("Xtc.Probability", new() { Xtc = new(0) });
        Sampling("Xtc.Threshold", new() { Xtc = new(0.5f, 0.6f) });
        Sampling("Mirostat", new() { Mirostat = new(), TopK = 5 });
        Sampling("Mirostat", new() { Mirostat = new(), Temperature = 0 });
        Sampling("Mirostat.Tau", new() { Mirostat = new(float.NaN) });
        Sampling("DynamicTemperature", new() { Temperature = 0, DynamicTemperature = new(0.5f) });
        Sampling("DynamicTemperature.Range", new() { DynamicTemperature = new(0) });
        Sampling("Penalties.Repetition", new() { Penalties = new() { Repetition = 0 } });
        Sampling("Penalties.Presence", new() { Penalties = new() { Presence = 3 } });
        Sampling("Penalties.LastN", new() { Penalties = new() { LastN = 0 } });
        Sampling("Penalties.NoRepeatNgramSize", new() { Penalties = new() { NoRepeatNgramSize = -1 } });
        Sampling("Penalties.Dry.Base", new() { Penalties = new() { Dry = new() { Base = 0.5f } } });
        Sampling("Constraints.LogitBias",
            new() { Constraints = new() { LogitBias = new Dictionary<int, float> { [1] = float.NaN } } });
        Sampling("Constraints.LogitBias", new() { Constraints = new() { LogitBias = new Dictionary<int, float> { [99] = 1 } } });
        Sampling("Constraints.BadWords", new() { Constraints = new() { BadWords = [[]] } });
        Sampling("Constraints.Allowed", new() { Constraints = new() { Allowed = [] } });
        Bad("Beam.Beams", Good with { Beam = new() { Beams = 1 } });
        Bad("Beam.Groups", Good with { Beam = new() { Groups = 3 } });
        Bad("Beam.LengthPenalty", Good with { Beam = new() { LengthPenalty = double.NaN } });
        Bad("Beam.DiversityPenalty", Good with { Beam = new() { DiversityPenalty = 1 } });
        Bad("Count", Good with { Beam = new(), Count = 5 });
        Bad("Sampling", Good with { Beam = new(), Sampling = new() { TopK = 5 } });
        Bad("Speculation", Good with { Beam = new(), Speculation = new() });
        Bad("Speculation.MaxTokens", Good with { Speculation = new() { MaxTokens = 0 } });
        Bad("Speculation.MaxNgram", Good with { Speculation = new() { MaxNgram = 1, MinNgram = 2 } });
        Bad("Speculation.Kind", Good with { Speculation = new() { Kind = SpeculationKind.DraftModel } });
        return data;
    }

    [Theory]
    [MemberData(nameof(BadRequests))]
    public void BadOptionsAreRefusedByName(string option, GenerationRequest request)
    {
        using var model = new FakeModel();
        using var core = new EngineCore(model, new EngineOptions { Pages = 100 });
        var exception = Assert.Throws<InvalidOptionException>(() => core.Check(request));
        Assert.Equal(option, exception.Option);
        Assert.StartsWith(option + " is ", exception.Message, StringComparison.Ordinal);
        Assert.NotEmpty(exception.Allowed);
    }

    [Fact]
    public void WhatCanNeverFitIsRefusedWithBothNumbers()
    {
        using var model = new FakeModel(context: 100);
        using var core = new EngineCore(model, new EngineOptions { Pages = 4, PageSize = 16, MaxSequences = 8 });
        var tooLong = Assert.Throws<PromptTooLongException>(() => core.Check(Good with { Prompt = new int[101] }));
        Assert.Equal((101, 100), (tooLong.Length, tooLong.Limit));
        tooLong = Assert.Throws<PromptTooLongException>(() => core.Check(Good with { Prompt = new int[90], MaxNewTokens = 11 }));
        Assert.Equal((90, 11, 100), (tooLong.Length, tooLong.NewTokens, tooLong.Limit));
        Assert.Contains("101 in all", tooLong.Message, StringComparison.Ordinal);
        Assert.Throws<PromptTooLongException>(() => core.Check(Good with { Prompt = new int[90], MaxNewTokens = int.MaxValue }));
        var tooLarge = Assert.Throws<RequestTooLargeException>(() =>
            core.Check(Good with { Prompt = new int[60], MaxNewTokens = 10 }));
        Assert.Equal((5, 4), (tooLarge.Needed, tooLarge.Available));
        tooLarge = Assert.Throws<RequestTooLargeException>(() => core.Check(Good with { Count = 9 }));
        Assert.Equal((9, 8), (tooLarge.Needed, tooLarge.Available));
    }

    [Fact]
    public void WithoutALimitGenerationEndsWhereThePoolDoes()
    {
        using var model = new FakeModel(context: 100);
        GenerationResult result = Runs.Alone(model, Good with { MaxNewTokens = null },
            new EngineOptions { Pages = 4, PageSize = 16 });
        Assert.Equal((61, FinishReason.Length), (result.Choices[0].TokenIds.Count, result.Choices[0].Finish));
    }

    [Theory]
    [InlineData("TokenBudget")]
    [InlineData("PageSize")]
    [InlineData("MaxSequences")]
    [InlineData("Pages")]
    [InlineData("MemoryBytes")]
    [InlineData("EndIds")]
    [InlineData("DraftModel")]
    public void BadEngineOptionsAreRefusedByName(string option)
    {
        using var model = new FakeModel();
        using var other = new FakeModel(vocabulary: 51);
        EngineOptions options = option switch
        {
            "TokenBudget" => new() { TokenBudget = 0 },
            "PageSize" => new() { PageSize = 3 },
            "MaxSequences" => new() { MaxSequences = 600 },
            "Pages" => new() { Pages = 0 },
            "MemoryBytes" => new() { MemoryBytes = 10 },
            "EndIds" => new() { EndIds = [50] },
            _ => new() { DraftModel = other },
        };
        var exception = Assert.Throws<InvalidOptionException>(() => new EngineCore(model, options));
        Assert.Equal(option, exception.Option);
    }
}

namespace Seriatim.Generation.Tests;

/// <summary>Drafts change no output; what sampling gives has the distribution of the softmax.</summary>
public sealed class SpeculationTests
{
    [Theory]
    [InlineData(SpeculationKind.PromptLookup, 1)]
    [InlineData(SpeculationKind.PromptLookup, 4)]
    [InlineData(SpeculationKind.DraftModel, 1)]
    public void SpeculationEqualsPlainDecodingAndAccepts(SpeculationKind kind, int branches)
    {
        using var model = new FakeModel { Preference = 6 };
        using var draft = new FakeModel(seed: 9) { Preference = 6 };
        var options = new EngineOptions { Pages = 400, DraftModel = draft };
        foreach (float temperature in (float[])[0, 0.5f])
        {
            var request = new GenerationRequest
            {
                Prompt = new[] { 1, 10, 23, 4, 1, 10 },
                MaxNewTokens = 120,
                Seed = 5,
                Sampling = new() { Temperature = temperature },
                Logprobs = 2,
            };
            GenerationResult plain = Runs.Alone(model, request, options);
            long passes = model.Passes;
            GenerationResult fast = Runs.Alone(
                model, request with { Speculation = new() { Kind = kind, Branches = branches, MaxTokens = 8, Always = true } }, options);
            Runs.Equal(plain, fast, $"{kind} {branches} {temperature}");
            Assert.True(fast.Usage.AcceptedTokens > 20, $"{fast.Usage}");
            Assert.True(model.Passes - passes < 110, $"{model.Passes - passes} passes for 120 tokens");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void SamplesHaveTheTargetDistribution(bool speculative)
    {
        const int Vocabulary = 8;
        const int Samples = 6000;
        using var model = new FakeModel(vocabulary: Vocabulary) { Preference = 1 };
        using var draft = new FakeModel(vocabulary: Vocabulary, seed: 4) { Preference = 1 };
        using var core = new EngineCore(model, new EngineOptions { Pages = 500, TokenBudget = 256, MaxSequences = 64, DraftModel = draft });
        var request = new GenerationRequest { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 3, Logprobs = Vocabulary };
        if (speculative)
            request = request with { Speculation = new() { Kind = SpeculationKind.DraftModel, MaxTokens = 2, Always = true } };
        GenerationHandle[] handles = [.. Enumerable.Range(0, Samples).Select(i => core.Add(request with { Seed = (ulong)i }, i + 1))];
        core.Drain();
        GenerationResult[] results = [.. handles.Select(h => h.Result())];
        if (speculative)
            Assert.True(results.Sum(r => r.Usage.AcceptedTokens) > Samples / 10);

        // The first token, and the second one after the most frequent first: the probabilities are in the alternatives.
        CheckChiSquare(results, 0);
        int first = results.GroupBy(r => r.Choices[0].TokenIds[0]).MaxBy(g => g.Count())!.Key;
        CheckChiSquare([.. results.Where(r => r.Choices[0].TokenIds[0] == first)], 1);
    }

    [Fact]
    public void SpeculationSwitchesItselfOffWhereRowsCostAsMuchAsSteps()
    {
        var cost = new StepCost();
        for (int i = 0; i < 50; i++)
            cost.Note(1 + i % 8, 0.010 * (1 + i % 8));
        var control = new SpeculationControl(new SpeculationOptions());
        for (int i = 0; i < 20; i++)
            control.Verified(4, 0);
        int drafted = Enumerable.Range(0, 200).Sum(_ => control.Length(cost, 1, 0));
        Assert.True(drafted <= 4, $"{drafted}");
    }

    [Fact]
    public void SpeculationDraftsMuchWhereRowsAreCheapAndDraftsGood()
    {
        var cost = new StepCost();
        for (int i = 0; i < 50; i++)
            cost.Note(1 + i % 8, 0.010 + 0.0001 * (1 + i % 8));
        var control = new SpeculationControl(new SpeculationOptions { MaxTokens = 16 });
        for (int i = 0; i < 20; i++)
            control.Verified(8, 8);
        Assert.Equal(16, control.Length(cost, 1, 0));
    }

    [Fact]
    public void WhatDraftsBringIsCountedInSeconds()
    {
        var cost = new StepCost();
        for (int i = 0; i < 50; i++)
            cost.Note(1 + i % 8, 0.010 + 0.0001 * (1 + i % 8));
        var gain = new SpeculationGain();
        var control = new SpeculationControl(new SpeculationOptions { Always = true }, gain);
        control.Length(cost, 2, 0.001);
        control.Verified(4, 3);
        double step = cost.Seconds(2), row = cost.SecondsOfRow + 0.001;
        Assert.Equal(3 * step / 2 - 4 * row, gain.Seconds, 12);
        control.Verified(4, 0);
        Assert.Equal(3 * step / 2 - 8 * row, gain.Seconds, 12);
    }

    private static void CheckChiSquare(GenerationResult[] results, int step)
    {
        double[] probabilities = new double[8];
        foreach (TokenLogprob top in results[0].Choices[0].Logprobs![step].Top)
            probabilities[top.TokenId] = Math.Exp(top.Logprob);
        double statistic = 0;
        for (int id = 0; id < probabilities.Length; id++)
        {
            double expected = probabilities[id] * results.Length;
            double seen = results.Count(r => r.Choices[0].TokenIds[step] == id);
            statistic += (seen - expected) * (seen - expected) / expected;
        }

        // 7 degrees of freedom: above 24.3 with probability 0.001. Seeds are fixed, so the outcome is, too.
        Assert.True(statistic < 24.3, $"chi-square {statistic:F1} of {results.Length} samples");
    }
}

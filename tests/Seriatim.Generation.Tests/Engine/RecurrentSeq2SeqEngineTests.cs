using System.Text;

namespace Seriatim.Generation.Tests;

/// <summary>
/// Decoders whose first state follows from the encoder, with pages of its output beside their states and without: whatever
/// happens, a request gives what it gives alone.
/// </summary>
public sealed class RecurrentSeq2SeqEngineTests
{
    private const int Vocabulary = 50;

    [Theory]
    [InlineData("lstm", "none", 4)]
    [InlineData("gru", "dot", 24)]
    [InlineData("gru", "additive", 24)]
    public void UnderLoadRequestsEqualThemselvesAlone(string cell, string attention, int pages)
    {
        using IDifferentiableOps ops = CpuOps.Create(2);
        using Model target = Make(cell, attention);
        var model = new LoadedModel(target, ops);
        Assert.Equal(ModelCapability.EncoderDecoder, model.Capability);
        GenerationRequest[] requests = Mixture.Requests(80, seed: 5, Vocabulary, longest: 4, encoder: []);
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(model, r))];
        using var core = new EngineCore(model, new EngineOptions
        {
            Pages = pages,
            States = 14,
            PageSize = 8,
            TokenBudget = 64,
            MaxSequences = 16,
        });
        GenerationHandle[] handles = LoadTests.RunAll(core, requests, seed: 5);
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], handles[i].Result(), $"{cell}, {attention}, request {i}, {requests[i]}");
        Assert.True(core.Statistics.Preemptions > 0, "The pools are meant to be too small.");
        Assert.Equal(0, core.Statistics.TokensSaved); // another source, another first state: no prefix is shared
        for (int kind = 0; kind < core.Pools!.Count; kind++)
            Assert.Equal(core.Pools[kind].Units, core.Pools[kind].Free);
    }

    /// <summary>The source counts, also where nothing but the first state knows of it.</summary>
    [Fact]
    public void AnotherSourceGivesAnotherText()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Model target = Make("lstm", "none");
        var model = new LoadedModel(target, ops);
        var request = new GenerationRequest { Prompt = new[] { 0 }, EncoderInput = new[] { 3, 9, 4 }, MaxNewTokens = 12 };
        Assert.NotEqual(Runs.Alone(model, request).Choices[0].TokenIds,
            Runs.Alone(model, request with { EncoderInput = new[] { 17, 2 } }).Choices[0].TokenIds);
    }

    private static Model Make(string cell, string attention) => Model.Create("config.json", Encoding.UTF8.GetBytes($$"""
        {"model_type": "rnn_seq2seq", "cell": "{{cell}}", "attention": "{{attention}}", "vocab_size": {{Vocabulary}},
        "embedding_size": 18, "hidden_size": 24, "decoder_layers": 2}
        """), new RandomSource(7, 0.5f));
}

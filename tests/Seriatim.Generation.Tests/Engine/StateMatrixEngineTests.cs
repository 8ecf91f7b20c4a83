using System.Text;

namespace Seriatim.Generation.Tests;

/// <summary>
/// RetNet, Mamba-2, LSTM and GRU in the engine, with too few states: requests of all kinds,
/// drafts among them, equal themselves alone.
/// </summary>
public sealed class StateMatrixEngineTests
{
    private const int Vocabulary = 50;

    private static readonly Dictionary<string, string> Configs = new()
    {
        ["retnet"] = """
            {"model_type": "retnet", "vocab_size": 50, "decoder_embed_dim": 24, "decoder_value_embed_dim": 36,
            "decoder_retention_heads": 2, "decoder_ffn_embed_dim": 40, "decoder_layers": 2, "max_target_positions": 4096}
            """,
        ["mamba2"] = """
            {"model_type": "mamba2", "vocab_size": 50, "hidden_size": 24, "num_heads": 4, "head_dim": 12, "state_size": 9,
            "n_groups": 2, "num_hidden_layers": 2}
            """,
        ["lstm"] = """
            {"model_type": "lstm", "vocab_size": 50, "embedding_size": 18, "hidden_size": 24, "num_layers": 2}
            """,
        ["gru"] = """{"model_type": "gru", "vocab_size": 50, "hidden_size": 21, "num_layers": 2, "tie_word_embeddings": true}""",
    };

    [Theory]
    [InlineData("retnet")]
    [InlineData("mamba2")]
    [InlineData("lstm")]
    [InlineData("gru")]
    public void UnderLoadRequestsEqualThemselvesAlone(string family)
    {
        using IDifferentiableOps ops = CpuOps.Create(2);
        using Model target = Make(family, seed: 7), small = Make(family, seed: 8);
        var model = new LoadedModel(target, ops);
        GenerationRequest[] requests = Mixture.Requests(60, seed: 5, Vocabulary, drafts: true, longest: 40);
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(model, r with { Speculation = null }))];
        using var core = new EngineCore(model, new EngineOptions
        {
            Pages = 4,
            States = 14,
            PageSize = 8,
            TokenBudget = 48,
            MaxSequences = 16,
            DraftModel = new LoadedModel(small, ops),
        });
        GenerationHandle[] handles = LoadTests.RunAll(core, requests, seed: 5);
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], handles[i].Result(), $"request {i}, {requests[i]}");
        Assert.True(core.Statistics.Preemptions > 0, "The pool is meant to be too small.");
        Assert.True(core.Statistics.TokensSaved > 0, "Prefixes are meant to be shared.");
        core.Cache!.Clear();
        for (int kind = 0; kind < core.Pools!.Count; kind++)
            Assert.Equal(core.Pools[kind].Units, core.Pools[kind].Free);
    }

    private static Model Make(string family, ulong seed) =>
        Model.Create("config.json", Encoding.UTF8.GetBytes(Configs[family]), new RandomSource(seed));
}

using System.Text;
using Seriatim.Tensors;

namespace Seriatim.Generation.Tests;

/// <summary>
/// A model of which a later id can change earlier rows (hashed attention) in a real engine: it remembers ids alone and reads the
/// text again in each step, and the engine does not know.
/// </summary>
public sealed class RereadingEngineTests
{
    private const int Vocabulary = 50;

    [Fact]
    public void UnderLoadRequestsEqualThemselvesAlone()
    {
        using IDifferentiableOps ops = CpuOps.Create(2);
        using Model target = Make(seed: 7), small = Make(seed: 8);
        var model = new LoadedModel(target, ops);
        GenerationRequest[] requests = Mixture.Requests(40, seed: 3, Vocabulary, drafts: true, longest: 24);
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(model, r with { Speculation = null }))];
        using var core = new EngineCore(model, new EngineOptions
        {
            Pages = 30,
            PageSize = 8,
            TokenBudget = 48,
            MaxSequences = 16,
            DraftModel = new LoadedModel(small, ops),
        });
        GenerationHandle[] handles = LoadTests.RunAll(core, requests, seed: 3);
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], handles[i].Result(), $"request {i}, {requests[i]}");
        Assert.True(core.Statistics.Preemptions > 0, "The pool is meant to be too small.");
        Assert.True(core.Statistics.TokensSaved > 0);
        core.Cache!.Clear();
        Assert.Equal(core.Pools![0].Units, core.Pools[0].Free);
    }

    /// <summary>
    /// A position takes four bytes, whatever the engine is told about keys and values; a gigabyte of them is not made.
    /// </summary>
    [Fact]
    public void IdsAreAllThatIsRemembered()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Model model = Make(seed: 7);
        Assert.Equal(4, model.BytesPerPosition);
        long before = GC.GetTotalAllocatedBytes();
        using var core = new EngineCore(new LoadedModel(model, ops), new EngineOptions { MemoryBytes = 64L << 30 });
        Assert.True(GC.GetTotalAllocatedBytes() - before < 200 << 20);
        Assert.Equal("pages of ids", core.Pools![0].Name);
        GenerationHandle handle = core.Add(new GenerationRequest { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 3 }, 1);
        core.Drain();
        Assert.Equal(3, handle.Result().Choices[0].TokenIds.Count);
    }

    [Fact]
    public void AWindowIsRefusedByNameOfTheLayer()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Model target = Make(seed: 7);
        using var core = new EngineCore(new LoadedModel(target, ops), new EngineOptions { Pages = 40 });
        var error = Assert.Throws<InvalidOptionException>(
            () => core.Check(new GenerationRequest { Prompt = new[] { 1 }, MaxNewTokens = 4, Window = new(8, 2) }));
        Assert.Contains("layer 1 of this reformer model is a HashedAttention", error.Message);
    }

    internal static Model Make(ulong seed, Device? device = null) => Model.Create("tiny", Encoding.UTF8.GetBytes("""
        {"model_type": "reformer", "attn_layers": ["local", "lsh"], "axial_pos_shape": [16, 16], "axial_pos_embds_dim": [8, 16],
        "num_hashes": 2, "num_buckets": 4, "vocab_size": 50, "hidden_size": 24, "feed_forward_size": 40, "num_attention_heads": 2,
        "attention_head_size": 12, "local_attn_chunk_length": 4, "lsh_attn_chunk_length": 6, "max_position_embeddings": 256}
        """), new RandomSource(seed), device);
}

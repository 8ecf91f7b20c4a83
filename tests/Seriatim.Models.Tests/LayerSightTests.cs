using System.Text.Json.Nodes;

namespace Seriatim.Models.Tests;

/// <summary>
/// In a model whose layers see different stretches each kind keeps its own pages: a long prompt leaves those of the layers with a
/// window at the same number, and nothing changes in what is computed.
/// </summary>
public sealed class LayerSightTests
{
    private const int Window = 6, PageSize = 4, Length = 203;

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(29)]
    public void A_long_prompt_keeps_a_few_pages_of_the_layers_with_a_window(int chunk)
    {
        using Model model = Mixed();
        using IDifferentiableOps ops = CpuOps.Create(2);
        int[] ids = [.. Enumerable.Range(0, Length).Select(i => i * 7 % 17)];
        using MemoryPools pools = model.NewMemoryPools(PageSize, 64);
        Assert.Equal([Window, 0], Enumerable.Range(0, pools.Count).Select(kind => ((PagePool)pools[kind]).Sight));
        using SequenceMemory memory = model.NewMemory(pools);
        var logits = new List<float>();
        int most = 0;
        for (int at = 0; at < Length; at += chunk)
        {
            int rows = Math.Min(chunk, Length - at);
            RaggedBatch batch = new RaggedBatchBuilder().Add(ids.AsSpan(at, rows), memory, outputs: Outputs.All).Build();
            using Tensor hidden = model.Forward(ops, batch);
            most = Math.Max(most, memory.Stores[0].Held);
            memory.Commit(rows);
            using Tensor own = model.Project(ops, hidden);
            logits.AddRange(own.ToArray());

            // The next row sees its last positions; those of whole pages before are given back, one after the other.
            int seen = Math.Max(0, at + rows - Window + 1);
            Assert.Equal((at + rows + PageSize - 1) / PageSize - seen / PageSize, memory.Stores[0].Held);
            Assert.Equal((at + rows + PageSize - 1) / PageSize, memory.Stores[1].Held);
        }

        Assert.InRange(most, 1, (Window + chunk) / PageSize + 2);
        using Tensor whole = model.Forward(ops, new RaggedBatchBuilder().Add(ids, outputs: Outputs.All).Build());
        using Tensor expected = model.Project(ops, whole);
        Assert.Equal(expected.ToArray(), logits);
    }

    /// <summary>A window of the sequence narrows all layers, those with a wider one of their own too.</summary>
    [Theory]
    [InlineData(4, 4, 4)]
    [InlineData(40, 6, 40)]
    public void A_window_of_the_sequence_holds_for_each_kind(int window, int narrow, int wide)
    {
        using Model model = Mixed();
        using IDifferentiableOps ops = CpuOps.Create(2);
        using MemoryPools pools = model.NewMemoryPools(PageSize, 64);
        using SequenceMemory memory = model.NewMemory(pools, new SequenceTerms { Window = new AttentionWindow(window, 2) });
        for (int at = 0; at < Length; at++)
        {
            RaggedBatch batch = new RaggedBatchBuilder().Add([at * 7 % 17], memory).Build();
            model.Forward(ops, batch).Dispose();
            memory.Commit(1);
        }

        int Pages(int sight) => (Length + PageSize - 1) / PageSize - (Length - sight + 1) / PageSize;
        Assert.Equal(Pages(narrow) + (window < Window ? 1 : 0), memory.Stores[0].Held);
        Assert.Equal(Pages(wide) + 1, memory.Stores[1].Held);
    }

    /// <summary>Layers with a window of 6 and layers that see everything, by turns.</summary>
    private static Model Mixed() => TinyLlama.Create(TinyLlama.With(("architectures", new JsonArray("Gemma2ForCausalLM")),
        ("model_type", "gemma2"), ("sliding_window", Window), ("num_hidden_layers", 4), ("query_pre_attn_scalar", 2),
        ("head_dim", 2), ("max_position_embeddings", 400), ("tie_word_embeddings", true)));
}

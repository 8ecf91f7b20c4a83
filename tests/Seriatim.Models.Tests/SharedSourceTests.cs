using System.Text;

namespace Seriatim.Models.Tests;

/// <summary>Sequences that remember the same source (beams) read its keys together, and have the bits they have alone.</summary>
public sealed class SharedSourceTests
{
    private const string Config = """
        {"architectures": ["MarianMTModel"], "model_type": "marian", "vocab_size": 40, "d_model": 32,
        "encoder_layers": 1, "decoder_layers": 2,
        "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 48,
        "decoder_ffn_dim": 48, "activation_function": "relu",
        "scale_embedding": true, "max_position_embeddings": 32, "decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 1}
        """;

    [Fact]
    public void Forks_beside_each_other_are_read_at_once()
    {
        using Model model = Model.Create("config", Encoding.UTF8.GetBytes(Config), new RandomSource(3));
        using IDifferentiableOps ops = CpuOps.Create(2);
        using MemoryPools pools = model.NewMemoryPools(pageSize: 4, pages: 64, states: 2);
        using SequenceMemory first = Begin(model, ops, pools, [5, 6, 7, 8, 9, 10, 11, 1]),
            other = Begin(model, ops, pools, [12, 13, 1]);
        using SequenceMemory second = first.Fork(), third = first.Fork();

        // The second step parts them, the third is compared.
        SequenceMemory[] together = [first, second, other, third];
        int[] parted = [3, 4, 5, 6], next = [7, 8, 9, 10];
        Step(model, ops, together, parted);
        float[][] alone = [.. together.Select((memory, i) =>
        {
            using SequenceMemory copy = memory.Fork();
            return Step(model, ops, [copy], [next[i]])[0];
        })];
        Assert.Equal(alone, Step(model, ops, together, next));
        Assert.NotEqual(alone[0], alone[1]);
    }

    /// <summary>The rows of neighbours are one segment of attention, those of others are their own.</summary>
    [Fact]
    public void Neighbours_are_one_segment()
    {
        using Model model = Model.Create("config", Encoding.UTF8.GetBytes(Config), new RandomSource(3));
        using IDifferentiableOps ops = CpuOps.Create(1);
        using MemoryPools pools = model.NewMemoryPools(pageSize: 4, pages: 64, states: 2);
        using SequenceMemory first = Begin(model, ops, pools, [5, 6, 7, 8, 9, 10, 11, 1]),
            other = Begin(model, ops, pools, [12, 13, 1]);
        using SequenceMemory second = first.Fork(), third = first.Fork();
        var builder = new RaggedBatchBuilder();
        foreach (SequenceMemory memory in (SequenceMemory[])[first, second, other, third])
            builder.Add([3], memory);
        RaggedBatch batch = builder.Build();
        var layout = new MemoryLayout(model.Spec.Last);
        using var plan = new ForwardPlan(Device.Cpu, batch, new ForwardInputs(null, null), layout);
        int cross = Enumerable.Range(0, layout.Kinds.Count).Single(kind => first.Stores[kind] is CrossMemory);
        Assert.Equal([(0, 2), (2, 1), (3, 1)], plan.Cross(cross).Segments.Select(segment => (segment.QueryRow, segment.Queries)));
    }

    /// <summary>A memory with its source and the first token.</summary>
    private static SequenceMemory Begin(Model model, IOps ops, MemoryPools pools, int[] source)
    {
        using Tensor encoded = model.Encode(ops, new RaggedBatchBuilder().AddEncoder(source).Build());
        SequenceMemory memory = pools.NewMemory();
        RaggedBatch batch = new RaggedBatchBuilder().Add([0], memory, encoder: new EncoderRows(0, source.Length)).Build();
        using Tensor hidden = model.Forward(ops, batch, encoded);
        batch.Commit();
        return memory;
    }

    private static float[][] Step(Model model, IOps ops, SequenceMemory[] memories, int[] tokens)
    {
        var builder = new RaggedBatchBuilder();
        for (int i = 0; i < memories.Length; i++)
            builder.Add([tokens[i]], memories[i]);
        RaggedBatch batch = builder.Build();
        using Tensor hidden = model.Forward(ops, batch);
        using Tensor logits = model.Project(ops, hidden, batch.OutputRows);
        batch.Commit();
        return [.. Enumerable.Range(0, memories.Length)
            .Select(i => logits.ToArray().AsSpan(i * logits.Columns, logits.Columns).ToArray())];
    }
}

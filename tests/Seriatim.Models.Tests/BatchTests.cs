namespace Seriatim.Models.Tests;

/// <summary>Batches know their positions and refuse what the model cannot take.</summary>
public sealed class BatchTests : IDisposable
{
    private readonly Model _model = TinyLlama.Create();
    private readonly ReferenceOps _ops = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void RowsPositionsAndOutputsFollowTheSegments()
    {
        using MemoryPools pool = _model.NewMemoryPools(4, 8);
        using SequenceMemory memory = pool.NewMemory();
        memory.Prepare(3);
        memory.Commit(3);
        using SequenceMemory fork = memory.Fork();
        RaggedBatch batch = new RaggedBatchBuilder()
            .Add([5, 6], fork)
            .Add([7, 8, 9], outputs: Outputs.None)
            .AddTree([1, 2, 3], [-1, 0, 0], memory)
            .Build();
        Assert.Equal([3, 4, 0, 1, 2, 3, 4, 4], batch.Positions.ToArray());
        Assert.Equal([1, 5, 6, 7], batch.OutputRows.ToArray());
        Assert.Equal([(0, 2, 3), (2, 3, 0), (5, 3, 3)], batch.Segments.Select(s => (s.FirstRow, s.Rows, s.Past)));
    }

    /// <summary>Two segments that begin at the same place of the same memory would write over each other.</summary>
    [Fact]
    public void AMemoryIsInABatchOnce()
    {
        using MemoryPools pool = _model.NewMemoryPools(4, 8);
        using SequenceMemory memory = pool.NewMemory();
        var builder = new RaggedBatchBuilder().Add([5, 6], memory);
        Assert.Contains("in this batch already", Assert.Throws<ArgumentException>(() => builder.Add([7], memory)).Message);
        Assert.Equal((2, 2), (builder.Rows, memory.Prepared));
        builder.Clear();
        builder.Add([7], memory);
    }

    [Fact]
    public void WhatCannotBePreparedLeavesBothMemoriesAsTheyWere()
    {
        var pool = new PagePool(new KeyValuePool(1, 1, 4, 4, 8));
        var small = new CrossPagePool(new KeyValuePool(1, 1, 4, 4, 1));
        using var pools = new MemoryPools(4, pool, small);
        using SequenceMemory memory = pools.NewMemory();
        var builder = new RaggedBatchBuilder();
        int free = pool.Free;
        Assert.Throws<OutOfPagesException>(() => builder.Add([5, 6], memory, encoder: new EncoderRows(0, 9)));
        Assert.Equal((0, 0, 1, free), (builder.Rows, memory.Prepared, small.Free, pool.Free));
        memory.Prepare(1);
        Assert.Throws<OutOfPagesException>(() => builder.Add([5, 6], memory, encoder: new EncoderRows(0, 9)));
        Assert.Equal(1, memory.Prepared);
    }

    [Theory]
    [InlineData(17)]
    [InlineData(-1)]
    public void AnIdOutOfRangeIsRefusedWithBothNumbers(int id)
    {
        RaggedBatch batch = new RaggedBatchBuilder().Add([1, id]).Build();
        var error = Assert.Throws<TokenOutOfRangeException>(() => _model.Forward(_ops, batch));
        Assert.Contains($"Token {id} in row 1", error.Message);
        Assert.Equal((id, 17), (error.Id, error.Count));
    }

    [Fact]
    public void APromptLongerThanTheContextIsRefusedWithBothNumbers()
    {
        RaggedBatch batch = new RaggedBatchBuilder().Add(new int[17]).Build();
        var error = Assert.Throws<ContextLengthException>(() => _model.Forward(_ops, batch));
        Assert.Equal((17, 16), (error.Length, error.Limit));
        Assert.Contains("17", error.Message);
        Assert.Contains("16", error.Message);
    }

    [Fact]
    public void AStepBeyondTheDeclaredLengthIsRefused()
    {
        var error = Assert.Throws<ContextLengthException>(() => new RaggedBatchBuilder().Add([1, 2, 3], terms: new SequenceTerms { DeclaredLength = 2 }));
        Assert.Equal((3, 2), (error.Length, error.Limit));
    }

    [Fact]
    public void AnEncodersSegmentDoesNotGoIntoADecoder() =>
        Assert.Throws<ArgumentException>(() => _model.Forward(_ops, new RaggedBatchBuilder().AddEncoder([1]).Build()));

    [Fact]
    public void AnEmptyBatchAndAnEmptySegmentAreRefused()
    {
        Assert.Throws<InvalidOperationException>(() => new RaggedBatchBuilder().Build());
        Assert.Throws<ArgumentException>(() => new RaggedBatchBuilder().Add([]));
        Assert.Throws<ArgumentException>(() => new RaggedBatchBuilder().AddEncoder([1, 2], [0]));
    }

    [Fact]
    public void LengthDependentAnglesMustBeDeclared()
    {
        string config = TinyLlama.With(("rope_scaling", System.Text.Json.Nodes.JsonNode.Parse("""{"type": "dynamic", "factor": 2}""")),
            ("head_dim", 4));
        using Model model = TinyLlama.Create(config);
        using MemoryPools pool = model.NewMemoryPools(4, 8);
        using SequenceMemory memory = pool.NewMemory();
        RaggedBatch undeclared = new RaggedBatchBuilder().Add([1, 2], memory).Build();
        Assert.Contains("declare", Assert.Throws<ArgumentException>(() => model.Forward(_ops, undeclared)).Message);
        using SequenceMemory declared = pool.NewMemory(new SequenceTerms { DeclaredLength = 30 });
        using Tensor hidden = model.Forward(_ops, new RaggedBatchBuilder().Add([1, 2], declared).Build());
        Assert.Equal(2, hidden.Rows);
    }

    [Fact]
    public void MemoriesOfOneBatchShareOnePool()
    {
        using MemoryPools one = _model.NewMemoryPools(4, 2);
        using MemoryPools two = _model.NewMemoryPools(4, 2);
        using SequenceMemory first = one.NewMemory();
        using SequenceMemory second = two.NewMemory();
        RaggedBatch batch = new RaggedBatchBuilder().Add([1], first).Add([1], second).Build();
        Assert.Throws<ArgumentException>(() => _model.Forward(_ops, batch));
    }

    [Fact]
    public void SizesAreThoseOfThePools()
    {
        using MemoryPools pools = _model.NewMemoryPools(4, 3);
        Assert.Equal(_model.BytesPerPosition * 4, ((PagePool)pools[0]).Storage.PageBytes);
        Assert.Equal(1, pools.Count);
    }
}

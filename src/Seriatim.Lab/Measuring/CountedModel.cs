namespace Seriatim.Lab;

/// <summary>
/// A model that counts what really goes through it, at the door between engine and model; and that can hold a pass until all
/// requests of a trace are in the queue, so that an engine's steps are the same in every run.
/// </summary>
/// <remarks>Counts are read when nothing runs.</remarks>
internal sealed class CountedModel(IGenerationModel inner) : DelegatingModel(inner)
{
    private readonly List<CountedPass> _passes = [];
    private readonly ManualResetEventSlim _open = new(initialState: true);
    private TaskCompletionSource? _reached;
    private MemoryPools? _pools;

    /// <summary>The passes so far.</summary>
    public IReadOnlyList<CountedPass> Passes => _passes;

    /// <summary>Rows of all passes.</summary>
    public long Rows => _passes.Sum(pass => (long)pass.AllRows);

    /// <summary>The room of the last engine or experiment that asked for any.</summary>
    public MemoryPools? Pools => _pools;

    /// <summary>Most units that were taken in a pass.</summary>
    public int MostUnits => _passes.Max(pass => pass.Units);

    /// <summary>Forgets the passes.</summary>
    public void Clear() => _passes.Clear();

    /// <summary>Holds the next pass until <see cref="Open"/>.</summary>
    /// <returns>Done as soon as a pass is held.</returns>
    public Task Close()
    {
        _reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _open.Reset();
        return _reached.Task;
    }

    /// <summary>Lets passes through.</summary>
    public void Open() => _open.Set();

    /// <inheritdoc/>
    public override MemoryPools NewMemoryPools(int pageSize, int pages, int states, KeyValueType type) =>
        _pools = base.NewMemoryPools(pageSize, pages, states, type);

    /// <inheritdoc/>
    public override Tensor Forward(RaggedBatch batch, Tensor? encoded)
    {
        int units = 0;
        for (int kind = 0; kind < (_pools?.Count ?? 0); kind++)
            units += _pools![kind].Units - _pools[kind].Free;
        _passes.Add(new CountedPass([.. batch.Segments.Select(s => s.Rows)], [.. batch.Segments.Select(s => s.Past)], units));
        _reached?.TrySetResult();
        _open.Wait();
        return base.Forward(batch, encoded);
    }
}

namespace Seriatim.Conformance.Tests;

/// <summary>A sequence that is fed to a model step by step, through pages.</summary>
internal sealed class Session : IDisposable
{
    private readonly Model _model;
    private readonly IOps _ops;
    private readonly MemoryPools _pools;
    private readonly SequenceTerms _terms;
    private readonly bool _ownsPools;
    private readonly List<(MemoryPool Pool, int Unit)> _kept = [];
    private Tensor? _encoded;
    private EncoderRows? _source;

    public Session(Model model, IOps ops, int pageSize, int declared)
        : this(model, ops, pageSize, new SequenceTerms { DeclaredLength = declared })
    {
    }

    public Session(Model model, IOps ops, int pageSize, SequenceTerms terms)
        : this(model, ops, terms, model.NewMemoryPools(pageSize, 8 * (terms.DeclaredLength!.Value / pageSize + 2), states: 64,
            crossPages: 2 * (Sources.Tokens.Length / pageSize + 2))) =>
        _ownsPools = true;

    private Session(Model model, IOps ops, SequenceTerms terms, MemoryPools pools)
    {
        (_model, _ops, _terms, _pools) = (model, ops, terms, pools);
        Memory = model.NewMemory(pools, terms);
        if (model.Spec.Encoder is null)
            return;
        _encoded = Sources.Encode(model, ops);
        _source = new EncoderRows(0, _encoded.Rows);
    }

    private Session(Model model, IOps ops, SequenceTerms terms, MemoryPools pools, SequenceMemory memory) =>
        (_model, _ops, _terms, _pools, Memory) = (model, ops, terms, pools, memory);

    private Session(Session parent)
    {
        (_model, _ops, _terms, _pools) = (parent._model, parent._ops, parent._terms, parent._pools);
        Memory = parent.Memory.Fork();
    }

    public SequenceMemory Memory { get; }

    public MemoryPools Pools => _pools;

    public Session Fork() => new(this);

    /// <summary>An empty sequence with pages from the same pools; disposed before this one.</summary>
    public Session Sibling() => new(_model, _ops, _terms, _pools);

    /// <summary>As <see cref="Sibling()"/>, under other terms.</summary>
    public Session Sibling(SequenceTerms terms) => new(_model, _ops, terms, _pools);

    /// <summary>Adds tokens to a batch of this and other sequences.</summary>
    public void AddTo(RaggedBatchBuilder builder, int[] tokens) =>
        builder.Add(tokens, Memory, null, Outputs.All, _source);

    /// <summary>Feeds tokens and commits them. Returns the logits of each.</summary>
    public float[][] Feed(params int[] tokens)
    {
        var builder = new RaggedBatchBuilder();
        AddTo(builder, tokens);
        RaggedBatch batch = builder.Build();
        float[][] logits = Logits(batch);
        batch.Commit();
        return logits;
    }

    /// <summary>Feeds a tree and commits one of its paths. Returns the logits of all its rows.</summary>
    public float[][] FeedTree(int[] tokens, int[] parents, int[] path)
    {
        RaggedBatch batch = new RaggedBatchBuilder().AddTree(tokens, parents, Memory).Build();
        float[][] logits = Logits(batch);
        Memory.CommitPath(path);
        return logits;
    }

    /// <summary>Feeds a draft and commits the first of its rows. Returns the logits of all its rows.</summary>
    public float[][] FeedDraft(int[] tokens, int accepted)
    {
        RaggedBatch batch = new RaggedBatchBuilder().Add(tokens, Memory, null, Outputs.All, _source,
            CommitPoints.EveryRow).Build();
        float[][] logits = Logits(batch);
        Memory.Commit(accepted);
        return logits;
    }

    /// <summary>
    /// Feeds tokens; returns the units of the first full pages, for each kind. Pages are kept as a cache keeps them: layers with a
    /// window give theirs back at the commit.
    /// </summary>
    public int[][] FeedAndShare(int[] tokens, int pages)
    {
        RaggedBatch batch = new RaggedBatchBuilder().Add(tokens, Memory, points: CommitPoints.PageBorders).Build();
        Logits(batch);
        int[][] units = [.. Memory.Stores.Select(store =>
            Enumerable.Range(0, pages).Select(page => store.UnitOfBlock(page, Memory.Length)).ToArray())];
        for (int kind = 0; kind < units.Length; kind++)
        {
            MemoryPool pool = _pools[kind];
            foreach (int unit in units[kind].Where(unit => unit >= 0 && pool.HoldsPositions))
            {
                pool.Retain(unit);
                _kept.Add((pool, unit));
            }
        }

        batch.Commit();
        return units;
    }

    /// <summary>A sequence that begins with units of this one; disposed before it.</summary>
    public Session Shared(int[][] units) => new(_model, _ops, _terms, _pools, _pools.Share(units, _terms));

    /// <summary>Runs a batch this sequence is in; the caller commits. Returns the logits of each row.</summary>
    public float[][] Logits(RaggedBatch batch)
    {
        using Tensor hidden = _model.Forward(_ops, batch, _encoded);
        using Tensor logits = _model.Project(_ops, hidden);
        _encoded?.Dispose();
        (_encoded, _source) = (null, null);
        return Rows(logits);
    }

    public static float[][] Rows(Tensor logits)
    {
        HostRows rows = logits.Read();
        return [.. Enumerable.Range(0, logits.Rows).Select(row => rows.Row(row).ToArray())];
    }

    public void Dispose()
    {
        _encoded?.Dispose();
        Memory.Dispose();
        foreach ((MemoryPool pool, int unit) in _kept)
            pool.Release(unit);
        _kept.Clear();
        if (!_ownsPools)
            return;
        for (int kind = 0; kind < _pools.Count; kind++)
            Assert.Equal(_pools[kind].Units, _pools[kind].Free);
        _pools.Dispose();
    }
}

/// <summary>The source text of encoder-decoder models in these tests.</summary>
internal static class Sources
{
    public static int[] Tokens { get; } = TinyModels.Tokens(99, 21);

    public static Tensor Encode(Model model, IOps ops) =>
        model.Encode(ops, new RaggedBatchBuilder().AddEncoder(Tokens).Build());
}

namespace Seriatim.Models;

/// <summary>
/// What all layers of a stack share in one forward pass, made once from the batch: rotary angles of its rows for each distinct
/// rope, and for each kind of layers the segments with their part of the memories, as they are now. Disposed after the pass.
/// </summary>
internal sealed class ForwardPlan : IDisposable
{
    private readonly Dictionary<(PositionSpec.Rope, int), RopeRows> _ropes = [];
    private readonly int[]? _sinkPositions;
    private readonly object?[] _rows;
    private readonly Dictionary<int, object> _decided = [];
    private readonly IReadOnlyList<Tensor>? _begins;
    private Dictionary<(PositionSpec.Rope, int), RopeRows>? _sinkRopes;
    private Dictionary<object, object?>? _patterns;
    private Dictionary<TemperatureSpec, Tensor>? _temperatures;
    private Dictionary<int, (Tensor Keys, Tensor Values)>? _shared;
    private DropoutMask _layerMask;
    private ulong _site;
    private int _layer;
    private int _holders = 1;

    public ForwardPlan(Device device, RaggedBatch batch, in ForwardInputs inputs, MemoryLayout layout)
    {
        (Device, Batch, Encoded) = (device, batch, inputs.Encoded);
        (Groups, EncodedGroups, _begins) = (inputs.Groups, inputs.EncodedGroups, inputs.Begins);
        _rows = new object?[layout.Kinds.Count];
        RequireOnePool(batch, layout);
        for (int i = 0; i < batch.Segments.Count; i++)
            HasEncoderRows |= batch.Segments[i].Encoder is not null;
        _sinkPositions = SinkPositions(batch);
        Rates = batch.Dropout?.Rates ?? DropoutRates.None;
        EnterLayer(-1);
    }

    /// <summary>Whose memory the angles are in.</summary>
    public Device Device { get; }

    public RaggedBatch Batch { get; }

    /// <summary>How much dropout there is; all 0 outside training.</summary>
    public DropoutRates Rates { get; }

    /// <summary>Output of the encoder, if segments refer to it.</summary>
    public Tensor? Encoded { get; }

    /// <summary>The groups of the rows, of which weights know what their adapters add; null: none.</summary>
    public RowGroups? Groups { get; }

    /// <summary>The groups of the rows of <see cref="Encoded"/>.</summary>
    public RowGroups? EncodedGroups { get; }

    /// <summary>The segments of self-attention in layers of a kind.</summary>
    public AttentionRows Self(int kind) => (AttentionRows)(_rows[kind] ??= SelfRows(kind));

    /// <summary>The segments of attention to the encoder's output in layers of a kind.</summary>
    public AttentionRows Cross(int kind) => (AttentionRows)(_rows[kind] ??= CrossRows(kind));

    /// <summary>The segments of recurrent layers.</summary>
    public RecurrenceRows States(int kind) => (RecurrenceRows)(_rows[kind] ??= StateRows(kind));

    /// <summary>What sequences begin with in a recurrent layer; null: zeros.</summary>
    public Tensor? BeginsOf(int layer) => _begins?[layer];

    /// <summary>What layers with the same key make of the batch: by the first that asks, for all.</summary>
    public T Once<T>(object key, Func<RaggedBatch, T> make)
    {
        _patterns ??= [];
        if (!_patterns.TryGetValue(key, out object? made))
            _patterns.Add(key, made = make(Batch));
        return (T)made!;
    }

    /// <summary>Whether any segment has rows of the encoder whose keys and values are made now.</summary>
    public bool HasEncoderRows { get; }

    public RopeRows Rope(PositionSpec.Rope rope, int headDim)
    {
        if (!_ropes.TryGetValue((rope, headDim), out RopeRows? rows))
            _ropes.Add((rope, headDim), rows = RopeFrequencies.Rows(Device, rope, headDim, Batch, Batch.Positions.Span));
        return rows;
    }

    /// <summary>Angles of the queries as the sinks of their windows see them; null: as <see cref="Rope"/>.</summary>
    public RopeRows? SinkRope(PositionSpec.Rope rope, int headDim)
    {
        if (_sinkPositions is null)
            return null;
        _sinkRopes ??= [];
        if (!_sinkRopes.TryGetValue((rope, headDim), out RopeRows? rows))
            _sinkRopes.Add((rope, headDim), rows = RopeFrequencies.Rows(Device, rope, headDim, Batch, _sinkPositions));
        return rows;
    }

    /// <summary>How much the queries of each row grow: <c>[N, 1]</c>.</summary>
    public Tensor Temperature(TemperatureSpec temperature)
    {
        _temperatures ??= [];
        if (!_temperatures.TryGetValue(temperature, out Tensor? factors))
        {
            float[] values = new float[Batch.Rows];
            for (int row = 0; row < values.Length; row++)
                values[row] = temperature.At(Batch.Positions.Span[row]);
            _temperatures.Add(temperature, factors = Device.Upload(values, Batch.Rows, 1));
        }

        return factors;
    }

    /// <summary>Keeps the keys and values of a layer for those that read them in place of their own.</summary>
    public void Share(int layer, Tensor keys, Tensor values)
    {
        _shared ??= [];
        if (_shared.Remove(layer, out (Tensor Keys, Tensor Values) before))
            Release(before);
        _shared.Add(layer, (keys.Retain(), values.Retain()));
    }

    /// <summary>The keys and values of a layer before.</summary>
    public (Tensor Keys, Tensor Values) Shared(int layer) => _shared![layer];

    /// <summary>
    /// What the layers are given of the tokens directly, side by side: <c>[N, layers · P]</c>; null: nothing. Taken over.
    /// </summary>
    public Tensor? LayerInputs { get; set; }

    /// <summary>The layer that the first of the <see cref="LayerInputs"/> are for.</summary>
    public int FirstLayerInput { get; set; }

    /// <summary>
    /// Begins a layer, -1 before the first one, or a half of one that can run without the other. The same gets the same masks
    /// each time.
    /// </summary>
    public void EnterLayer(int layer, int half = 0)
    {
        DropoutMask mask = new DropoutMask(0, Batch.Dropout?.Key ?? 0).At((ulong)(layer + 1));
        (_layerMask, _site, _layer) = (half == 0 ? mask : mask.At(ulong.MaxValue - (uint)half), 0, layer);
    }

    /// <summary>
    /// What a layer decides by its rows (buckets of hashes) and must find again when it runs a second time for its gradients, on
    /// rows that may differ by rounding. Kept only if layers will run again.
    /// </summary>
    public T Decide<T>(Func<T> decide)
        where T : class
    {
        if (_decided.TryGetValue(_layer, out object? before))
            return (T)before;
        T made = decide();
        if (_holders > 1)
            _decided.Add(_layer, made);
        return made;
    }

    /// <summary>The mask of the next place within the layer.</summary>
    public DropoutMask NextMask(float rate) => rate == 0 ? default : _layerMask.At(_site++) with { Rate = rate };

    /// <summary>Drops at a rate; takes x over.</summary>
    public Tensor Drop(IOps ops, Tensor x, float rate)
    {
        if (rate == 0)
            return x;
        using (x)
            return ops.Dropout(x, NextMask(rate));
    }

    /// <summary>Positions of all rows moved by an offset: the ids of a learned table.</summary>
    public ReadOnlyMemory<int> PositionIds(int offset)
    {
        if (offset == 0)
            return Batch.Positions;
        int[] ids = Batch.Positions.ToArray();
        for (int row = 0; row < ids.Length; row++)
            ids[row] += offset;
        return ids;
    }

    /// <summary>Keeps the plan for a backward pass that runs layers again; dispose it once more.</summary>
    public ForwardPlan Retain()
    {
        _holders++;
        return this;
    }

    public void Dispose()
    {
        if (--_holders > 0)
            return;
        foreach (RopeRows rows in _ropes.Values)
            rows.Dispose();
        foreach (RopeRows rows in _sinkRopes?.Values.AsEnumerable() ?? [])
            rows.Dispose();
        foreach (Tensor factors in _temperatures?.Values.AsEnumerable() ?? [])
            factors.Dispose();
        foreach ((Tensor, Tensor) pair in _shared?.Values.AsEnumerable() ?? [])
            Release(pair);
        LayerInputs?.Dispose();
    }

    private static void Release((Tensor Keys, Tensor Values) pair)
    {
        pair.Keys.Dispose();
        pair.Values.Dispose();
    }

    private AttentionRows SelfRows(int kind)
    {
        KeyValuePool? pool = null;
        var segments = new AttentionSegment[Batch.Segments.Count];
        for (int i = 0; i < segments.Length; i++)
        {
            Segment s = Batch.Segments[i];
            PagedMemory? memory = Part<PagedMemory>(s, kind);
            pool ??= memory?.Storage;
            segments[i] = new AttentionSegment(s.FirstRow, s.Rows, s.FirstRow, s.Rows - s.Padding, s.Past, memory?.Pages,
                s.Visibility, s.Parents)
            {
                Window = s.Terms.Window?.Size ?? 0,
                Sinks = s.Terms.Window?.Sinks ?? 0,
            };
        }

        return new AttentionRows(segments, pool);
    }

    private RecurrenceRows StateRows(int kind)
    {
        StateStorage? storage = null;
        var segments = new RecurrenceSegment[Batch.Segments.Count];
        for (int i = 0; i < segments.Length; i++)
        {
            Segment s = Batch.Segments[i];
            StateMemory? memory = Part<StateMemory>(s, kind);
            storage ??= memory?.Storage;
            segments[i] = new RecurrenceSegment(s.FirstRow, s.Rows, memory?.Source ?? -1, memory?.Kept ?? [], s.Parents);
        }

        return new RecurrenceRows(segments, storage);
    }

    /// <summary>
    /// Positions with those beyond a window moved to its end: how far the sinks seem to be
    /// away. Null: all rows are where they are.
    /// </summary>
    private static int[]? SinkPositions(RaggedBatch batch)
    {
        int[]? moved = null;
        foreach (Segment segment in batch.Segments)
        {
            if (segment.Terms.Window is not { Sinks: > 0 } window || segment.Length <= window.Positions)
                continue;
            moved ??= batch.Positions.ToArray();
            for (int row = segment.FirstRow; row < segment.FirstRow + segment.Rows; row++)
                moved[row] = Math.Min(moved[row], (int)window.Positions - 1);
        }

        return moved;
    }

    /// <summary>
    /// Neighbours that read the same pages (beams, samples of one source) are one segment: every row sees every key, so rows only
    /// share the reading.
    /// </summary>
    private AttentionRows CrossRows(int kind)
    {
        KeyValuePool? pool = null;
        var segments = new List<AttentionSegment>(Batch.Segments.Count);
        for (int i = 0; i < Batch.Segments.Count; i++)
        {
            Segment s = Batch.Segments[i];
            CrossMemory? memory = Part<CrossMemory>(s, kind);
            if (s.Encoder is null && memory is null)
                throw new ArgumentException($"Segment {i} refers to no encoder rows; a decoder with cross-attention needs them.");
            if (s.Encoder is { } rows && (Encoded is null || rows.FirstRow < 0 || rows.FirstRow + rows.Rows > Encoded.Rows))
            {
                throw new ArgumentException(
                    $"Segment {i} refers to rows {rows.FirstRow} to {rows.FirstRow + rows.Rows - 1} of the encoder's output, " +
                    $"which has {Encoded?.Rows ?? 0}.");
            }

            pool ??= memory?.Storage;
            EncoderRows added = s.Encoder ?? default;
            var segment = new AttentionSegment(
                s.FirstRow, s.Rows, added.FirstRow, added.Rows, memory?.Length ?? 0, memory?.Pages, Visibility.Full);
            if (segments.Count > 0 && ReadTheSame(segments[^1], segment))
                segments[^1] = segments[^1] with { Queries = segments[^1].Queries + segment.Queries };
            else
                segments.Add(segment);
        }

        return new AttentionRows(segments, pool);
    }

    private static bool ReadTheSame(AttentionSegment before, AttentionSegment next) => before.Keys == 0 && next.Keys == 0
        && before.Past == next.Past && before.QueryRow + before.Queries == next.QueryRow
        && before.Pages is { } pages && next.Pages is { } others && pages.SequenceEqual(others);

    private static T? Part<T>(Segment segment, int kind)
        where T : LayerMemory => (T?)segment.Memory?.Stores[kind];

    /// <summary>Refuses memories of different pools, and those of a model whose layers remember other things.</summary>
    public static void RequireOnePool(RaggedBatch batch, MemoryLayout layout)
    {
        MemoryPools? pools = null;
        for (int i = 0; i < batch.Segments.Count; i++)
        {
            if (batch.Segments[i].Memory is not { } memory || ReferenceEquals(pools, memory.Pools))
                continue;
            if (pools is not null)
                throw new ArgumentException("All memories of one batch must take their pages from one pool.");
            pools = memory.Pools;
            for (int kind = 0; kind < Math.Max(layout.Kinds.Count, pools.Count); kind++)
            {
                if (kind < layout.Kinds.Count && kind < pools.Count && layout.Kinds[kind].Fits(pools[kind]))
                    continue;
                string has = kind < pools.Count ? pools[kind].Name : "nothing";
                string needed = kind < layout.Kinds.Count ? layout.Kinds[kind].Name : "nothing";
                throw new ArgumentException(
                    $"The memory of segment {i} has {has} as its kind {kind} of {pools.Count}, and the layers of this model " +
                    $"need {needed}; take the pools of this model.");
            }
        }
    }
}

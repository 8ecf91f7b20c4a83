namespace Seriatim.Models;

/// <summary>
/// What all layers of a stack share in one forward pass, made once from the batch: rotary angles of its rows for each distinct
/// rope, and the segments of self- and cross-attention. Disposed after the pass.
/// </summary>
internal sealed class ForwardPlan : IDisposable
{
    private readonly Dictionary<(PositionSpec.Rope, int), RopeRows> _ropes = [];
    private readonly Dictionary<(PositionSpec.Rope, int), RopeRows> _sinkRopes = [];
    private readonly int[]? _sinkPositions;
    private AttentionRows? _cross;
    private DropoutMask _layerMask;
    private ulong _site;
    private int _holders = 1;

    public ForwardPlan(Device device, RaggedBatch batch, Tensor? encoded)
    {
        (Device, Batch, Encoded) = (device, batch, encoded);
        HasEncoderRows = batch.Segments.Any(s => s.Encoder is not null);
        Self = SelfRows(batch);
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

    public AttentionRows Self { get; }

    public AttentionRows Cross => _cross ??= CrossRows();

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
        if (!_sinkRopes.TryGetValue((rope, headDim), out RopeRows? rows))
            _sinkRopes.Add((rope, headDim), rows = RopeFrequencies.Rows(Device, rope, headDim, Batch, _sinkPositions));
        return rows;
    }

    /// <summary>Begins the masks of a layer: -1 before the first one. The same layer gets the same masks each time.</summary>
    public void EnterLayer(int layer) => (_layerMask, _site) = (new DropoutMask(0, Batch.Dropout?.Key ?? 0).At((ulong)(layer + 1)), 0);

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
        foreach (RopeRows rows in _ropes.Values.Concat(_sinkRopes.Values))
            rows.Dispose();
    }

    private static AttentionRows SelfRows(RaggedBatch batch)
    {
        KeyValuePool? pool = null;
        var segments = new AttentionSegment[batch.Segments.Count];
        for (int i = 0; i < segments.Length; i++)
        {
            Segment s = batch.Segments[i];
            pool = OnePool(pool, s.Memory);
            segments[i] = new AttentionSegment(s.FirstRow, s.Rows, s.FirstRow, s.Rows, s.Past, s.Memory?.Pages, s.Visibility, s.Parents)
            {
                Window = s.Terms.Window?.Size ?? 0,
                Sinks = s.Terms.Window?.Sinks ?? 0,
            };
        }

        return new AttentionRows(segments, pool);
    }

    /// <summary>
    /// Positions with those beyond a window moved to its end: how far the sinks seem to be away. Null: all rows are where they are.
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

    private AttentionRows CrossRows()
    {
        KeyValuePool? pool = null;
        var segments = new AttentionSegment[Batch.Segments.Count];
        for (int i = 0; i < segments.Length; i++)
        {
            Segment s = Batch.Segments[i];
            if (s.Encoder is null && s.Cross is null)
                throw new ArgumentException($"Segment {i} refers to no encoder rows; a decoder with cross-attention needs them.");
            if (s.Encoder is { } rows && (Encoded is null || rows.FirstRow < 0 || rows.FirstRow + rows.Rows > Encoded.Rows))
            {
                throw new ArgumentException(
                    $"Segment {i} refers to rows {rows.FirstRow} to {rows.FirstRow + rows.Rows - 1} of the encoder's output, " +
                    $"which has {Encoded?.Rows ?? 0}.");
            }

            pool = OnePool(pool, s.Cross);
            EncoderRows added = s.Encoder ?? default;
            segments[i] = new AttentionSegment(
                s.FirstRow, s.Rows, added.FirstRow, added.Rows, s.Cross?.Length ?? 0, s.Cross?.Pages, Visibility.Full);
        }

        return new AttentionRows(segments, pool);
    }

    private static KeyValuePool? OnePool(KeyValuePool? pool, SequenceMemory? memory)
    {
        if (memory is null || ReferenceEquals(pool, memory.Storage))
            return pool;
        return pool is null
            ? memory.Storage
            : throw new ArgumentException("All memories of one batch must take their pages from one pool.");
    }
}

namespace Seriatim.Tensors;

/// <summary>
/// Finds the keys and values of 64 positions as pieces of 16: keys <c>[D][16]</c>, values <c>[16][D']</c>. Pages of 16 or more
/// are read in place; keys that are not stored were packed once for all pieces; small pages and the paths of a tree are gathered.
/// </summary>
internal unsafe struct AttentionKeys
{
    private readonly KeyValuePool? _pool;
    private readonly AttentionTask _task;
    private readonly int _headDim;
    private readonly int _keyHeads;
    private float* _keys;   // [K][PackedKeys / 16][D][16]
    private float* _values; // [K][PackedKeys][D']

    private AttentionKeys(KeyValuePool? pool, AttentionTask task, AttentionSpec spec) =>
        (_pool, _task, _headDim, _keyHeads) = (pool, task, spec.HeadDim, spec.KeyValueHeads);

    /// <summary>Floats of scratch that <see cref="Find"/> may fill.</summary>
    public static int GatherFloats(int headDim) => AttentionTask.KeyBlock * (headDim + KeyValuePool.PaddedDim(headDim));

    /// <summary>Finds the pieces of <c>[block, end)</c>.</summary>
    /// <returns>Whether all values lie in one run, so that they can be added in one go.</returns>
    public readonly bool Find<T>(
        AttentionSegment segment, int segmentIndex, int treeRow, int layer, int head, int block, int end, float* gather,
        float** keys, float** values)
        where T : struct, ILanes<T>
    {
        int padded = KeyValuePool.PaddedDim(_headDim);
        if (segment.Pages is null && treeRow < 0)
        {
            long start = (long)head * _task.PackedKeys + _task.PackedStart[segmentIndex] + block;
            for (int p = 0; block + p * 16 < end; p++)
            {
                keys[p] = _keys + (start + p * 16) * _headDim;
                values[p] = _values + (start + p * 16) * padded;
            }

            return true;
        }

        bool joined = true;
        for (int p = 0; block + p * 16 < end; p++)
        {
            int first = block + p * 16;
            if (segment.Pages is { } pages && _pool!.PageSize >= 16 && (treeRow < 0 || first + 16 <= segment.Past)
                && pages[first / _pool.PageSize] is var page && (uint)page < (uint)_pool.Pages)
            {
                int slot = first % _pool.PageSize;
                byte* stored = _pool.KeyBlock(page, layer, head, slot);
                byte* storedValues = _pool.Value(page, layer, head, slot);
                if (_pool.SharesValues)
                {
                    float* to = gather + p * 16 * (_headDim + padded);
                    keys[p] = _pool.Layout.IsInPlace ? (float*)stored : to;
                    values[p] = to + 16 * _headDim;
                    if (!_pool.Layout.IsInPlace)
                        _pool.Layout.LoadKeys<T>(stored, to);
                    Turn(keys[p], Math.Min(16, end - first), values[p]);
                }
                else if (_pool.Layout.IsInPlace)
                {
                    keys[p] = (float*)stored;
                    values[p] = (float*)storedValues;
                }
                else
                {
                    keys[p] = gather + p * 16 * (_headDim + padded);
                    values[p] = keys[p] + 16 * _headDim;
                    Widen<T>(stored, storedValues, Math.Min(16, end - first), keys[p], values[p]);
                }
            }
            else
            {
                float* to = gather + p * 16 * (_headDim + padded);
                Gather(segment, segmentIndex, treeRow, layer, head, first, Math.Min(end, first + 16), to, to + 16 * _headDim);
                keys[p] = to;
                values[p] = to + 16 * _headDim;
            }

            joined &= p == 0 || values[p] == values[p - 1] + 16 * padded;
        }

        return joined;
    }

    /// <summary>Makes values of some of 16 keys that are both.</summary>
    private readonly void Turn(float* keys, int count, float* values)
    {
        int padded = KeyValuePool.PaddedDim(_headDim);
        Transpose.Block(keys, 16, _headDim, count, values, padded);
        for (int i = 0; i < count; i++)
            new Span<float>(values + i * padded + _headDim, padded - _headDim).Clear();
    }

    /// <summary>Makes F32 of 16 keys and some of their values.</summary>
    private readonly void Widen<T>(byte* storedKeys, byte* storedValues, int count, float* keys, float* values)
        where T : struct, ILanes<T>
    {
        KeyValueLayout layout = _pool!.Layout;
        layout.LoadKeys<T>(storedKeys, keys);
        layout.LoadValues<T>(storedValues, count, values);
    }

    private readonly void Gather(
        AttentionSegment segment, int segmentIndex, int treeRow, int layer, int head, int first, int end, float* keys,
        float* values)
    {
        int padded = KeyValuePool.PaddedDim(_headDim);
        for (int position = first; position < end; position++)
        {
            int stored = treeRow < 0 ? position : AttentionRowRange.StoredAt(segment, treeRow, position);
            if (segment.Pages is { } pages)
            {
                int page = pages[stored / _pool!.PageSize];
                if (page < 0)
                {
                    // Outside every window: its weights are 0, but 0 times whatever lies here must be 0 too.
                    new Span<float>(values + (position - first) * padded, padded).Clear();
                    continue;
                }

                _pool.LoadKey(_pool.Checked(page), layer, head, stored % _pool.PageSize, keys + position - first, 16);
                _pool.LoadValue(page, layer, head, stored % _pool.PageSize, values + (position - first) * padded);
                continue;
            }
            long at = (long)head * _task.PackedKeys + _task.PackedStart[segmentIndex] + stored;
            float* key = _keys + at / 16 * 16 * _headDim + at % 16;
            float* value = _values + at * padded;
            for (int i = 0; i < _headDim; i++)
                keys[i * 16 + position - first] = key[i * 16];
            new ReadOnlySpan<float>(value, padded).CopyTo(new Span<float>(values + (position - first) * padded, padded));
        }
    }

    /// <summary>Packs the keys and values of all segments without pages, and owns the copy.</summary>
    public readonly ref struct Packed
    {
        private readonly Tensor? _keyCopy;
        private readonly Tensor? _valueCopy;

        public Packed(WorkerTeam team, AttentionTask task, AttentionRows rows, Tensor? k, Tensor? v, AttentionSpec spec)
        {
            var keys = new AttentionKeys(rows.Pool, task, spec);
            Keys = keys;
            if (task.PackedKeys == 0 || k is null || v is null)
                return;
            _keyCopy = Tensor.Create(spec.KeyValueHeads * task.PackedKeys, spec.HeadDim);
            _valueCopy = Tensor.Create(spec.KeyValueHeads * task.PackedKeys, KeyValuePool.PaddedDim(spec.HeadDim));
            keys._keys = _keyCopy.Floats;
            keys._values = _valueCopy.Floats;
            Keys = keys;
            var work = new PackWork { Task = task, Rows = rows, K = k.Floats, V = v.Floats, Columns = k.Columns, Keys = keys };
            team.Run(spec.KeyValueHeads * rows.Segments.Count, ref work, task.Cost);
        }

        public AttentionKeys Keys { get; }

        public void Dispose()
        {
            _keyCopy?.Dispose();
            _valueCopy?.Dispose();
        }
    }

    private struct PackWork : IWork
    {
        public AttentionTask Task;
        public AttentionRows Rows;
        public AttentionKeys Keys;
        public float* K;
        public float* V;
        public int Columns;

        public readonly void Do(int piece, int worker)
        {
            int segmentIndex = piece / Keys._keyHeads;
            int head = piece % Keys._keyHeads;
            AttentionSegment segment = Rows.Segments[segmentIndex];
            if (segment.Pages is not null)
                return;
            int d = Keys._headDim;
            int padded = KeyValuePool.PaddedDim(d);
            long start = (long)head * Task.PackedKeys + Task.PackedStart[segmentIndex];
            float* k = K + (long)segment.KeyRow * Columns + head * d;
            float* v = V + (long)segment.KeyRow * Columns + head * d;
            for (int first = 0; first < segment.Keys; first += 16)
            {
                int count = Math.Min(16, segment.Keys - first);
                Transpose.Block(k + (long)first * Columns, Columns, count, d, Keys._keys + (start + first) * d, 16);
                for (int j = 0; j < count; j++)
                {
                    var to = new Span<float>(Keys._values + (start + first + j) * padded, padded);
                    new ReadOnlySpan<float>(v + (long)(first + j) * Columns, d).CopyTo(to);
                    to[d..].Clear();
                }
            }
        }
    }
}

using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>
/// What happens to 16 raw scores of one query: soft cap, bias, mask. Shared by the forward kernel and the recomputation in the
/// backward kernel, so that both see the same bits.
/// </summary>
internal readonly unsafe struct AttentionScores<T>
    where T : struct, ILanes<T>
{
    private readonly float _softCap;
    private readonly float[]? _slopes;
    private readonly int _maxDistance;
    private readonly float* _table; // [H][2 MaxDistance + 32]

    /// <param name="spec">The layer.</param>
    /// <param name="table">The expanded relative bias from <see cref="ExpandTable"/>, or null.</param>
    public AttentionScores(AttentionSpec spec, Tensor? table)
    {
        _softCap = spec.SoftCap;
        _slopes = (spec.Bias as AttentionBias.Alibi)?.Slopes;
        _maxDistance = (spec.Bias as AttentionBias.Relative)?.MaxDistance ?? 0;
        _table = table is null ? null : table.Floats;
    }

    /// <summary>Distances a row of the expanded table covers.</summary>
    public static int TableWidth(int maxDistance) => 2 * maxDistance + 32;

    /// <summary>The relative bias by head and distance; null for other biases.</summary>
    public static Tensor? ExpandTable(AttentionSpec spec)
    {
        if (spec.Bias is not AttentionBias.Relative relative)
            return null;
        OpShapes.Require(relative.Table.Data, relative.Table.Rows, spec.Heads, "Attention", "the relative bias");
        int[] buckets = relative.Buckets;
        Tensor table = Tensor.Create(spec.Heads, buckets.Length);
        for (int head = 0; head < spec.Heads; head++)
        {
            Span<float> row = table.Row(head);
            for (int i = 0; i < buckets.Length; i++)
                row[i] = relative.Table.Data.Span[buckets[i] * spec.Heads + head];
        }

        return table;
    }

    /// <summary>First index in a row of the expanded table for 16 keys from <paramref name="distance"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int TableIndex(int distance, int maxDistance) =>
        Math.Clamp(distance, -maxDistance - 16, maxDistance) + maxDistance + 16;

    /// <summary>
    /// Soft cap, then bias. <paramref name="capped"/> is the score after the cap, whose slope is <c>1 - (capped / cap)²</c>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Shape(T raw, int head, int firstKey, int position, out T capped)
    {
        capped = raw;
        if (_softCap > 0)
            capped = T.Broadcast(_softCap) * LaneMath<T>.Tanh(raw / T.Broadcast(_softCap));
        if (_slopes is { } slopes)
        {
            T distance = T.Count(firstKey - position);
            return T.MultiplyAdd(T.Broadcast(slopes[head]), T.Min(distance, T.Broadcast(0f) - distance), capped);
        }

        if (_table != null)
            return capped + T.Load(_table + head * TableWidth(_maxDistance) + TableIndex(firstKey - position, _maxDistance));
        return capped;
    }

    /// <summary>Whether all of the keys <c>[firstKey, firstKey + count)</c> are seen, so that no mask is needed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool SeesAll(AttentionRowRange range, int firstKey, int count) =>
        firstKey >= range.First && firstKey + count <= range.End;

    /// <summary>All bits set in the lanes of keys that are seen. Positions are exact in F32 up to 2^24.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Mask(AttentionRowRange range, int firstKey)
    {
        T key = T.Count(firstKey);
        T beyond = T.Less(key, T.Broadcast(range.First));
        T window = T.Select(beyond, T.Broadcast(0f), T.Less(key, T.Broadcast(range.End)));
        return T.Or(window, T.Less(key, T.Broadcast(range.Sinks)));
    }
}

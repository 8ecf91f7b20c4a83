using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>
/// What happens to 16 raw scores of one query over gathered keys, and the gathering itself: shared by the forward kernel and the
/// recomputation in the backward kernel, so that both see the same bits.
/// </summary>
internal readonly unsafe struct GatheredScores<T>
    where T : struct, ILanes<T>
{
    private readonly bool _causal, _replacesOwn;
    private readonly float _ownScore;

    public GatheredScores(GatheredAttentionSpec spec) =>
        (_causal, _replacesOwn, _ownScore) = (spec.Causal, spec.OwnScore.HasValue, spec.OwnScore ?? 0);

    /// <summary>Whether positions of keys matter; otherwise only their places in the list do.</summary>
    public bool ReadsPositions => _causal || _replacesOwn;

    /// <summary>The score with the rule for the query's own position.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Shape(T raw, in AttentionRowRange range, float* positions) =>
        _replacesOwn ? T.Select(IsOwn(range, positions), T.Broadcast(_ownScore), raw) : raw;

    /// <summary>A gradient of the score as one of the product: none where the score did not depend on it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Slope(T gradient, in AttentionRowRange range, float* positions) =>
        _replacesOwn ? T.Select(IsOwn(range, positions), T.Broadcast(0f), gradient) : gradient;

    /// <summary>Whether all 16 keys from a place on are seen, so that no mask is needed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool SeesAll(in AttentionRowRange range, int place) => !_causal && AttentionScores<T>.SeesAll(range, place, 16);

    /// <summary>All bits set in the lanes of keys that are seen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Mask(in AttentionRowRange range, int place, float* positions)
    {
        T mask = AttentionScores<T>.Mask(range, place);
        return _causal ? T.And(mask, T.Less(T.Load(positions), T.Broadcast(range.Position + 1f))) : mask;
    }

    /// <summary>Exact for positions up to 2^24.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T IsOwn(in AttentionRowRange range, float* positions)
    {
        T position = T.Load(positions);
        T before = T.Less(position, T.Broadcast((float)range.Position));
        return T.Select(before, T.Broadcast(0f), T.Less(position, T.Broadcast(range.Position + 1f)));
    }

    /// <summary>Positions of up to 64 keys as F32; what lies beyond the list is 0, and seen by nobody.</summary>
    public void Positions(ReadOnlySpan<int> keys, float* to)
    {
        if (!ReadsPositions)
            return;
        for (int i = 0; i < AttentionTask.KeyBlock; i++)
            to[i] = i < keys.Length ? keys[i] : 0;
    }

    /// <summary>
    /// Rows of one head, 16 side by side: <c>[16 rows][D][16]</c>. Rows at equal distances, which windows, dilated windows and
    /// blocks have, move without a copy between. Lanes beyond the list are not written.
    /// </summary>
    /// <param name="from">Row 0 of the sequence, at the head.</param>
    /// <param name="columns">Features of a row of all heads.</param>
    /// <param name="rows">The list.</param>
    /// <param name="d">Features of the head, D.</param>
    /// <param name="to">Panels of <c>[D][16]</c>.</param>
    /// <param name="spare">Room for <c>[16][D]</c>.</param>
    public static void Panels(float* from, int columns, ReadOnlySpan<int> rows, int d, float* to, float* spare)
    {
        for (int first = 0; first < rows.Length; first += 16, to += 16 * d)
        {
            ReadOnlySpan<int> list = rows[first..Math.Min(first + 16, rows.Length)];
            if (HasStep(list, out int step))
            {
                Transpose.Block(from + (long)list[0] * columns, (nint)step * columns, list.Length, d, to, 16);
                continue;
            }

            for (int i = 0; i < list.Length; i++)
                new ReadOnlySpan<float>(from + (long)list[i] * columns, d).CopyTo(new Span<float>(spare + i * d, d));
            Transpose.Block(spare, d, list.Length, d, to, 16);
        }
    }

    /// <summary>Rows of one head below each other, with zeros up to the stride.</summary>
    public static void Rows(float* from, int columns, ReadOnlySpan<int> rows, int d, float* to, int stride)
    {
        foreach (int row in rows)
        {
            var target = new Span<float>(to, stride);
            new ReadOnlySpan<float>(from + (long)row * columns, d).CopyTo(target);
            target[d..].Clear();
            to += stride;
        }
    }

    /// <summary>
    /// Whether nothing is infinite or not a number: 0 times such a value is not 0. The count is a multiple of 16.
    /// </summary>
    public static bool IsFinite(float* values, int count)
    {
        T zero = T.Broadcast(0f);
        T check = zero;
        for (int i = 0; i < count; i += 16)
            check = T.MultiplyAdd(T.Load(values + i), zero, check);
        return T.Sum(check) == 0;
    }

    /// <summary><c>to += factor · from</c>, for a length that is a multiple of 16.</summary>
    public static void AddRow(float factor, float* from, float* to, int length)
    {
        T weight = T.Broadcast(factor);
        for (int i = 0; i < length; i += 16)
            T.Store(T.MultiplyAdd(weight, T.Load(from + i), T.Load(to + i)), to + i);
    }

    /// <summary>Whether a query sees the key at a place of the list.</summary>
    public bool Sees(in AttentionRowRange range, int place, int key) => range.Sees(place) && (!_causal || key <= range.Position);

    private static bool HasStep(ReadOnlySpan<int> list, out int step)
    {
        step = list.Length > 1 ? list[1] - list[0] : 0;
        for (int i = 2; i < list.Length; i++)
        {
            if (list[i] - list[i - 1] != step)
                return false;
        }

        return true;
    }
}

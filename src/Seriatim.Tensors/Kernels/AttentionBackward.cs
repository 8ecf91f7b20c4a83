using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>
/// Gradients of attention by recomputation from the saved log-sum-exp (Dao et al., 2022: FlashAttention, algorithm 4), in tiles
/// of 64 queries x 64 keys, five matrix products a tile, all of them <see cref="OuterProduct{T}"/>.
/// </summary>
/// <remarks>
/// A piece is one key/value head of one segment, or of all segments that read the same rows of k (several targets of one encoder
/// sequence), in order. Heads, key blocks and query blocks go in sequence, so nothing depends on the number of threads. Segments
/// have no pages, so keys are the rows of k.
/// </remarks>
internal unsafe partial struct AttentionBackward<T> : IWork
    where T : struct, ILanes<T>
{
    private const int Block = 64;
    private const int TileFloats = Block * Block;

    public WorkerTeam Team;
    public AttentionRows Rows;
    public List<List<int>> Groups;
    public AttentionSpec Spec;
    public AttentionScores<T> Scores;
    public DropoutLanes<T> Dropped;
    public float* Q;
    public float* K;
    public float* V;
    public float* Y;
    public float* Dy;
    public float* LogSumExp;
    public float* Dq;
    public float* Dk;
    public float* Dv;
    public float* BiasGradient; // [segments][K][H / K][table width], or null
    public float* Additive; // [H][D], or null
    public float* AdditiveGradient; // [segments][H][D in whole tiles], or null
    public float* SinkLogits; // [H], or null
    public float* SinkGradient; // [segments][H], or null

    public static void Run(
        WorkerTeam team, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, AttentionRows rows, AttentionSpec spec,
        Tensor dy, Tensor dq, Tensor dk, Tensor dv)
    {
        using Tensor? table = AttentionScores<T>.ExpandTable(spec);
        List<List<int>> groups = GroupByKeys(rows.Segments);
        int parts = rows.Segments.Count * spec.KeyValueHeads;
        bool trainsBias = spec.Bias is AttentionBias.Relative { Table.Trainable: true };
        using Tensor? biasGradient = trainsBias ? Tensor.Zeros(parts * (spec.Heads / spec.KeyValueHeads), table!.Columns) : null;
        using Tensor? additiveGradient = spec.Additive is null ? null : Tensor.Zeros(parts, PieceState.StrideOf(spec.HeadDim));
        using Tensor? sinkGradient = spec.SinkLogits is null ? null : Tensor.Zeros(rows.Segments.Count, spec.Heads);
        dk.Span.Clear();
        dv.Span.Clear();
        var work = new AttentionBackward<T>
        {
            Team = team,
            Rows = rows,
            Groups = groups,
            Spec = spec,
            Scores = new AttentionScores<T>(spec, table),
            Dropped = new DropoutLanes<T>(spec.Dropout),
            Q = q.Floats,
            K = k.Floats,
            V = v.Floats,
            Y = y.Floats,
            Dy = dy.Floats,
            LogSumExp = logSumExp.Floats,
            Dq = dq.Floats,
            Dk = dk.Floats,
            Dv = dv.Floats,
            BiasGradient = biasGradient is null ? null : biasGradient.Floats,
            Additive = spec.Additive is { } additive ? additive.Data.Floats : null,
            AdditiveGradient = additiveGradient is null ? null : additiveGradient.Floats,
            SinkLogits = spec.SinkLogits is { } sinks ? sinks.Data.Floats : null,
            SinkGradient = sinkGradient is null ? null : sinkGradient.Floats,
        };
        team.Run(groups.Count * spec.KeyValueHeads, ref work);
        if (biasGradient is not null)
            AddBiasGradient(biasGradient, (AttentionBias.Relative)spec.Bias!, rows, spec);
        if (additiveGradient is not null && spec.Additive!.Trainable)
            AddAdditiveGradient(additiveGradient, spec.Additive, spec);
        if (sinkGradient is not null)
            RowSums<T>.Run(team, sinkGradient, spec.SinkLogits!);
    }

    /// <summary>Segments whose key rows overlap belong together: their gradients are added to the same memory.</summary>
    private static List<List<int>> GroupByKeys(IReadOnlyList<AttentionSegment> segments)
    {
        var groups = new List<List<int>>();
        int end = 0;
        foreach (int i in Enumerable.Range(0, segments.Count).OrderBy(i => segments[i].KeyRow))
        {
            if (groups.Count == 0 || segments[i].KeyRow >= end)
                groups.Add([]);
            groups[^1].Add(i);
            end = Math.Max(end, segments[i].KeyRow + segments[i].Keys);
        }

        return groups;
    }

    /// <summary>Adds up the parts in their order, distance by distance, into the buckets.</summary>
    private static void AddBiasGradient(Tensor pieces, AttentionBias.Relative bias, AttentionRows rows, AttentionSpec spec)
    {
        int group = spec.Heads / spec.KeyValueHeads;
        Span<float> gradient = bias.Table.GradientOrZeros().Span;
        for (int row = 0; row < pieces.Rows; row++)
        {
            int head = row / group % spec.KeyValueHeads * group + row % group;
            ReadOnlySpan<float> distances = pieces.Row(row);
            for (int i = 0; i < distances.Length; i++)
                gradient[bias.Buckets[i] * spec.Heads + head] += distances[i];
        }
    }

    /// <summary>Adds up the parts in their order.</summary>
    private static void AddAdditiveGradient(Tensor pieces, Parameter additive, AttentionSpec spec)
    {
        Span<float> gradient = additive.GradientOrZeros().Span;
        for (int row = 0; row < pieces.Rows; row++)
        {
            ReadOnlySpan<float> piece = pieces.Row(row)[..spec.HeadDim];
            Span<float> head = gradient.Slice(row % spec.Heads * spec.HeadDim, spec.HeadDim);
            for (int i = 0; i < piece.Length; i++)
                head[i] += piece[i];
        }
    }

    public readonly void Do(int piece, int worker)
    {
        foreach (int segment in Groups[piece / Spec.KeyValueHeads])
            Segment(segment, piece % Spec.KeyValueHeads, worker);
    }

    /// <summary>
    /// In a tile, weights that are 0 because a query does not see a key meet what lies there, and 0 times what is not finite is
    /// NaN. So if a gradient is not finite the piece begins anew, and rows take only what they see.
    /// </summary>
    private readonly void Segment(int index, int keyHead, int worker)
    {
        AttentionSegment segment = Rows.Segments[index];
        var state = new PieceState(Team, worker, segment, Spec.HeadDim) { KeyHead = keyHead };
        if (!Heads(ref state, index))
        {
            state.SeenOnly = true;
            Heads(ref state, index);
        }

        StoreKeys(ref state);
    }

    /// <summary>All queries of a key/value head; whether their gradients and those of the keys are finite.</summary>
    private readonly bool Heads(ref PieceState state, int index)
    {
        AttentionSegment segment = state.Segment;
        PackKeys(ref state);
        int group = Spec.Heads / Spec.KeyValueHeads;
        bool finite = true;
        for (int g = 0; g < group; g++)
        {
            state.Head = state.KeyHead * group + g;
            if (BiasGradient != null)
            {
                int width = AttentionScores<T>.TableWidth(((AttentionBias.Relative)Spec.Bias!).MaxDistance);
                state.BiasRow = BiasGradient + (long)((index * Spec.KeyValueHeads + state.KeyHead) * group + g) * width;
                new Span<float>(state.BiasRow, width).Clear();
            }

            if (Additive != null)
                BeginAdditive(ref state, index);
            PackQueries(ref state);
            for (int key = 0; key < segment.Keys; key += Block)
            {
                for (int query = 0; query < segment.Queries; query += Block)
                {
                    if (Meet(segment, query, key))
                        Tile(ref state, query, key);
                }
            }

            if (SinkGradient != null)
                SinkGradient[(long)index * Spec.Heads + state.Head] = SinkSlope(state);
            finite &= IsFinite(state.Dq, segment.Queries * state.Stride);
            StoreQueries(ref state);
        }

        return finite && IsFinite(state.Dk, segment.Keys * state.Stride) && IsFinite(state.Dv, segment.Keys * state.Stride);
    }

    /// <summary>
    /// The gradient of a logit without a value: <c>-Σ_i p_i δ_i</c> over the queries, in order, with the weights p that it has.
    /// </summary>
    private readonly float SinkSlope(in PieceState state)
    {
        float slope = 0;
        for (int i = 0; i < state.Segment.Queries; i++)
            slope -= LaneMath<T>.Exp(SinkLogits[state.Head] - state.LogSumExp[i]) * state.Delta[i];
        return slope;
    }

    /// <summary>0 times what is not finite is NaN. Strides are multiples of 32.</summary>
    private static bool IsFinite(float* values, int count)
    {
        T zero = T.Broadcast(0f);
        T check = zero;
        for (int i = 0; i < count; i += 16)
            check = T.MultiplyAdd(T.Load(values + i), zero, check);
        return T.Sum(check) == 0;
    }

    /// <summary>Whether any query of a block sees any key of a block.</summary>
    private readonly bool Meet(AttentionSegment segment, int query, int key)
    {
        AttentionRowRange first = AttentionRowRange.Of(segment, query, Spec);
        AttentionRowRange last = AttentionRowRange.Of(segment, Math.Min(query + Block, segment.Queries) - 1, Spec);
        return key < last.Sinks || (first.First < key + Block && last.End > key);
    }

    private readonly void Tile(ref PieceState state, int firstQuery, int firstKey)
    {
        int queries = Math.Min(Block, state.Segment.Queries - firstQuery);
        int keys = Math.Min(Block, state.Segment.Keys - firstKey);
        int queryTiles = (queries + 7) & ~7;
        int pieces = (keys + 15) / 16;
        new Span<float>(state.P, TileFloats).Clear();
        new Span<float>(state.Ds, TileFloats).Clear();
        if (Additive == null)
            Product(state, state.QPacked, state.KPacked, state.P, firstQuery, queryTiles, firstKey, pieces);
        else
            Additives(state, firstQuery, queryTiles, firstKey, pieces);
        Product(state, state.DyPacked, state.VPacked, state.Ds, firstQuery, queryTiles, firstKey, pieces);
        for (int i = 0; i < queries; i++)
            Weights(state, firstQuery + i, firstKey, pieces, state.P + i * Block, state.Ds + i * Block);

        if (state.SeenOnly || Additive != null)
            AddSeen(state, firstQuery, queries, firstKey, keys);
        else
            AddTile(state, firstQuery, queries, firstKey, keys);
    }

    /// <summary>Adds what the weights of a tile give to dv, dk and dq.</summary>
    private static void AddTile(in PieceState state, int firstQuery, int queries, int firstKey, int keys)
    {
        int queryTiles = (queries + 7) & ~7;
        int keyTiles = (keys + 7) & ~7;
        int stride = state.Stride;
        for (int column = 0; column < stride; column += 32)
        {
            for (int j = 0; j < keyTiles; j += 8)
            {
                long at = (long)(firstKey + j) * stride + column;
                float* dyRows = state.DyRows + (long)firstQuery * stride + column;
                float* qRows = state.QRows + (long)firstQuery * stride + column;
                OuterProduct<T>.Add<TileLayouts.Columns64>(8, queries, state.P + j, dyRows, dyRows + 16, stride,
                    state.Dv + at, stride);
                OuterProduct<T>.Add<TileLayouts.Columns64>(8, queries, state.Ds + j, qRows, qRows + 16, stride,
                    state.Dk + at, stride);
            }

            for (int i = 0; i < queryTiles; i += 8)
            {
                float* kRows = state.KRows + (long)firstKey * stride + column;
                float* dq = state.Dq + (long)(firstQuery + i) * stride + column;
                OuterProduct<T>.Add<TileLayouts.Rows64>(8, keys, state.Ds + i * Block, kRows, kRows + 16, stride, dq, stride);
            }
        }
    }

    /// <summary>
    /// As <see cref="AddTile"/>, pair by pair of those that see each other: the same sums in the same order, without the zeros.
    /// </summary>
    private readonly void AddSeen(in PieceState state, int firstQuery, int queries, int firstKey, int keys)
    {
        for (int i = 0; i < queries; i++)
        {
            AttentionRowRange range = AttentionRowRange.Of(state.Segment, firstQuery + i, Spec);
            long query = (long)(firstQuery + i) * state.Stride;
            for (int j = 0; j < keys; j++)
            {
                if (!range.Sees(firstKey + j))
                    continue;
                long key = (long)(firstKey + j) * state.Stride;
                AddRow(state.P[i * Block + j], state.DyRows + query, state.Dv + key, state.Stride);
                if (Additive != null)
                {
                    AdditiveScores<T>.Backward(state.Ds[i * Block + j],
                        new AdditivePair(state.QRows + query, state.KRows + key, state.Additive),
                        new AdditivePair(state.Dq + query, state.Dk + key, state.AdditiveGradient), state.Stride);
                    continue;
                }

                AddRow(state.Ds[i * Block + j], state.QRows + query, state.Dk + key, state.Stride);
                AddRow(state.Ds[i * Block + j], state.KRows + key, state.Dq + query, state.Stride);
            }
        }
    }

    private static void AddRow(float factor, float* from, float* to, int length)
    {
        T weight = T.Broadcast(factor);
        for (int i = 0; i < length; i += 16)
            T.Store(T.MultiplyAdd(weight, T.Load(from + i), T.Load(to + i)), to + i);
    }

    /// <summary>Scores, or dy·v, of a tile: rows in sequence of d, keys in lanes.</summary>
    private readonly void Product(
        in PieceState state, float* left, float* right, float* tile, int firstQuery, int queryTiles, int firstKey, int pieces)
    {
        int d = Spec.HeadDim;
        for (int i = 0; i < queryTiles; i += 8)
        {
            for (int p = 0; p < pieces; p += 2)
            {
                float* b = right + (long)(firstKey + p * 16) * d;
                float* second = p + 1 < pieces ? b + 16 * d : b;
                OuterProduct<T>.Add<TileLayouts.Packed8>(
                    8, d, left + (long)(firstQuery + i) * d, b, second, 16, tile + i * Block + p * 16, Block);
            }
        }
    }

    /// <summary>Additive scores of a tile.</summary>
    private readonly void Additives(in PieceState state, int firstQuery, int queryTiles, int firstKey, int pieces)
    {
        int d = Spec.HeadDim;
        for (int i = 0; i < queryTiles; i += 8)
        {
            for (int p = 0; p < pieces; p++)
            {
                AdditiveScores<T>.Tile(8, d, state.QPacked + (long)(firstQuery + i) * d, state.Additive,
                    state.KPacked + (long)(firstKey + p * 16) * d, state.P + i * Block + p * 16, Block);
            }
        }
    }

    /// <summary>Turns raw scores into weights p and dy·v into the gradient of q·k, for one query.</summary>
    private readonly void Weights(in PieceState state, int query, int firstKey, int pieces, float* p, float* ds)
    {
        (int, int) row = Spec.Dropout.RowKeys((long)(state.Segment.QueryRow + query) * Spec.Heads + state.Head);
        AttentionRowRange range = AttentionRowRange.Of(state.Segment, query, Spec);
        T logSumExp = T.Broadcast(state.LogSumExp[query]);
        T delta = T.Broadcast(state.Delta[query]);
        T zero = T.Broadcast(0f);
        for (int piece = 0; piece < 4; piece++)
        {
            int first = firstKey + piece * 16;
            if (piece >= pieces || first >= range.End)
            {
                T.Store(zero, p + piece * 16);
                T.Store(zero, ds + piece * 16);
                continue;
            }

            T score = Scores.Shape(T.Load(p + piece * 16), state.Head, first, range.Position, out T capped);
            T weight = LaneMath<T>.Exp(score - logSumExp);
            T kept = Spec.Dropout.IsNone ? T.Broadcast(1f) : DropoutMask.Factors(Dropped, row, first);
            T gradient = weight * (T.Load(ds + piece * 16) * kept - delta);
            weight *= kept;
            T slope = T.Broadcast(1f);
            if (Spec.SoftCap > 0)
            {
                T t = capped / T.Broadcast(Spec.SoftCap);
                slope -= t * t;
            }

            if (!AttentionScores<T>.SeesAll(range, first, 16))
            {
                T mask = AttentionScores<T>.Mask(range, first);
                weight = T.And(mask, weight);
                gradient = T.And(mask, gradient);
                slope = T.And(mask, slope);
            }

            if (state.BiasRow != null)
                AddBias(state, gradient, first - range.Position, ds + piece * 16);
            if (Spec.SoftCap > 0)
                gradient *= slope;

            T.Store(weight, p + piece * 16);
            T.Store(gradient * T.Broadcast(Spec.Scale), ds + piece * 16);
        }
    }

    private readonly void AddBias(in PieceState state, T gradient, int distance, float* lanes)
    {
        T.Store(gradient, lanes);
        float* row = state.BiasRow + AttentionScores<T>.TableIndex(distance, ((AttentionBias.Relative)Spec.Bias!).MaxDistance);
        for (int i = 0; i < 16; i++)
            row[i] += lanes[i];
    }
}

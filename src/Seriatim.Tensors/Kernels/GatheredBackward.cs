namespace Seriatim.Tensors;

/// <summary>
/// Gradients of attention over gathered rows by recomputation from the saved log-sum-exp, in tiles of 64 queries x 64 keys, five
/// matrix products a tile.
/// </summary>
/// <remarks>
/// A part is one head of one sequence: its pieces, their blocks of queries and of keys go in sequence, and each block adds its
/// share to the rows of dk and dv, so nothing depends on the number of threads. Scratch is that of one tile, however long lists
/// are.
/// </remarks>
internal unsafe struct GatheredBackward<T> : IWork
    where T : struct, ILanes<T>
{
    private const int Block = AttentionTask.KeyBlock;

    public WorkerTeam Team;
    public GatheredRows Rows;
    public GatheredAttentionSpec Spec;
    public GatheredScores<T> Scores;
    public DropoutLanes<T> Dropped;
    public float* Q;
    public float* K;
    public float* V;
    public float* Y;
    public float* LogSumExp;
    public float* Dy;
    public float* DLogSumExp; // or null
    public float* Dq;
    public float* Dk;
    public float* Dv;

    public static void Run(
        WorkerTeam team, in GatheredBackwardOp op, GatheredRows rows, GatheredAttentionSpec spec, ReadOnlySpan<Tensor> results)
    {
        foreach (Tensor result in results)
            result.Span.Clear();
        var work = new GatheredBackward<T>
        {
            Team = team,
            Rows = rows,
            Spec = spec,
            Scores = new GatheredScores<T>(spec),
            Dropped = new DropoutLanes<T>(spec.Dropout),
            Q = op.Q.Floats,
            K = op.K.Floats,
            V = op.V.Floats,
            Y = op.Y.Floats,
            LogSumExp = op.LogSumExp.Floats,
            Dy = op.Dy.Floats,
            DLogSumExp = op.DLogSumExp is { } dLogSumExp ? dLogSumExp.Floats : null,
            Dq = results[0].Floats,
            Dk = results[1].Floats,
            Dv = results[2].Floats,
        };
        team.Run(rows.Segments.Count * spec.Heads, ref work, rows.Task!.Cost(spec.HeadDim) * 3);
    }

    public readonly void Do(int piece, int worker)
    {
        GatheredSegment segment = Rows.Segments[piece / Spec.Heads];
        int head = piece % Spec.Heads;
        var state = new PartState(Team.ScratchOf(worker), Spec.HeadDim, (segment.FirstRow, head, Spec.Heads));
        foreach (GatheredPiece part in segment.Pieces)
        {
            if (head < part.FirstHead || head >= part.FirstHead + part.Heads)
                continue;
            state.Piece = part;
            for (int query = 0; query < part.Queries.Length; query += Block)
                Queries(ref state, query, Math.Min(Block, part.Queries.Length - query));
        }
    }

    /// <summary>A block of queries with all blocks of keys that any of them sees.</summary>
    private readonly void Queries(ref PartState state, int first, int count)
    {
        PackQueries(ref state, first, count);
        (int start, int end) = (int.MaxValue, state.Piece.Always);
        for (int i = 0; i < count; i++)
        {
            AttentionRowRange range = state.Piece.RangeOf(first + i);
            state.Ranges[i] = range;
            if (range.First >= range.End)
                continue;
            start = Math.Min(start, range.First);
            end = Math.Max(end, range.End);
        }

        for (int key = 0; key < end; key += Block)
        {
            if (key < state.Piece.Always || key + Block > start)
                Tile(state, count, key, Math.Min(Block, end - key));
        }

        int d = Spec.HeadDim;
        for (int i = 0; i < count; i++)
        {
            float* to = Dq + state.Start + (long)state.Piece.Queries[first + i] * state.Columns;
            new ReadOnlySpan<float>(state.Dq + (long)i * state.Stride, d).CopyTo(new Span<float>(to, d));
        }
    }

    private readonly void PackQueries(ref PartState state, int first, int count)
    {
        int d = Spec.HeadDim;
        ReadOnlySpan<int> queries = state.Piece.Queries.AsSpan(first, count);
        GatheredScores<T>.Rows(Q + state.Start, state.Columns, queries, d, state.QRows, state.Stride);
        GatheredScores<T>.Rows(Dy + state.Start, state.Columns, queries, d, state.DyRows, state.Stride);
        int tiles = (count + 7) & ~7;
        new Span<float>(state.QPacked, tiles * d).Clear();
        new Span<float>(state.DyPacked, tiles * d).Clear();
        for (int i = 0; i < count; i += 8)
        {
            int rows = Math.Min(8, count - i);
            Transpose.Block(state.QRows + i * state.Stride, state.Stride, rows, d, state.QPacked + i * d, 8);
            Transpose.Block(state.DyRows + i * state.Stride, state.Stride, rows, d, state.DyPacked + i * d, 8);
        }

        // The forward pass multiplied the queries by the scale before the products: the same here, for the same bits.
        T scale = T.Broadcast(Spec.Scale);
        for (int i = 0; i < tiles * d; i += 16)
            RowKernel.Store(RowKernel.Load<T>(state.QPacked + i, tiles * d - i) * scale, state.QPacked + i, tiles * d - i);
        for (int i = 0; i < count; i++)
        {
            float* y = Y + state.Start + (long)queries[i] * state.Columns;
            T sum = T.Broadcast(0f);
            for (int e = 0; e < d; e += 16)
                sum = T.MultiplyAdd(T.Load(state.DyRows + i * state.Stride + e), RowKernel.Load<T>(y + e, d - e), sum);
            long place = (long)(state.FirstRow + queries[i]) * Spec.Heads + state.Head;
            state.Delta[i] = T.Sum(sum) - (DLogSumExp == null ? 0 : DLogSumExp[place]);
            state.LogSumExp[i] = LogSumExp[place];
            state.Place[i] = place;
        }

        state.QueriesAreFinite = GatheredScores<T>.IsFinite(state.QRows, count * state.Stride)
            && GatheredScores<T>.IsFinite(state.DyRows, count * state.Stride);
        new Span<float>(state.Dq, tiles * state.Stride).Clear();
    }

    private readonly void Tile(in PartState state, int queries, int firstKey, int count)
    {
        int d = Spec.HeadDim;
        int stride = state.Stride;
        ReadOnlySpan<int> keys = state.Piece.Keys.AsSpan(firstKey, count);
        GatheredScores<T>.Panels(K + state.Start, state.Columns, keys, d, state.KPacked, state.Spare);
        GatheredScores<T>.Panels(V + state.Start, state.Columns, keys, d, state.VPacked, state.Spare);
        GatheredScores<T>.Rows(K + state.Start, state.Columns, keys, d, state.KRows, stride);
        Scores.Positions(keys, state.Positions);
        new Span<float>(state.P, Block * Block).Clear();
        new Span<float>(state.Ds, Block * Block).Clear();
        int panels = (count + 15) / 16;
        Product(d, state.QPacked, state.KPacked, state.P, queries, panels);
        Product(d, state.DyPacked, state.VPacked, state.Ds, queries, panels);
        for (int i = 0; i < queries; i++)
            Weights(state, i, firstKey, panels, state.P + i * Block, state.Ds + i * Block);

        int keyTiles = (count + 7) & ~7;
        new Span<float>(state.Dk, keyTiles * stride).Clear();
        new Span<float>(state.Dv, keyTiles * stride).Clear();
        if (state.QueriesAreFinite && GatheredScores<T>.IsFinite(state.KRows, count * stride))
            AddTile(state, queries, count);
        else
            AddSeen(state, queries, firstKey, keys);
        for (int j = 0; j < count; j++)
        {
            long to = state.Start + (long)keys[j] * state.Columns;
            AddRow(state.Dk + j * stride, Dk + to, d);
            AddRow(state.Dv + j * stride, Dv + to, d);
        }
    }

    /// <summary>Adds what the weights of a tile give to dv, dk and dq.</summary>
    private static void AddTile(in PartState state, int queries, int count)
    {
        int stride = state.Stride;
        int keyTiles = (count + 7) & ~7;
        for (int column = 0; column < stride; column += 32)
        {
            float* dy = state.DyRows + column;
            float* q = state.QRows + column;
            for (int j = 0; j < keyTiles; j += 8)
            {
                int at = j * stride + column;
                OuterProduct<T>.Add<TileLayouts.Columns64>(8, queries, state.P + j, dy, dy + 16, stride, state.Dv + at, stride);
                OuterProduct<T>.Add<TileLayouts.Columns64>(8, queries, state.Ds + j, q, q + 16, stride, state.Dk + at, stride);
            }

            float* k = state.KRows + column;
            for (int i = 0; i < queries; i += 8)
            {
                OuterProduct<T>.Add<TileLayouts.Rows64>(
                    8, count, state.Ds + i * Block, k, k + 16, stride, state.Dq + i * stride + column, stride);
            }
        }

    }

    /// <summary>
    /// The same sums in the same order without the pairs that do not see each other: 0 times infinity is not 0.
    /// </summary>
    private readonly void AddSeen(in PartState state, int queries, int firstKey, ReadOnlySpan<int> keys)
    {
        int stride = state.Stride;
        for (int i = 0; i < queries; i++)
        {
            AttentionRowRange range = state.Ranges[i];
            for (int j = 0; j < keys.Length; j++)
            {
                if (!Scores.Sees(range, firstKey + j, keys[j]))
                    continue;
                float p = state.P[i * Block + j], ds = state.Ds[i * Block + j];
                GatheredScores<T>.AddRow(p, state.DyRows + i * stride, state.Dv + j * stride, stride);
                GatheredScores<T>.AddRow(ds, state.QRows + i * stride, state.Dk + j * stride, stride);
                GatheredScores<T>.AddRow(ds, state.KRows + j * stride, state.Dq + i * stride, stride);
            }
        }
    }

    private static void AddRow(float* from, float* to, int length)
    {
        for (int i = 0; i < length; i += 16)
            RowKernel.Store(RowKernel.Load<T>(to + i, length - i) + T.Load(from + i), to + i, length - i);
    }

    /// <summary>Scores, or dy·v, of a tile: rows in sequence of d, keys in lanes.</summary>
    private static void Product(int d, float* left, float* right, float* tile, int queries, int panels)
    {
        for (int i = 0; i < queries; i += 8)
        {
            for (int p = 0; p < panels; p += 2)
            {
                float* b = right + p * 16 * d;
                float* second = p + 1 < panels ? b + 16 * d : b;
                OuterProduct<T>.Add<TileLayouts.Packed8>(8, d, left + i * d, b, second, 16, tile + i * Block + p * 16, Block);
            }
        }
    }

    /// <summary>Turns raw scores into weights p and dy·v into the gradient of q·k, for one query.</summary>
    private readonly void Weights(in PartState state, int query, int firstKey, int panels, float* p, float* ds)
    {
        AttentionRowRange range = state.Ranges[query];
        (int, int) row = Spec.Dropout.RowKeys(state.Place[query]);
        T logSumExp = T.Broadcast(state.LogSumExp[query]);
        T delta = T.Broadcast(state.Delta[query]);
        T zero = T.Broadcast(0f);
        for (int panel = 0; panel < Block / 16; panel++)
        {
            int place = firstKey + panel * 16;
            float* positions = state.Positions + panel * 16;
            if (panel >= panels)
            {
                T.Store(zero, p + panel * 16);
                T.Store(zero, ds + panel * 16);
                continue;
            }

            T score = Scores.Shape(T.Load(p + panel * 16), range, positions);
            T weight = LaneMath<T>.Exp(score - logSumExp);
            T kept = Spec.Dropout.IsNone ? T.Broadcast(1f) : DropoutMask.Factors(Dropped, row, place);
            T gradient = Scores.Slope(weight * (T.Load(ds + panel * 16) * kept - delta), range, positions);
            weight *= kept;
            if (!Scores.SeesAll(range, place))
            {
                T mask = Scores.Mask(range, place, positions);
                weight = T.And(mask, weight);
                gradient = T.And(mask, gradient);
            }

            T.Store(weight, p + panel * 16);
            T.Store(gradient * T.Broadcast(Spec.Scale), ds + panel * 16);
        }
    }

    /// <summary>The scratch of one part: what a tile of 64 x 64 needs. Row strides are D rounded up to 32.</summary>
    private struct PartState
    {
        public readonly int Stride, Columns, FirstRow, Head;
        public readonly long Start; // of the sequence's rows, at the head
        public readonly float* P, Ds, QPacked, DyPacked, QRows, DyRows, Dq, KPacked, VPacked, KRows, Dk, Dv;
        public readonly float* Delta, LogSumExp, Positions, Spare;
        public readonly AttentionRowRange* Ranges;
        public readonly long* Place; // of a query in the log-sum-exps
        public GatheredPiece Piece;
        public bool QueriesAreFinite;

        public PartState(Scratch scratch, int d, (int FirstRow, int Head, int Heads) at)
        {
            (FirstRow, Head, Columns, Stride) = (at.FirstRow, at.Head, at.Heads * d, (d + 31) & ~31);
            Start = (long)FirstRow * Columns + Head * d;
            Piece = null!;
            P = scratch.Take(Block * Block);
            Ds = scratch.Take(Block * Block);
            QPacked = scratch.Take(Block * d);
            DyPacked = scratch.Take(Block * d);
            QRows = scratch.Take(Block * Stride);
            DyRows = scratch.Take(Block * Stride);
            Dq = scratch.Take(Block * Stride);
            KPacked = scratch.Take(Block * d);
            VPacked = scratch.Take(Block * d);
            KRows = scratch.Take(Block * Stride);
            Dk = scratch.Take(Block * Stride);
            Dv = scratch.Take(Block * Stride);
            Delta = scratch.Take(Block);
            LogSumExp = scratch.Take(Block);
            Positions = scratch.Take(Block);
            Spare = scratch.Take(16 * d);
            Ranges = (AttentionRowRange*)scratch.Take(Block * sizeof(AttentionRowRange) / sizeof(float));
            Place = (long*)scratch.Take(Block * 2);
        }
    }
}

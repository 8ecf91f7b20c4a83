namespace Seriatim.Tensors;

internal unsafe partial struct AttentionBackward<T>
{
    private readonly void PackKeys(ref PieceState state)
    {
        int d = Spec.HeadDim;
        int columns = Spec.KeyValueHeads * d;
        int keys = state.Segment.Keys;
        float* k = K + (long)state.Segment.KeyRow * columns + state.KeyHead * d;
        float* v = V + (long)state.Segment.KeyRow * columns + state.KeyHead * d;
        for (int first = 0; first < keys; first += 16)
        {
            int count = Math.Min(16, keys - first);
            Transpose.Block(k + (long)first * columns, columns, count, d, state.KPacked + (long)first * d, 16);
            Transpose.Block(v + (long)first * columns, columns, count, d, state.VPacked + (long)first * d, 16);
        }

        CopyRows(k, columns, keys, state.KRows, d, state.Stride);
        new Span<float>(state.Dk, state.KeyRows * state.Stride).Clear();
        new Span<float>(state.Dv, state.KeyRows * state.Stride).Clear();
    }

    /// <summary>The vector of the head, filled up with zeros, and no gradient of it yet.</summary>
    private readonly void BeginAdditive(ref PieceState state, int segment)
    {
        CopyRows(Additive + state.Head * Spec.HeadDim, 0, 1, state.Additive, Spec.HeadDim, state.Stride);
        state.AdditiveGradient = AdditiveGradient + ((long)segment * Spec.Heads + state.Head) * state.Stride;
        new Span<float>(state.AdditiveGradient, state.Stride).Clear();
    }

    private readonly void PackQueries(ref PieceState state)
    {
        int d = Spec.HeadDim;
        int columns = Spec.Heads * d;
        int queries = state.Segment.Queries;
        long start = (long)state.Segment.QueryRow * columns + state.Head * d;
        CopyRows(Q + start, columns, queries, state.QRows, d, state.Stride);
        CopyRows(Dy + start, columns, queries, state.DyRows, d, state.Stride);
        for (int first = 0; first < queries; first += 8)
        {
            int count = Math.Min(8, queries - first);
            new Span<float>(state.QPacked + (long)first * d, 8 * d).Clear();
            new Span<float>(state.DyPacked + (long)first * d, 8 * d).Clear();
            Transpose.Block(Q + start + (long)first * columns, columns, count, d, state.QPacked + (long)first * d, 8);
            Transpose.Block(Dy + start + (long)first * columns, columns, count, d, state.DyPacked + (long)first * d, 8);
        }

        // The forward pass multiplied the queries by the scale before the products: the same here, for the same bits.
        T scale = T.Broadcast(Spec.Scale);
        int packed = ((queries + 7) & ~7) * d;
        for (int i = 0; i < packed; i += 16)
            RowKernel.Store(RowKernel.Load<T>(state.QPacked + i, packed - i) * scale, state.QPacked + i, packed - i);
        for (int i = 0; i < queries; i++)
        {
            float* dy = Dy + start + (long)i * columns;
            float* y = Y + start + (long)i * columns;
            T sum = T.Broadcast(0f);
            for (int e = 0; e < d; e += 16)
                sum = T.MultiplyAdd(RowKernel.Load<T>(dy + e, d - e), RowKernel.Load<T>(y + e, d - e), sum);
            state.Delta[i] = T.Sum(sum);
            state.LogSumExp[i] = LogSumExp[(long)(state.Segment.QueryRow + i) * Spec.Heads + state.Head];
        }

        new Span<float>(state.Dq, state.QueryRows * state.Stride).Clear();
    }

    private readonly void StoreQueries(ref PieceState state)
    {
        int d = Spec.HeadDim;
        for (int i = 0; i < state.Segment.Queries; i++)
        {
            float* to = Dq + ((long)(state.Segment.QueryRow + i) * Spec.Heads + state.Head) * d;
            new ReadOnlySpan<float>(state.Dq + (long)i * state.Stride, d).CopyTo(new Span<float>(to, d));
        }
    }

    /// <summary>Adds, because several segments may read the same keys (one encoder sequence, several targets).</summary>
    private readonly void StoreKeys(ref PieceState state)
    {
        int d = Spec.HeadDim;
        for (int j = 0; j < state.Segment.Keys; j++)
        {
            long to = ((long)(state.Segment.KeyRow + j) * Spec.KeyValueHeads + state.KeyHead) * d;
            for (int i = 0; i < d; i++)
            {
                Dk[to + i] += state.Dk[(long)j * state.Stride + i];
                Dv[to + i] += state.Dv[(long)j * state.Stride + i];
            }
        }
    }

    private static void CopyRows(float* from, int fromStride, int rows, float* to, int columns, int stride)
    {
        for (int row = 0; row < rows; row++)
        {
            var target = new Span<float>(to + (long)row * stride, stride);
            new ReadOnlySpan<float>(from + (long)row * fromStride, columns).CopyTo(target);
            target[columns..].Clear();
        }
    }

    /// <summary>The scratch of one piece. Row strides are D rounded up to 32; rows are rounded up to whole tiles.</summary>
    private struct PieceState
    {
        public readonly AttentionSegment Segment;
        public readonly int Stride, QueryRows, KeyRows;
        public readonly float* P, Ds, QPacked, DyPacked, QRows, DyRows, Dq, KPacked, VPacked, KRows, Dk, Dv, Delta,
            LogSumExp, Additive;
        public float* BiasRow, AdditiveGradient;
        public int KeyHead, Head;
        public bool SeenOnly; // pairs that do not see each other add nothing, not even zeros

        public PieceState(WorkerTeam team, int worker, AttentionSegment segment, int d)
        {
            Segment = segment;
            Stride = StrideOf(d);
            QueryRows = (segment.Queries + 7) & ~7;
            KeyRows = (segment.Keys + 15) & ~15;
            long packedQueries = ((long)QueryRows * d + 15) & ~15L;
            long packedKeys = (long)KeyRows * d;
            long queryRows = (long)QueryRows * Stride;
            long keyRows = (long)KeyRows * Stride;
            long perQuery = (QueryRows + 15) & ~15;
            Scratch scratch = team.ScratchOf(worker);
            P = scratch.Take(TileFloats);
            Ds = scratch.Take(TileFloats);
            QPacked = scratch.Take(packedQueries);
            DyPacked = scratch.Take(packedQueries);
            QRows = scratch.Take(queryRows);
            DyRows = scratch.Take(queryRows);
            Dq = scratch.Take(queryRows);
            KPacked = scratch.Take(packedKeys);
            VPacked = scratch.Take(packedKeys);
            KRows = scratch.Take(keyRows);
            Dk = scratch.Take(keyRows);
            Dv = scratch.Take(keyRows);
            Delta = scratch.Take(perQuery);
            LogSumExp = scratch.Take(perQuery);
            Additive = scratch.Take(Stride);
        }

        public static int StrideOf(int d) => (d + 31) & ~31;
    }
}

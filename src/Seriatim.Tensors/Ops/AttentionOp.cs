namespace Seriatim.Tensors;

/// <summary>
/// <c>y_i = Σ_j p_ij v_j</c> with <c>p_i = softmax_j(s_ij)</c>, <c>s_ij = cap(scale · q_i·k_j) + bias(j - i)</c> over the keys that
/// query i sees (Vaswani et al., 2017, equation 1). Backward, with <c>dp_ij = dy_i·v_j</c> and <c>δ_i = dy_i·y_i</c>:
/// <c>ds_ij = p_ij (dp_ij - δ_i)</c>, <c>dv_j = Σ_i p_ij dy_i</c>, <c>dq_i = scale Σ_j ds_ij cap' k_j</c>, <c>dk_j = scale Σ_i ds_ij cap' q_i</c>.
/// </summary>
/// <remarks>
/// Shapes: q, y [N, H·D], k and v [M, K·D], log-sum-exp [N, H]. Saved for backward: q, k, v, y, log-sum-exp. A query that sees no
/// key gives zeros. The fast kernels are in AttentionForward and AttentionBackward; this file holds the checks, the
/// store into pages and the plain reference.
/// </remarks>
internal static unsafe class AttentionOp
{
    public static Tensor Forward<T>(
        WorkerTeam team, Tensor q, Tensor? k, Tensor? v, AttentionRows rows, int layer, AttentionSpec spec, Tensor? sinkQ, out Tensor logSumExp)
        where T : struct, ILanes<T>
    {
        Check(q, k, v, rows, spec, sinkQ);
        CheckPool(rows, layer);
        Store(team, k, v, rows, layer);
        return AttentionForward<T>.Run(team, q, k, v, rows, layer, spec, sinkQ, out logSumExp);
    }

    public static (Tensor Dq, Tensor Dk, Tensor Dv) Backward<T>(
        WorkerTeam team, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, AttentionRows rows, AttentionSpec spec, Tensor dy)
        where T : struct, ILanes<T>
    {
        CheckBackward(q, k, v, y, logSumExp, rows, spec, dy);
        return AttentionBackward<T>.Run(team, q, k, v, y, logSumExp, rows, spec, dy);
    }

    public static Tensor Reference(
        Tensor q, Tensor? k, Tensor? v, AttentionRows rows, int layer, AttentionSpec spec, Tensor? sinkQ, out Tensor logSumExp)
    {
        Check(q, k, v, rows, spec, sinkQ);
        CheckPool(rows, layer);
        Store(null, k, v, rows, layer);
        Tensor y = Tensor.Zeros(q.Rows, q.Columns);
        logSumExp = Tensor.Create(q.Rows, spec.Heads);
        foreach (AttentionSegment segment in rows.Segments)
        {
            for (int row = 0; row < segment.Queries; row++)
            {
                AttentionRowRange range = AttentionRowRange.Of(segment, row, spec);
                for (int head = 0; head < spec.Heads; head++)
                {
                    var keys = new KeyReader(k, v, rows.Pool, segment, layer, spec, head);
                    logSumExp.Row(segment.QueryRow + row)[head] = ReferenceRow(q, sinkQ ?? q, y, segment, row, head, range, keys, spec);
                }
            }
        }

        return y;
    }

    public static (Tensor, Tensor, Tensor) ReferenceBackward(
        Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, AttentionRows rows, AttentionSpec spec, Tensor dy)
    {
        CheckBackward(q, k, v, y, logSumExp, rows, spec, dy);
        double[] dq = new double[q.Length];
        double[] dk = new double[k.Length];
        double[] dv = new double[v.Length];
        double[] dtable = new double[(spec.Bias as AttentionBias.Relative)?.Table.Data.Length ?? 0];
        int d = spec.HeadDim;
        foreach (AttentionSegment segment in rows.Segments)
        {
            for (int row = 0; row < segment.Queries; row++)
            {
                AttentionRowRange range = AttentionRowRange.Of(segment, row, spec);
                for (int head = 0; head < spec.Heads; head++)
                {
                    int n = segment.QueryRow + row;
                    int keyHead = head / (spec.Heads / spec.KeyValueHeads);
                    ReadOnlySpan<float> query = q.Row(n).Slice(head * d, d);
                    ReadOnlySpan<float> dout = dy.Row(n).Slice(head * d, d);
                    double delta = Dot(dout, y.Row(n).Slice(head * d, d));
                    for (int position = 0; position < range.End; position++)
                    {
                        if (!range.Sees(position))
                            continue;
                        int m = segment.KeyRow + AttentionRowRange.StoredAt(segment, row, position);
                        ReadOnlySpan<float> key = k.Row(m).Slice(keyHead * d, d);
                        ReadOnlySpan<float> value = v.Row(m).Slice(keyHead * d, d);
                        double score = Score(query, key, spec, head, position - range.Position, out double slope);
                        double p = Math.Exp(score - logSumExp.Row(n)[head]);
                        float kept = spec.Dropout.FactorOf((long)n * spec.Heads + head, position);
                        double ds = p * (Dot(dout, value) * kept - delta);
                        if (spec.Bias is AttentionBias.Relative relative)
                            dtable[relative.Bucket(position - range.Position) * relative.Table.Columns + head] += ds;
                        for (int i = 0; i < d; i++)
                        {
                            dq[(long)n * q.Columns + head * d + i] += ds * slope * key[i];
                            dk[(long)m * k.Columns + keyHead * d + i] += ds * slope * query[i];
                            dv[(long)m * v.Columns + keyHead * d + i] += p * kept * dout[i];
                        }
                    }
                }
            }
        }

        if (spec.Bias is AttentionBias.Relative { Table: { Trainable: true } table })
        {
            for (int i = 0; i < dtable.Length; i++)
                table.GradientOrZeros().Span[i] += (float)dtable[i];
        }

        return (Rounded(dq, q), Rounded(dk, k), Rounded(dv, v));
    }

    /// <summary>Writes the new keys and values of segments with pages to their places in the pool.</summary>
    public static void Store(WorkerTeam? team, Tensor? k, Tensor? v, AttentionRows rows, int layer)
    {
        if (rows.Pool is not { } pool || k is null || v is null)
            return;
        foreach (AttentionSegment segment in rows.Segments)
        {
            if (segment.Pages is null)
                continue;
            var work = new StoreWork { Pool = pool, Segment = segment, K = k, V = v, Layer = layer };
            int pieces = (segment.Keys + StoreWork.RowsPerPiece - 1) / StoreWork.RowsPerPiece;
            if (team is not null)
            {
                team.Run(pieces, ref work, (long)segment.Keys * k.Columns * 2);
                continue;
            }

            for (int piece = 0; piece < pieces; piece++)
                work.Do(piece, 0);
        }
    }

    public static void Check(Tensor q, Tensor? k, Tensor? v, AttentionRows rows, AttentionSpec spec, Tensor? sinkQ = null)
    {
        ShapeMismatchException.Require(spec.KeyValueHeads > 0 && spec.Heads > 0 && spec.Heads % spec.KeyValueHeads == 0, "Attention",
            "the number of query heads", $"{spec.Heads}", $"a multiple of {spec.KeyValueHeads} key/value heads");
        ShapeMismatchException.Require(spec.HeadDim > 0, "Attention", "the head dimension", $"{spec.HeadDim}", $"at least 1");
        OpShapes.RequireColumns(q, spec.Heads * spec.HeadDim, "Attention", "q", spec);
        if (sinkQ is not null)
            OpShapes.RequireSame(q, sinkQ, "Attention", "the queries for the sinks");
        CheckBias(spec);
        int keyRows = k?.Rows ?? 0;
        if ((k is null) != (v is null))
        {
            string given = k is null ? $"values {v} without keys" : $"keys {k} without values";
            throw new ArgumentException($"Attention: {given} were given; give both or neither.");
        }

        if (k is not null && v is not null)
        {
            OpShapes.RequireColumns(k, spec.KeyValueHeads * spec.HeadDim, "Attention", "k", spec);
            OpShapes.RequireSame(k, v, "Attention", "v");
        }

        if (rows.Pool is { } pool)
        {
            ShapeMismatchException.Require(pool.Heads == spec.KeyValueHeads && pool.HeadDim == spec.HeadDim, "Attention",
                "the pool of pages", $"{pool.Heads} heads x {pool.HeadDim}", $"{spec.KeyValueHeads} heads x {spec.HeadDim}");
        }

        int next = 0;
        foreach (AttentionSegment s in rows.Segments)
        {
            ShapeMismatchException.Require(s.QueryRow == next && s.Queries >= 0 && s.Queries <= q.Rows - next, "Attention",
                "a segment", $"rows {s.QueryRow} to {s.QueryRow + s.Queries}", $"a range that starts at {next} and ends by {q.Rows}");
            next += s.Queries;
            ShapeMismatchException.Require(s.Keys >= 0 && s.KeyRow >= 0 && s.Keys <= keyRows - s.KeyRow, "Attention",
                "the keys of a segment", $"rows {s.KeyRow} to {s.KeyRow + s.Keys}", $"a range within the {keyRows} rows of k");
            CheckMemory(s, rows.Pool);
        }

        DropoutOp.Check(spec.Dropout);
        if (!spec.Dropout.IsNone && rows.Pool is not null)
            throw new ArgumentException("Attention: dropout is for training; a call with stored keys and values has none.");
        ShapeMismatchException.Require(next == q.Rows, "Attention", "the end of the last segment", $"{next}", $"{q.Rows}, the rows of q,");
    }

    public static void CheckBackward(
        Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, AttentionRows rows, AttentionSpec spec, Tensor dy)
    {
        Check(q, k, v, rows, spec);
        OpShapes.RequireSame(q, y, "Attention backward", "y");
        OpShapes.RequireSame(q, dy, "Attention backward", "dy");
        OpShapes.Require(logSumExp, q.Rows, spec.Heads, "Attention backward", "the log-sum-exp");
        if (rows.Pool is not null || rows.Segments.Any(segment => segment.Visibility == Visibility.Tree || segment.Window > 0))
            throw new InvalidOperationException("Attention has no gradient through stored keys and values, nor through trees and windows of segments.");
    }

    /// <summary>What the bias adds to the score of a key at a distance <c>j - i</c>.</summary>
    public static float BiasOf(AttentionBias? bias, int head, int distance) => bias switch
    {
        AttentionBias.Alibi alibi => alibi.Slopes[head] * distance,
        AttentionBias.Relative relative => relative.Table.Data.Span[relative.Bucket(distance) * relative.Table.Columns + head],
        _ => 0,
    };

    /// <summary>That there is a number for every head, and for every distance a bucket.</summary>
    private static void CheckBias(AttentionSpec spec)
    {
        if (spec.Bias is AttentionBias.Alibi alibi)
        {
            ShapeMismatchException.Require(alibi.Slopes.Length == spec.Heads, "Attention", "the list of slopes",
                $"{alibi.Slopes.Length} long", $"{spec.Heads}, one a head,");
        }
        else if (spec.Bias is AttentionBias.Relative relative)
        {
            int least = relative.Bidirectional ? 4 : 2, exact = relative.Table.Rows / least;
            ShapeMismatchException.Require(relative.Table.Rows >= least && relative.Table.Columns == spec.Heads, "Attention",
                "the relative bias", $"{relative.Table}", $"[at least {least}, {spec.Heads}]");
            ShapeMismatchException.Require(relative.MaxDistance > exact, "Attention", "the largest distance of the relative bias",
                $"{relative.MaxDistance}", $"more than {exact}, the buckets for one distance each,");
        }
    }

    /// <summary>That the layer and the memory of the pool exist. Page numbers are checked where they are used.</summary>
    private static void CheckPool(AttentionRows rows, int layer)
    {
        if (rows.Pool is not { } pool)
            return;
        ObjectDisposedException.ThrowIf(pool.IsDisposed, pool);
        if ((uint)layer >= (uint)pool.Layers)
        {
            throw new ArgumentOutOfRangeException(
                nameof(layer), $"Attention: layer {layer}; the pool of pages has the layers 0 to {pool.Layers - 1}.");
        }
    }

    private static void CheckMemory(AttentionSegment s, KeyValuePool? pool)
    {
        if (s.Pages is null)
        {
            if (s.Past != 0)
                throw new ArgumentException($"Attention: a segment without pages has a past of {s.Past}; only 0 is possible.");
            ShapeMismatchException.Require(s.Visibility == Visibility.Full || s.Queries <= s.Keys,
                "Attention", "the queries of a segment without pages", $"{s.Queries}", $"at most its {s.Keys} keys");
        }
        else
        {
            if (pool is null)
                throw new ArgumentException("Attention: a segment has pages but the call has no pool.");
            ShapeMismatchException.Require(s.Past >= 0, "Attention", "the past of a segment", $"{s.Past}", $"at least 0");
            long rows = (long)s.Past + (s.Visibility == Visibility.Full ? s.Keys : Math.Max(s.Keys, s.Queries));
            long needed = (rows + pool.PageSize - 1) / pool.PageSize;
            ShapeMismatchException.Require(s.Pages.Count >= needed, "Attention", "the page table of a segment",
                $"{s.Pages.Count} pages long", $"at least {needed}");
        }

        if (s.Visibility == Visibility.Tree)
        {
            ShapeMismatchException.Require(s.Parents?.Length == s.Keys && s.Queries == s.Keys, "Attention", "the tree of a segment",
                $"{s.Parents?.Length ?? 0} parents long", $"{s.Keys}, one for each row,");
            for (int i = 0; i < s.Parents!.Length; i++)
                ShapeMismatchException.Require(s.Parents[i] >= -1 && s.Parents[i] < i, "Attention", "the parent of a tree row", $"{s.Parents[i]} (tree row {i})", $"-1 to {i - 1}");
        }
    }

    private static float ReferenceRow(
        Tensor q, Tensor sinkQ, Tensor y, AttentionSegment segment, int row, int head, AttentionRowRange range, KeyReader keys, AttentionSpec spec)
    {
        int d = spec.HeadDim;
        ReadOnlySpan<float> query = q.Row(segment.QueryRow + row).Slice(head * d, d);
        ReadOnlySpan<float> sinkQuery = sinkQ.Row(segment.QueryRow + row).Slice(head * d, d);
        double[] scores = new double[range.End];
        double max = double.NegativeInfinity;
        for (int j = 0; j < range.End; j++)
        {
            scores[j] = range.Sees(j)
                ? Score(j < range.Sinks && range.SinkPosition != range.Position ? sinkQuery : query,
                    keys.Key(AttentionRowRange.StoredAt(segment, row, j)), spec, head, j - range.PositionFor(j), out _)
                : double.NegativeInfinity;
            max = Math.Max(max, scores[j]);
        }

        if (double.IsNegativeInfinity(max))
            return float.NegativeInfinity;
        double[] sums = new double[d];
        double total = 0;
        for (int j = 0; j < range.End; j++)
        {
            if (!range.Sees(j))
                continue;
            double p = Math.Exp(scores[j] - max);
            total += p;
            p *= spec.Dropout.FactorOf((long)(segment.QueryRow + row) * spec.Heads + head, j);
            ReadOnlySpan<float> value = keys.Value(AttentionRowRange.StoredAt(segment, row, j));
            for (int i = 0; i < d; i++)
                sums[i] += p * value[i];
        }

        Span<float> result = y.Row(segment.QueryRow + row).Slice(head * d, d);
        for (int i = 0; i < d; i++)
            result[i] = (float)(sums[i] / total);
        return (float)(max + Math.Log(total));
    }

    /// <summary>The score, and its slope with respect to q·k.</summary>
    private static double Score(
        ReadOnlySpan<float> query, ReadOnlySpan<float> key, AttentionSpec spec, int head, int distance, out double slope)
    {
        double score = spec.Scale * Dot(query, key);
        slope = spec.Scale;
        if (spec.SoftCap > 0)
        {
            double t = Math.Tanh(score / spec.SoftCap);
            score = spec.SoftCap * t;
            slope *= 1 - t * t;
        }

        return score + BiasOf(spec.Bias, head, distance);
    }

    private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += (double)a[i] * b[i];
        return sum;
    }

    private static Tensor Rounded(double[] values, Tensor like)
    {
        Tensor result = Tensor.Create(like.Rows, like.Columns);
        for (int i = 0; i < values.Length; i++)
            result.Span[i] = (float)values[i];
        return result;
    }

    /// <summary>Reads keys and values of one head where they are stored: in pages, or in the rows of this call.</summary>
    private readonly ref struct KeyReader(
        Tensor? k, Tensor? v, KeyValuePool? pool, AttentionSegment segment, int layer, AttentionSpec spec, int head)
    {
        private readonly int _keyHead = head / (spec.Heads / spec.KeyValueHeads);
        private readonly int _d = spec.HeadDim;

        public ReadOnlySpan<float> Key(int position)
        {
            if (segment.Pages is null)
                return k!.Row(segment.KeyRow + position).Slice(_keyHead * _d, _d);
            float[] key = new float[_d];
            fixed (float* to = key)
                pool!.LoadKey(pool.Checked(segment.Pages[position / pool.PageSize]), layer, _keyHead, position % pool.PageSize, to, 1);
            return key;
        }

        public ReadOnlySpan<float> Value(int position)
        {
            if (segment.Pages is null)
                return v!.Row(segment.KeyRow + position).Slice(_keyHead * _d, _d);
            float[] value = new float[KeyValuePool.PaddedDim(_d)];
            fixed (float* to = value)
                pool!.LoadValue(pool.Checked(segment.Pages[position / pool.PageSize]), layer, _keyHead, position % pool.PageSize, to);
            return value.AsSpan(0, _d);
        }
    }

    /// <summary>Stores some rows of one segment; every row has its own place.</summary>
    private struct StoreWork : IWork
    {
        public const int RowsPerPiece = 32;

        public KeyValuePool Pool;
        public AttentionSegment Segment;
        public Tensor K, V;
        public int Layer;

        public readonly void Do(int piece, int worker)
        {
            int end = Math.Min(Segment.Keys, (piece + 1) * RowsPerPiece);
            for (int row = piece * RowsPerPiece; row < end; row++)
            {
                int position = Segment.Past + row;
                int page = Segment.Pages![position / Pool.PageSize];
                if ((uint)page >= (uint)Pool.Pages)
                {
                    throw new ArgumentOutOfRangeException(nameof(Segment),
                        $"Attention: position {position} belongs to page {page}; the pool has the pages 0 to {Pool.Pages - 1}.");
                }

                StoreRow(Pool, page, position % Pool.PageSize, Layer, K.Floats + (long)(Segment.KeyRow + row) * K.Columns,
                    V.Floats + (long)(Segment.KeyRow + row) * V.Columns);
            }
        }

        private static void StoreRow(KeyValuePool pool, int page, int slot, int layer, float* k, float* v)
        {
            int d = pool.HeadDim;
            for (int head = 0; head < pool.Heads; head++)
                pool.Store(page, layer, head, slot, k + head * d, v + head * d);
        }
    }
}

namespace Seriatim.Tensors;

/// <summary>Attention as its formula says, one row and one head at a time.</summary>
internal static unsafe class AttentionReference
{
    public static void Forward(
        Tensor q, Tensor? k, Tensor? v, AttentionRows rows, int layer, AttentionSpec spec, Tensor? sinkQ, Tensor y,
        Tensor? logSumExp)
    {
        y.Span.Clear();
        foreach (AttentionSegment segment in rows.Segments)
        {
            for (int row = 0; row < segment.Queries; row++)
            {
                AttentionRowRange range = AttentionRowRange.Of(segment, row, spec);
                for (int head = 0; head < spec.Heads; head++)
                {
                    var keys = new KeyReader(k, v, rows.Pool, segment, layer, spec, head);
                    float lse = ReferenceRow(q, sinkQ ?? q, y, segment, row, head, range, keys, spec);
                    if (logSumExp is not null)
                        logSumExp.Row(segment.QueryRow + row)[head] = lse;
                }
            }
        }
    }

    public static void Backward(
        Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, AttentionRows rows, AttentionSpec spec, Tensor dy,
        ReadOnlySpan<Tensor> results)
    {
        double[] dq = new double[q.Length];
        double[] dk = new double[k.Length];
        double[] dv = new double[v.Length];
        double[] dtable = new double[(spec.Bias as AttentionBias.Relative)?.Table.Data.Length ?? 0];
        double[] dadditive = new double[spec.Heads * spec.HeadDim];
        double[] dsinks = new double[spec.Heads];
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
                    if (spec.SinkLogits is { } sinks)
                        dsinks[head] -= Math.Exp(sinks.Data.Span[head] - logSumExp.Row(n)[head]) * delta;
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
                            (double byQuery, double byKey) = (key[i], query[i]);
                            if (spec.Additive is { } additive)
                            {
                                double t = Math.Tanh((double)query[i] + key[i]);
                                byQuery = byKey = additive.Data.Span[head * d + i] * (1 - t * t);
                                dadditive[head * d + i] += ds * slope * t;
                            }

                            dq[(long)n * q.Columns + head * d + i] += ds * slope * byQuery;
                            dk[(long)m * k.Columns + keyHead * d + i] += ds * slope * byKey;
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

        if (spec.Additive is { } vector)
            RowSums.Add(vector, dadditive);
        if (spec.SinkLogits is { } logits)
            RowSums.Add(logits, dsinks);

        Round(dq, results[0]);
        Round(dk, results[1]);
        Round(dv, results[2]);
    }

    /// <summary>The keys that a query of a segment sees, by position, and the softmax of their scores.</summary>
    public static (int Position, int[] Keys, float[] Weights) Weights(
        Tensor q, Tensor sinkQ, Tensor? k, KeyValuePool? pool, AttentionSegment segment, int row, int head, int layer,
        AttentionSpec spec)
    {
        AttentionRowRange range = AttentionRowRange.Of(segment, row, spec);
        var reader = new KeyReader(k, null, pool, segment, layer, spec, head);
        (double[] scores, double max) = Scores(q, sinkQ, segment, row, head, range, reader, spec);
        int[] keys = double.IsNegativeInfinity(max) ? [] : [.. Enumerable.Range(0, range.End).Where(range.Sees)];
        double total = keys.Sum(key => Math.Exp(scores[key] - max)) + SinkOf(spec, head, max);
        return (range.Position, keys, Array.ConvertAll(keys, key => (float)(Math.Exp(scores[key] - max) / total)));
    }

    /// <summary>A key or value where it is stored.</summary>
    public static float[] Stored(Tensor? of, KeyValuePool? pool, AttentionSegment segment, int layer, AttentionSpec spec,
        int position, int keyHead, bool isKey)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)position, (uint)(segment.Past + segment.Keys));
        var reader = new KeyReader(of, of, pool, segment, layer, spec, keyHead * (spec.Heads / spec.KeyValueHeads));
        return (isKey ? reader.Key(position) : reader.Value(position)).ToArray();
    }

    /// <summary>What the bias adds to the score of a key at a distance <c>j - i</c>.</summary>
    public static float BiasOf(AttentionBias? bias, int head, int distance) => bias switch
    {
        AttentionBias.Alibi alibi => alibi.Slopes[head] * -Math.Abs(distance),
        AttentionBias.Relative relative => relative.Table.Data.Span[relative.Bucket(distance) * relative.Table.Columns + head],
        _ => 0,
    };

    private static float ReferenceRow(
        Tensor q, Tensor sinkQ, Tensor y, AttentionSegment segment, int row, int head, AttentionRowRange range, KeyReader keys,
        AttentionSpec spec)
    {
        int d = spec.HeadDim;
        (double[] scores, double max) = Scores(q, sinkQ, segment, row, head, range, keys, spec);
        if (double.IsNegativeInfinity(max))
            return float.NegativeInfinity;
        double[] sums = new double[d];
        double total = SinkOf(spec, head, max);
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

    /// <summary>The scores by position, minus infinity where nothing is seen, and the highest, a sink's included.</summary>
    private static (double[] Scores, double Max) Scores(
        Tensor q, Tensor sinkQ, AttentionSegment segment, int row, int head, AttentionRowRange range, KeyReader keys,
        AttentionSpec spec)
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

        return (scores, spec.SinkLogits is { } sinks ? Math.Max(max, sinks.Data.Span[head]) : max);
    }

    /// <summary>What a learned sink adds to the sum of a softmax: it has a score and no value.</summary>
    private static double SinkOf(AttentionSpec spec, int head, double max) =>
        spec.SinkLogits is { } sinks ? Math.Exp(sinks.Data.Span[head] - max) : 0;

    /// <summary>The score, and its slope with respect to q·k.</summary>
    private static double Score(
        ReadOnlySpan<float> query, ReadOnlySpan<float> key, AttentionSpec spec, int head, int distance, out double slope)
    {
        double score = spec.Additive is { } additive ? Additive(query, key, additive, head) : spec.Scale * Dot(query, key);
        slope = spec.Scale;
        if (spec.SoftCap > 0)
        {
            double t = Math.Tanh(score / spec.SoftCap);
            score = spec.SoftCap * t;
            slope *= 1 - t * t;
        }

        return score + BiasOf(spec.Bias, head, distance);
    }

    private static double Additive(ReadOnlySpan<float> query, ReadOnlySpan<float> key, Parameter additive, int head)
    {
        double sum = 0;
        for (int i = 0; i < query.Length; i++)
            sum += additive.Data.Span[head * query.Length + i] * Math.Tanh((double)query[i] + key[i]);
        return sum;
    }

    private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += (double)a[i] * b[i];
        return sum;
    }

    private static void Round(double[] values, Tensor result)
    {
        for (int i = 0; i < values.Length; i++)
            result.Span[i] = (float)values[i];
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
            {
                pool!.LoadKey(pool.Checked(segment.Pages[position / pool.PageSize]), layer, _keyHead,
                    position % pool.PageSize, to, 1);
            }
            return key;
        }

        public ReadOnlySpan<float> Value(int position)
        {
            if (segment.Pages is null)
                return v!.Row(segment.KeyRow + position).Slice(_keyHead * _d, _d);
            float[] value = new float[KeyValuePool.PaddedDim(_d)];
            fixed (float* to = value)
            {
                pool!.LoadValue(pool.Checked(segment.Pages[position / pool.PageSize]), layer, _keyHead,
                    position % pool.PageSize, to);
            }
            return value.AsSpan(0, _d);
        }
    }
}

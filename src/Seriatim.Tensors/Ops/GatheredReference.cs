namespace Seriatim.Tensors;

/// <summary>Attention over gathered rows as its formula says, one query and one head at a time, sums in double.</summary>
internal static class GatheredReference
{
    public static void Forward(
        Tensor q, Tensor k, Tensor v, GatheredRows rows, GatheredAttentionSpec spec, Tensor y, Tensor logSumExp)
    {
        y.Span.Clear();
        logSumExp.Span.Fill(float.NegativeInfinity);
        foreach (Row row in All(rows, spec))
        {
            double[] scores = Scores(q, k, row, spec);
            double max = scores.Aggregate(double.NegativeInfinity, Math.Max); // not a number, if one is none
            if (double.IsNegativeInfinity(max))
                continue;
            double[] sums = new double[spec.HeadDim];
            double total = 0;
            for (int place = 0; place < scores.Length; place++)
            {
                if (double.IsNegativeInfinity(scores[place]))
                    continue;
                double p = Math.Exp(scores[place] - max);
                total += p;
                p *= spec.Dropout.FactorOf((long)row.Query * spec.Heads + row.Head, place);
                ReadOnlySpan<float> value = Of(v, row.Key(place), row.Head, spec);
                for (int i = 0; i < sums.Length; i++)
                    sums[i] += p * value[i];
            }

            logSumExp.Row(row.Query)[row.Head] = (float)(max + Math.Log(total));
            double factor = spec.OwnScore is null ? 1 / total : Math.Exp(max - logSumExp.Row(row.Query)[row.Head]);
            Span<float> result = y.Row(row.Query).Slice(row.Head * spec.HeadDim, spec.HeadDim);
            for (int i = 0; i < sums.Length; i++)
                result[i] = (float)(sums[i] * factor);
        }
    }

    public static void Backward(
        in GatheredBackwardOp op, GatheredRows rows, GatheredAttentionSpec spec, ReadOnlySpan<Tensor> results)
    {
        double[] dq = new double[op.Q.Length], dk = new double[op.Q.Length], dv = new double[op.Q.Length];
        int d = spec.HeadDim;
        foreach (Row row in All(rows, spec))
        {
            double[] scores = Scores(op.Q, op.K, row, spec);
            ReadOnlySpan<float> query = Of(op.Q, row.Query, row.Head, spec);
            ReadOnlySpan<float> dy = Of(op.Dy, row.Query, row.Head, spec);
            double delta = Dot(dy, Of(op.Y, row.Query, row.Head, spec));
            delta -= op.DLogSumExp is { } dl ? dl.Row(row.Query)[row.Head] : 0;
            long to = (long)row.Query * op.Q.Columns + row.Head * d;
            for (int place = 0; place < scores.Length; place++)
            {
                if (double.IsNegativeInfinity(scores[place]))
                    continue;
                int key = row.Key(place);
                double p = Math.Exp(scores[place] - op.LogSumExp.Row(row.Query)[row.Head]);
                double kept = spec.Dropout.FactorOf((long)row.Query * spec.Heads + row.Head, place);
                double ds = p * (Dot(dy, Of(op.V, key, row.Head, spec)) * kept - delta) * spec.Scale;
                if (spec.OwnScore is not null && key == row.Query)
                    ds = 0;
                long from = (long)key * op.Q.Columns + row.Head * d;
                for (int i = 0; i < d; i++)
                {
                    dq[to + i] += ds * Of(op.K, key, row.Head, spec)[i];
                    dk[from + i] += ds * query[i];
                    dv[from + i] += p * kept * dy[i];
                }
            }
        }

        foreach ((double[] sums, Tensor result) in ((double[], Tensor)[])[(dq, results[0]), (dk, results[1]), (dv, results[2])])
        {
            for (int i = 0; i < sums.Length; i++)
                result.Span[i] = (float)sums[i];
        }
    }

    /// <summary>The keys that a query sees, by position, in the order of its list, and the softmax of their scores.</summary>
    public static (int Position, int[] Keys, float[] Weights) Weights(
        Tensor q, Tensor k, GatheredRows rows, GatheredAttentionSpec spec, int query, int head)
    {
        foreach (Row row in All(rows, spec).Where(one => one.Query == query && one.Head == head))
        {
            double[] scores = Scores(q, k, row, spec);
            int[] seen = [.. Enumerable.Range(0, scores.Length).Where(place => !double.IsNegativeInfinity(scores[place]))];
            double max = seen.Length == 0 ? 0 : seen.Max(place => scores[place]);
            double total = seen.Sum(place => Math.Exp(scores[place] - max));

            // As the results are made: of the sum as it is held in F32.
            double factor = spec.OwnScore is null ? 1 / total : Math.Exp(max - (float)(max + Math.Log(total)));
            return (query - row.FirstRow, Array.ConvertAll(seen, place => row.Piece.Keys[place]),
                Array.ConvertAll(seen, place => (float)(Math.Exp(scores[place] - max) * factor)));
        }

        return (query, [], []);
    }

    /// <summary>Scores by place; minus infinity where nothing is seen.</summary>
    private static double[] Scores(Tensor q, Tensor k, Row row, GatheredAttentionSpec spec)
    {
        double[] scores = new double[row.Piece.Keys.Length];
        for (int place = 0; place < scores.Length; place++)
        {
            int key = row.Key(place);
            bool sees = row.Range.Sees(place) && (!spec.Causal || key <= row.Query);
            scores[place] = !sees ? double.NegativeInfinity
                : spec.OwnScore is { } own && key == row.Query ? own
                : spec.Scale * Dot(Of(q, row.Query, row.Head, spec), Of(k, key, row.Head, spec));
        }

        return scores;
    }

    private static IEnumerable<Row> All(GatheredRows rows, GatheredAttentionSpec spec)
    {
        foreach (GatheredSegment segment in rows.Segments)
        {
            foreach (GatheredPiece piece in segment.Pieces)
            {
                for (int head = piece.FirstHead; head < piece.FirstHead + piece.Heads; head++)
                {
                    for (int i = 0; i < piece.Queries.Length; i++)
                    {
                        int query = segment.FirstRow + piece.Queries[i];
                        yield return new Row(piece, segment.FirstRow, query, head, piece.RangeOf(i));
                    }
                }
            }
        }
    }

    private static ReadOnlySpan<float> Of(Tensor tensor, int row, int head, GatheredAttentionSpec spec) =>
        tensor.Row(row).Slice(head * spec.HeadDim, spec.HeadDim);

    private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += (double)a[i] * b[i];
        return sum;
    }

    /// <summary>One query and head; rows count from the start of the tensors.</summary>
    private readonly record struct Row(GatheredPiece Piece, int FirstRow, int Query, int Head, AttentionRowRange Range)
    {
        public int Key(int place) => FirstRow + Piece.Keys[place];
    }
}

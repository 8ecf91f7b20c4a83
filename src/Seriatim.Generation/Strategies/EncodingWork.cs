namespace Seriatim.Generation;

/// <summary>Reads whole sequences: embeddings by pooling, logits at places.</summary>
internal sealed class EncodingWork(
    EncodingRequest request, TaskCompletionSource<EncodingResult> completion, CancellationToken token) : IGroupWork
{
    private readonly SequenceState _sequence = new(0, [.. request.Tokens.Span], request.Tokens.Length);

    public IReadOnlyList<SequenceState> Live => IsDone ? [] : [_sequence];

    public bool IsExported => false;

    public bool IsPaused => false;

    public bool IsCancelled => token.IsCancellationRequested;

    public bool IsDone { get; private set; }

    public void Wish(WishList wishes) =>
        wishes.ReadWhole(_sequence, request.LogitsAt, request.Pooling is not null, request.TokenTypes,
            request.Pattern);

    public void Take(SequenceGroup group, ReadOnlySpan<PlannedSegment> segments, int first, StepRows rows)
    {
        try
        {
            EncodingResult result = Read(segments[0].Rows, first, rows);
            IsDone = true;
            completion.TrySetResult(result);
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    public void Expire(SequenceGroup group) => Fail(new TimeoutException("The time of the request is over."));

    public void Cancel(SequenceGroup group)
    {
        IsDone = true;
        completion.TrySetCanceled(token);
    }

    public void Fail(Exception exception)
    {
        IsDone = true;
        completion.TrySetException(exception);
    }

    /// <summary>It is a single pass: whoever wants it elsewhere asks there.</summary>
    public void Export(SequenceGroup group) =>
        Fail(new InvalidOperationException("A sequence that is read at once is not moved."));

    private EncodingResult Read(int count, int segment, StepRows rows)
    {
        float[]? embedding = request.Pooling is { } pooling ? Pool(pooling, count, segment, rows) : null;
        float[][] logits = new float[request.LogitsAt.Count][];
        for (int i = 0; i < logits.Length; i++)
            logits[i] = rows.Logits(segment, i).ToArray();
        return new EncodingResult { Embedding = embedding, Logits = logits };
    }

    private float[] Pool(PoolingKind pooling, int count, int segment, StepRows rows)
    {
        float[] embedding = [.. request.MorePooling.Prepend(pooling).SelectMany(kind => One(kind, count, segment, rows))];
        if (!request.Normalize)
            return embedding;
        double squares = 0;
        foreach (float value in embedding)
            squares += (double)value * value;
        double scale = squares > 0 ? 1 / Math.Sqrt(squares) : 0;
        for (int e = 0; e < embedding.Length; e++)
            embedding[e] = (float)(embedding[e] * scale);
        return embedding;
    }

    private static float[] One(PoolingKind pooling, int count, int segment, StepRows rows)
    {
        float[] embedding = rows.Hidden(segment, pooling == PoolingKind.Last ? count - 1 : 0).ToArray();
        if (pooling is PoolingKind.First or PoolingKind.Last)
            return embedding;
        double divisor = pooling switch
        {
            PoolingKind.MeanSqrtLength => Math.Sqrt(count),
            PoolingKind.WeightedMean => count * (count + 1.0) / 2,
            _ => count,
        };
        for (int e = 0; e < embedding.Length; e++)
        {
            double sum = 0;
            float largest = embedding[e];
            for (int row = 0; row < count; row++)
            {
                float value = rows.Hidden(segment, row)[e];
                sum += pooling == PoolingKind.WeightedMean ? (row + 1.0) * value : value;
                largest = Math.Max(largest, value);
            }

            embedding[e] = pooling == PoolingKind.Max ? largest : (float)(sum / divisor);
        }

        return embedding;
    }
}

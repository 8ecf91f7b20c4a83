namespace Seriatim.Generation;

/// <summary>Reads whole sequences: embeddings by pooling, logits at places.</summary>
internal sealed class EncodingWork(
    EngineContext context, EncodingRequest request, TaskCompletionSource<EncodingResult> completion,
    CancellationToken token) : IGroupWork
{
    public bool IsLockstep => false;

    public bool IsEncoding => true;

    public bool IsCancelled => token.IsCancellationRequested;

    public bool IsDone { get; private set; }

    public bool WantsPromptRows(Sequence sequence) => false;

    public void Take(SequenceGroup group, ReadOnlySpan<PlannedSegment> segments, StepRows rows)
    {
        try
        {
            EncodingResult result = Read(segments, rows);
            IsDone = true;
            completion.TrySetResult(result);
        }
        catch (Exception exception)
        {
            // A head that throws: this request ends, its neighbours do not.
            Fail(exception);
        }
    }

    private EncodingResult Read(ReadOnlySpan<PlannedSegment> segments, StepRows rows)
    {
        float[]? embedding = request.Pooling is { } pooling ? Pool(pooling, segments[0].Rows, rows) : null;
        float[][] logits = new float[request.LogitsAt.Count][];
        if (logits.Length > 0)
        {
            (Tensor hidden, int first) = rows.HiddenTensor;
            using Tensor wanted = context.Model.Project(hidden, request.LogitsAt.Select(place => first + place).ToArray());
            HostRows values = wanted.Read();
            for (int i = 0; i < logits.Length; i++)
                logits[i] = values.Row(i).ToArray();
        }

        return new EncodingResult { Embedding = embedding, Logits = logits };
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

    private float[] Pool(PoolingKind pooling, int count, StepRows rows)
    {
        float[] embedding = [.. request.MorePooling.Prepend(pooling).SelectMany(kind => One(kind, count, rows))];
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

    private static float[] One(PoolingKind pooling, int count, StepRows rows)
    {
        float[] embedding = rows.Hidden(pooling == PoolingKind.Last ? count - 1 : 0).ToArray();
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
                float value = rows.Hidden(row)[e];
                sum += pooling == PoolingKind.WeightedMean ? (row + 1.0) * value : value;
                largest = Math.Max(largest, value);
            }

            embedding[e] = pooling == PoolingKind.Max ? largest : (float)(sum / divisor);
        }

        return embedding;
    }
}

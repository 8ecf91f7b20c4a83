namespace Seriatim.Lab;

/// <summary>Passes of a model without an engine, and requests that an engine meets all at once.</summary>
internal static class LabSteps
{
    /// <summary>Ids go through the model after what is remembered, and are remembered; the most likely next id.</summary>
    /// <param name="model">The model.</param>
    /// <param name="memory">What is remembered; null: the ids are all there is, and nothing is kept.</param>
    /// <param name="ids">At least one.</param>
    public static int Next(IGenerationModel model, SequenceMemory? memory, ReadOnlySpan<int> ids) =>
        MostLikely(Logits(model, memory, ids));

    /// <summary>The same, but the logits after the last id.</summary>
    public static float[] Logits(IGenerationModel model, SequenceMemory? memory, ReadOnlySpan<int> ids)
    {
        RaggedBatch batch = new RaggedBatchBuilder().Add(ids, memory).Build();
        using Tensor hidden = model.Forward(batch, null);
        using Tensor logits = model.Project(hidden, batch.OutputRows);
        float[] row = logits.ToArray();
        batch.Commit();
        return row;
    }

    /// <summary>One step of several sequences; the most likely next id of each.</summary>
    public static int[] Next(IGenerationModel model, IReadOnlyList<(SequenceMemory Memory, int[] Ids)> sequences)
    {
        var builder = new RaggedBatchBuilder();
        foreach ((SequenceMemory memory, int[] ids) in sequences)
            builder.Add(ids, memory);
        RaggedBatch batch = builder.Build();
        using Tensor hidden = model.Forward(batch, null);
        using Tensor logits = model.Project(hidden, batch.OutputRows);
        HostRows rows = logits.Read();
        int[] next = new int[sequences.Count];
        for (int i = 0; i < next.Length; i++)
            next[i] = MostLikely(rows.Row(i));
        batch.Commit();
        return next;
    }

    /// <summary>
    /// Requests that are all in the queue before the engine plans: a first one of a single token is held in its pass until they
    /// are. Its pass is not among those that are counted.
    /// </summary>
    /// <param name="engine">Runs <paramref name="model"/>.</param>
    /// <param name="model">Counts.</param>
    /// <param name="requests">What is asked.</param>
    /// <param name="cancellation">Ctrl-C.</param>
    public static async Task<GenerationResult[]> TogetherAsync(GenerationEngine engine, CountedModel model,
        IReadOnlyList<GenerationRequest> requests, CancellationToken cancellation)
    {
        Task held = model.Close();
        try
        {
            Task<GenerationResult> first = engine.CompleteAsync(
                requests[0] with { MaxNewTokens = 1, MinNewTokens = 0, Count = 1, Beam = null, Speculation = null },
                    cancellation);
            await Task.WhenAny(held, first);
            GenerationHandle[] handles = [.. requests.Select(request => engine.Submit(request, cancellation))];
            model.Clear();
            model.Open();
            GenerationResult[] results = await Task.WhenAll(handles.Select(handle => handle.Completion));
            await first;
            return results;
        }
        finally
        {
            model.Open();
        }
    }

    /// <summary>The id with the greatest logit; the first of equal ones.</summary>
    public static int MostLikely(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int id = 1; id < logits.Length; id++)
            best = logits[id] > logits[best] ? id : best;
        return best;
    }
}

namespace Seriatim.Lab;

/// <summary>A model that an experiment trains itself and then has write.</summary>
/// <param name="run">Whose ops and cancellation are used.</param>
/// <param name="model">Fresh weights; it belongs to this one.</param>
internal sealed class SmallModel(LabRun run, Model model) : IDisposable
{
    private const double Beta2 = 0.98;

    /// <summary>The model.</summary>
    public Model Model => model;

    /// <summary>Trains as <see cref="LabTraining"/> does.</summary>
    /// <param name="steps">Steps.</param>
    /// <param name="rate">The highest learning rate.</param>
    /// <param name="batch">The batch of a step.</param>
    /// <param name="doing">What is said meanwhile.</param>
    /// <param name="enough">Asked before every tenth step whether to end; null: all steps.</param>
    public void Train(int steps, double rate, Func<int, TrainingBatch> batch, string doing, Func<bool>? enough = null) =>
        LabTraining.Train(run, model, steps, rate, step =>
        {
            if (step % 20 == 0)
                run.Say($"{doing}, step {step} of {steps}");
            return batch(step);
        }, beta2: Beta2, enough: enough);

    /// <summary>Loss and accuracy over some batches.</summary>
    public TokenScores Score(IEnumerable<TrainingBatch> batches)
    {
        var scores = new TokenScores(0, 0, 0);
        foreach (TrainingBatch batch in batches)
        {
            run.Cancellation.ThrowIfCancellationRequested();
            scores += LossPass.Evaluate(Model, run.Ops, batch);
        }

        return scores;
    }

    /// <summary>The most likely id after each row of a batch.</summary>
    public int[] MostLikely(TrainingBatch batch)
    {
        using Tensor? encoded = batch.Source is null ? null : Model.Encode(run.Ops, batch.Source);
        using Tensor hidden = Model.Forward(run.Ops, batch.Rows, encoded);
        using Tensor logits = Model.Project(run.Ops, hidden);
        HostRows rows = logits.Read();
        int[] best = new int[rows.Rows];
        for (int row = 0; row < best.Length; row++)
            best[row] = LabSteps.MostLikely(rows.Row(row));

        return best;
    }

    /// <summary>
    /// Greedy targets of a length, all sources together; each step reads the whole prefix, which is short here.
    /// </summary>
    /// <param name="sources">Sources of an encoder-decoder.</param>
    /// <param name="startId">The decoder's first input.</param>
    /// <param name="length">Ids wanted.</param>
    public int[][] Greedy(IReadOnlyList<int[]> sources, int startId, int length)
    {
        int[][] targets = [.. sources.Select(_ => new int[length])];
        var encoder = new RaggedBatchBuilder();
        var places = new List<EncoderRows>();
        foreach (int[] source in sources)
        {
            places.Add(new EncoderRows(encoder.Rows, source.Length));
            encoder.AddEncoder(source);
        }

        RaggedBatch read = encoder.Build();
        for (int at = 0; at < length; at++)
        {
            run.Cancellation.ThrowIfCancellationRequested();
            var decoder = new RaggedBatchBuilder();
            for (int i = 0; i < targets.Length; i++)
                decoder.Add([startId, .. targets[i].AsSpan(0, at)], outputs: Outputs.Last, encoder: places[i]);
            RaggedBatch rows = decoder.Build();
            int[] best = MostLikely(new TrainingBatch(rows, read, [], []));
            for (int i = 0; i < targets.Length; i++)
                targets[i][at] = best[rows.OutputRows.Span[i]];
        }

        return targets;
    }

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();
}

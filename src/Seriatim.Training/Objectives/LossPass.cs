namespace Seriatim.Training;

/// <summary>Forward and backward passes of a batch. Losses are sums, so that batches of any size can be added up.</summary>
public static class LossPass
{
    /// <summary>Adds the gradient of the summed loss of a batch to the parameters' gradients.</summary>
    /// <param name="model">The model.</param>
    /// <param name="ops">The device.</param>
    /// <param name="batch">Rows and labels.</param>
    /// <param name="labelSmoothing">Share of the target that is spread over the whole vocabulary, from 0 to below 1.</param>
    /// <param name="dropout">Dropout of this pass, with a key of its own; null: none.</param>
    /// <param name="recompute">Whether only the inputs of layers are kept and the backward pass computes the rest again: less
    /// memory, a third more work, the same bits.</param>
    /// <remarks>
    /// Batch norms take the statistics of this batch, and their running statistics move by them once, after the backward pass.
    /// </remarks>
    /// <returns>The summed loss of all labels, in nats.</returns>
    public static double Train(Model model, IDifferentiableOps ops, TrainingBatch batch, float labelSmoothing = 0,
        BatchDropout? dropout = null, bool recompute = false) =>
        TrainCounting(model, ops, batch, labelSmoothing, dropout, recompute, null);

    /// <summary>
    /// As <see cref="Train"/>; tells how many labels were the most likely id before the step, and which
    /// gradients are complete, if somebody wants to know.
    /// </summary>
    internal static double TrainCounting(Model model, IDifferentiableOps ops, TrainingBatch batch, float labelSmoothing,
        BatchDropout? dropout, bool recompute, Action<long>? correct, Action<Parameter>? completed = null)
    {
        using var statistics = new BatchStatistics();
        using var tape = new Tape(ops) { RecomputesLayers = recompute, Completed = completed };
        (Tensor rows, Tensor? encoded) = Passed(model, tape, batch, dropout, statistics);
        using Tensor hidden = rows;
        using Tensor? source = encoded;
        using Tensor words = model.Loss(tape, rows, batch.Labels, new CrossEntropyOptions(
            LabelSmoothing: labelSmoothing, Reduction: LossReduction.Sum));
        using Tensor loss = WithLengths(model, tape, batch, encoded, words);
        float value = loss.Read().Values[0];
        correct?.Invoke(Correct(model, ops, rows, batch.Labels));
        if (!float.IsFinite(value))
            return value;
        tape.Backward(loss);
        statistics.Move(ops);
        return value;
    }

    /// <summary>Loss and accuracy of a batch, without gradients and without smoothing.</summary>
    /// <param name="model">The model.</param>
    /// <param name="ops">The device.</param>
    /// <param name="batch">Rows and labels.</param>
    public static TokenScores Evaluate(Model model, IOps ops, TrainingBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        (Tensor rows, Tensor? encoded) = Passed(model, ops, batch, null, null);
        using Tensor hidden = rows;
        using Tensor? source = encoded;
        using Tensor loss = model.Loss(ops, rows, batch.Labels, new CrossEntropyOptions(Reduction: LossReduction.Sum));
        var scores = new TokenScores(loss.Read().Values[0], batch.Labels.Length, Correct(model, ops, rows, batch.Labels));
        if (batch.Lengths is not { } lengths)
            return scores;
        using Tensor logits = model.LengthLogits(ops, batch.Source!, encoded!);
        HostRows classes = logits.Read();
        int right = lengths.Classes.Where((wanted, i) => MostLikely(classes.Row(i)) == wanted).Count();
        return scores with { Lengths = lengths.Classes.Length, CorrectLengths = right };
    }

    /// <summary>The rows that have a label, after the last layer.</summary>
    internal static Tensor Hidden(Model model, IOps ops, TrainingBatch batch, BatchDropout? dropout = null,
        BatchStatistics? statistics = null)
    {
        (Tensor rows, Tensor? encoded) = Passed(model, ops, batch, dropout, statistics);
        encoded?.Dispose();
        return rows;
    }

    /// <summary>The same with the encoder's output, if there is an encoder.</summary>
    private static (Tensor Rows, Tensor? Encoded) Passed(Model model, IOps ops, TrainingBatch batch, BatchDropout? dropout,
        BatchStatistics? statistics)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(batch);
        Tensor? encoded = batch.Source is null ? null : model.Encode(ops, In(batch.Source, stream: 1));
        try
        {
            Tensor hidden = model.Forward(ops, In(batch.Rows, stream: 0), encoded);
            if (batch.LabelRows.Length == hidden.Rows)
                return (hidden, encoded);
            using (hidden)
                return (ops.GatherRows(hidden, batch.LabelRows), encoded);
        }
        catch
        {
            encoded?.Dispose();
            throw;
        }

        RaggedBatch In(RaggedBatch rows, ulong stream)
        {
            RaggedBatch dropped = WithDropout(rows, dropout, stream);
            return statistics is null ? dropped : dropped.With(statistics);
        }
    }

    /// <summary>The loss of the labels with that of the lengths, if there are any.</summary>
    private static Tensor WithLengths(Model model, IOps ops, TrainingBatch batch, Tensor? encoded, Tensor words)
    {
        if (batch.Lengths is not { } lengths)
            return words.Retain();
        using Tensor loss = model.LengthLoss(ops, batch.Source!, encoded!, lengths.Classes, LossReduction.Sum);
        using Tensor weighed = ops.Scale(loss, lengths.Weight);
        return ops.Add(words, weighed);
    }

    /// <summary>Encoder and decoder must not drop the same elements.</summary>
    private static RaggedBatch WithDropout(RaggedBatch rows, BatchDropout? dropout, ulong stream) => dropout is null
        ? rows
        : rows.With(dropout with { Key = new DropoutMask(0, dropout.Key).At(stream).Key });

    /// <summary>How often the label is the most likely id; the logits are made some rows at a time.</summary>
    private static long Correct(Model model, IOps ops, Tensor rows, int[] labels)
    {
        const int RowsAtOnce = 256;
        long correct = 0;
        for (int first = 0; first < labels.Length; first += RowsAtOnce)
        {
            int count = Math.Min(RowsAtOnce, labels.Length - first);
            using Tensor logits = model.Project(ops, rows, Enumerable.Range(first, count).ToArray());
            HostRows values = logits.Read();
            for (int i = 0; i < count; i++)
                correct += MostLikely(values.Row(i)) == labels[first + i] ? 1 : 0;
        }

        return correct;
    }

    /// <summary>The id with the greatest logit; the first of equal ones.</summary>
    internal static int MostLikely(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int id = 1; id < logits.Length; id++)
            best = logits[id] > logits[best] ? id : best;
        return best;
    }
}

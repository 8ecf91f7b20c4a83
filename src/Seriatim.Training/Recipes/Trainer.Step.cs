namespace Seriatim.Training;

/// <summary>One step, by one process or several.</summary>
public sealed partial class Trainer
{
    /// <summary>
    /// One step of the optimizer: some batches, their mean gradient over all labels, clipped. Of several processes each
    /// computes some of the batches and changes some of the parameters.
    /// </summary>
    private StepFigures Step()
    {
        BatchFigures[] batches = ComputeGradient();
        double loss = 0, flops = 0;
        long labels = 0, rows = 0, correct = 0;
        foreach (BatchFigures batch in batches)
        {
            if (!double.IsFinite(batch.Loss))
                throw new TrainingDivergedException(Steps + 1, $"the loss is {batch.Loss}", Store.Latest());
            (loss, labels, rows) = (loss + batch.Loss, labels + batch.Labels, rows + batch.Rows);
            (flops, correct) = (flops + batch.Flops, correct + batch.Correct);
        }

        double norm = SharedNorm.Of(_group, _ops, _shards) / labels;
        if (!double.IsFinite(norm))
            throw new TrainingDivergedException(Steps + 1, $"the gradient's norm is {norm}", Store.Latest());
        double rate = _schedule.RateAt(Steps);
        _optimizer.Step(_ops, rate, GradientNorm.ClipFactor(norm, _recipe.MaxGradientNorm) / labels, clear: true);
        _shards.Spread(_ops);
        _average?.Update(_ops);
        (_runningLoss, _runningLabels) = (_runningLoss + loss, _runningLabels + labels);
        return new StepFigures(Steps, loss / labels, norm, rate, rows, flops, (double)correct / labels);
    }

    /// <summary>
    /// Batch j of the step belongs to rank <c>j mod P</c>, and all that is random in it to j: nothing depends on P. Gradients are
    /// zero before: the last step left them so.
    /// </summary>
    private BatchFigures[] ComputeGradient()
    {
        var batches = new BatchFigures[_recipe.AccumulationSteps];
        for (int first = 0, round = 0; first < batches.Length; first += _group.Size, round++)
        {
            _sum?.Begin(round);
            for (int j = first; j < Math.Min(first + _group.Size, batches.Length); j++)
            {
                ExamplePiece[] examples = _loader.Next();
                if (j - first == _group.Rank)
                    batches[j] = Pass(examples, j);
            }

            _sum?.End(_ops, round);
        }

        BatchFigures.Exchange(_group, batches);
        return batches;
    }

    private BatchFigures Pass(ExamplePiece[] examples, int j)
    {
        TrainingBatch batch = _objective.Make(examples);
        if (_recipe.Sampling?.ProbabilityAt(Steps) is > 0 and var probability)
        {
            batch = ScheduledSampling.Apply(Model, _ops, batch, probability,
                new CounterRandom(_recipe.Seed ^ 0x73616D706C65, ((ulong)Steps << 16) + (ulong)j));
        }

        // Only where it is logged: it takes the logits of the batch once more.
        long correct = 0;
        Action<long>? count = (Steps + 1) % _recipe.LoggingSteps == 0 ? found => correct += found : null;
        double loss = _teacher is null
            ? LossPass.TrainCounting(Model, _ops, batch, _recipe.LabelSmoothing, Dropout(j), _recipe.RecomputesLayers, count,
                _sum?.Completed)
            : _teacher.Distillation.Train(Model, _ops, batch, _recipe.LabelSmoothing, Dropout(j), _recipe.RecomputesLayers);
        return new BatchFigures(loss, batch.Labels.Length, batch.TotalRows, _flops?.Of(batch) ?? 0, correct);
    }

    /// <summary>Dropout of a batch of the present step; null for none.</summary>
    private BatchDropout? Dropout(int j) => _dropout == DropoutRates.None ? null
        : new BatchDropout(_dropout, new DropoutMask(0, _recipe.Seed).At((ulong)Steps).At((ulong)j).Key);
}

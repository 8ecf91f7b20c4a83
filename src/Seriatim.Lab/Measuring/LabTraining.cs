namespace Seriatim.Lab;

/// <summary>Trains the small models of the lab: AdamW, a short warm-up, a rate that falls to a tenth, clipping at 1.</summary>
internal static class LabTraining
{
    /// <summary>A loss that is not finite, or above it, counts as this: a model that learnt nothing.</summary>
    public const double Worst = 20;

    /// <summary>Trains; the mean loss of the last eighth of the steps.</summary>
    /// <param name="run">Ops and cancellation.</param>
    /// <param name="model">What learns.</param>
    /// <param name="steps">Steps.</param>
    /// <param name="rate">The largest rate.</param>
    /// <param name="batch">The batch of a step.</param>
    /// <param name="warmup">Share of the steps until the rate is the largest.</param>
    /// <param name="watch">Is told the gradients of each step before they are used.</param>
    /// <param name="beta2">Decay of AdamW's mean of squares.</param>
    /// <param name="enough">Asked before every tenth step whether to end; the rate does not fall then.</param>
    public static double Train(LabRun run, Model model, int steps, double rate, Func<int, TrainingBatch> batch,
        double warmup = 0.1, Action<int>? watch = null, double beta2 = 0.999, Func<bool>? enough = null)
    {
        using var optimizer = new AdamW(new ParameterSelection().Select(model), new AdamWOptions
        {
            WeightDecay = 0.01,
            Beta2 = beta2,
        });
        int last = Math.Max(1, steps / 8);
        double sum = 0;
        int series = run.BeginSeries(LabPointKind.Loss), every = Math.Max(1, steps / 100);
        for (int step = 0; step < steps; step++)
        {
            run.Cancellation.ThrowIfCancellationRequested();
            if (step % 10 == 0 && enough?.Invoke() == true)
                break;
            TrainingBatch now = batch(step);
            double loss = LossPass.Train(model, run.Ops, now) / now.Labels.Length;
            double norm = double.IsFinite(loss) ? GradientNorm.Of(run.Ops, optimizer.Parameters) / now.Labels.Length : double.NaN;
            if (!double.IsFinite(norm))
                return Worst;
            watch?.Invoke(step);
            if (step % every == 0)
                run.Seen?.Invoke(new LabPoint(LabPointKind.Loss, series, step + 1, loss));
            double up = warmup > 0 ? Math.Min(1, (step + 1) / (warmup * steps)) : 1;
            double down = enough is null ? 1 - 0.9 * step / steps : 1;
            optimizer.Step(run.Ops, rate * up * down, GradientNorm.ClipFactor(norm, 1) / now.Labels.Length, clear: true);
            sum += step >= steps - last ? loss : 0;
        }

        return Math.Min(Worst, sum / last);
    }

    /// <summary>Loss of a batch, at most <see cref="Worst"/>.</summary>
    public static double LossOf(LabRun run, Model model, TrainingBatch batch) =>
        LossPass.Evaluate(model, run.Ops, batch).Loss is var loss && double.IsFinite(loss) ? Math.Min(Worst, loss) : Worst;
}

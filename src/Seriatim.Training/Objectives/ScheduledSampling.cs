namespace Seriatim.Training;

/// <summary>
/// Scheduled sampling against exposure bias (Bengio et al., 2015) in two passes, as Transformers need it (Mihaylova and Martins,
/// 2019): a first pass without gradient predicts every id from the right ones before it; then some of the decoder's inputs are
/// replaced by the predictions, and the model learns from those.
/// </summary>
/// <param name="Probability">Probability of an input to be replaced, at the end of the growth.</param>
/// <param name="Growth">How it gets there.</param>
/// <param name="StartStep">Steps without replacement.</param>
/// <param name="EndStep">The step from which on the probability is the whole one.</param>
/// <remarks>The first input of a sequence stays. Which inputs are replaced follows from (seed, draw, row) alone.</remarks>
public sealed record ScheduledSampling(double Probability, SamplingGrowth Growth = SamplingGrowth.Constant, long StartStep = 0,
    long EndStep = 0)
{
    private const int RowsAtOnce = 256;

    /// <summary>The probability of a step.</summary>
    /// <param name="step">Number of the step, from 0.</param>
    public double ProbabilityAt(long step)
    {
        if (step < StartStep)
            return 0;
        double done = EndStep > StartStep ? Math.Min(1, (double)(step - StartStep) / (EndStep - StartStep)) : 1;
        return Probability * Growth switch
        {
            SamplingGrowth.Linear => done,
            SamplingGrowth.Exponential => done >= 1 ? 1 : 1 - Math.Pow(0.01, done),
            SamplingGrowth.InverseSigmoid => done is 0 or 1 ? done : 1 / (1 + Math.Exp(-12 * (done - 0.5))),
            _ => 1,
        };
    }

    /// <summary>Replaces some inputs by what the model predicts for them.</summary>
    /// <param name="model">The model, with its present weights.</param>
    /// <param name="ops">The device.</param>
    /// <param name="batch">A batch of which every row of the decoder has a label.</param>
    /// <param name="probability">Probability of each input to be replaced.</param>
    /// <param name="random">Decides which.</param>
    /// <exception cref="ArgumentException">Rows without a label: the objective does not predict the next id.</exception>
    public static TrainingBatch Apply(Model model, IOps ops, TrainingBatch batch, double probability, CounterRandom random)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(batch);
        if (batch.Labels.Length != batch.Rows.Rows)
        {
            throw new ArgumentException($"{batch.Labels.Length} of {batch.Rows.Rows} rows have a label; scheduled sampling is "
                + "for models that predict the next id.", nameof(batch));
        }
        // The rows before those that are replaced: their predictions are wanted.
        int[] rows = [.. batch.Rows.Segments.SelectMany(s => Enumerable.Range(s.FirstRow, s.Rows - 1))
            .Where(row => random.Uniform((ulong)row) < probability)];
        if (rows.Length == 0)
            return batch;
        using Tensor? encoded = batch.Source is null ? null : model.Encode(ops, batch.Source);
        using Tensor hidden = model.Forward(ops, batch.Rows, encoded);
        int[] tokens = batch.Rows.Tokens.ToArray();
        foreach (int[] some in rows.Chunk(RowsAtOnce))
        {
            using Tensor logits = model.Project(ops, hidden, some);
            HostRows values = logits.Read();
            for (int i = 0; i < some.Length; i++)
                tokens[some[i] + 1] = LossPass.MostLikely(values.Row(i));
        }

        return batch with { Rows = batch.Rows.With(tokens) };
    }

    /// <summary>Null if the recipe has none, or the probability 0.</summary>
    internal static ScheduledSampling? Read(RecipeReader reader)
    {
        const string Key = "scheduled_sampling";
        if (!reader.IsObject(Key))
            return reader.Number(Key, 0, 0, 1) is > 0 and var constant ? new ScheduledSampling(constant) : null;
        RecipeReader own = reader.Object(Key)!;
        var sampling = new ScheduledSampling(own.Number("probability", 0, 1e-6, 1), own.OneOf("schedule", SamplingGrowth.Constant,
            ("constant", SamplingGrowth.Constant), ("linear", SamplingGrowth.Linear), ("exponential", SamplingGrowth.Exponential),
            ("inverse_sigmoid", SamplingGrowth.InverseSigmoid)), own.Whole("start_step", 0), own.Whole("end_step", 0));
        own.Complete();
        if (sampling.Probability == 0)
            throw reader.Wrong(Key, "\"probability\" in it");
        if (sampling.Growth == SamplingGrowth.Constant ? own.Has("end_step") : sampling.EndStep <= sampling.StartStep)
        {
            throw reader.Wrong(Key,
                "an \"end_step\" after \"start_step\" where the schedule grows, and none where it is constant");
        }
        return sampling;
    }
}

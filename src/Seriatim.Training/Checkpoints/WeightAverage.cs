namespace Seriatim.Training;

/// <summary>
/// Exponential moving average of weights (Polyak and Juditsky, 1992, with a decay): <c>a = d a + (1 - d) p</c> after each step.
/// </summary>
public sealed class WeightAverage : IDisposable
{
    /// <summary>Starts an average at the present weights.</summary>
    /// <param name="parameters">Whose average.</param>
    /// <param name="decay">Weight of the past, over 0 and below 1.</param>
    public WeightAverage(IReadOnlyList<TrainableParameter> parameters, double decay)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(decay);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(decay, 1);
        Decay = decay;
        Values = [.. parameters.Select(p => new OptimizerMoment("ema", p.Parameter))];
        foreach (OptimizerMoment value in Values)
            value.Values.Device.Write(value.Values, value.Parameter.Master.Read().Values);
    }

    /// <summary>Weight of the past.</summary>
    public double Decay { get; }

    /// <summary>The averages, in the order of the parameters.</summary>
    public IReadOnlyList<OptimizerMoment> Values { get; }

    /// <summary>Takes the present weights in; call it after each step.</summary>
    /// <param name="ops">Ops of the device that the parameters are on.</param>
    public void Update(IDifferentiableOps ops)
    {
        foreach (OptimizerMoment value in Values)
            ops.MoveTowards(value.Values, value.Parameter.Master, (float)Decay, (float)(1 - Decay));
    }

    /// <summary>
    /// Exchanges the average and the weights of the model, to evaluate or save the average; a second call undoes it.
    /// </summary>
    /// <param name="ops">Ops of the device that the parameters are on.</param>
    public void Swap(IDifferentiableOps ops)
    {
        foreach (OptimizerMoment value in Values)
        {
            ops.Swap(value.Values, value.Parameter.Master);
            ops.RoundMaster(value.Parameter);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (OptimizerMoment value in Values)
            value.Dispose();
    }
}

namespace Seriatim.Training;

/// <summary>
/// Exponential moving average of weights (Polyak and Juditsky, 1992, with a decay): <c>a = d a + (1 - d) p</c> after each step.
/// </summary>
public sealed class WeightAverage : IDisposable
{
    private readonly IReadOnlyList<TrainableParameter> _parameters;

    /// <summary>Starts an average at the present weights.</summary>
    /// <param name="parameters">Whose average.</param>
    /// <param name="decay">Weight of the past, over 0 and below 1.</param>
    public WeightAverage(IReadOnlyList<TrainableParameter> parameters, double decay)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(decay);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(decay, 1);
        (_parameters, Decay) = (parameters, decay);
        Values = [.. parameters.Select(p => new OptimizerMoment("ema", p.Parameter))];
        foreach (OptimizerMoment value in Values)
            value.Parameter.Data.Span.CopyTo(value.Values.Span);
    }

    /// <summary>Weight of the past.</summary>
    public double Decay { get; }

    /// <summary>The averages, in the order of the parameters.</summary>
    public IReadOnlyList<OptimizerMoment> Values { get; }

    /// <summary>Takes the present weights in; call it after each step.</summary>
    public void Update()
    {
        float decay = (float)Decay, rest = (float)(1 - Decay);
        foreach (OptimizerMoment value in Values)
        {
            Span<float> average = value.Values.Span;
            ReadOnlySpan<float> now = value.Parameter.Data.Span;
            for (int i = 0; i < average.Length; i++)
                average[i] = average[i] * decay + now[i] * rest;
        }
    }

    /// <summary>
    /// Exchanges the average and the weights of the model, to evaluate or save the average; a second call undoes it.
    /// </summary>
    public void Swap()
    {
        for (int i = 0; i < Values.Count; i++)
        {
            Span<float> average = Values[i].Values.Span, now = _parameters[i].Parameter.Data.Span;
            for (int k = 0; k < now.Length; k++)
                (average[k], now[k]) = (now[k], average[k]);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (OptimizerMoment value in Values)
            value.Dispose();
    }
}

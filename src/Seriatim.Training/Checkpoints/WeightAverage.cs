using System.Numerics;

namespace Seriatim.Training;

/// <summary>
/// Exponential moving average of weights (Polyak and Juditsky, 1992, with a decay): <c>a = d a + (1 - d) p</c> after each step.
/// </summary>
public sealed class WeightAverage : IDisposable
{
    private readonly (int Value, int Start, int Length)[] _chunks;
    private readonly ParallelOptions _parallel;

    /// <summary>Starts an average at the present weights.</summary>
    /// <param name="parameters">Whose average.</param>
    /// <param name="decay">Weight of the past, over 0 and below 1.</param>
    /// <param name="threads">Threads of an update; 0: as many as the machine has.</param>
    public WeightAverage(IReadOnlyList<TrainableParameter> parameters, double decay, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(decay);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(decay, 1);
        Decay = decay;
        _parallel = ElementChunks.Threads(threads);
        _chunks = ElementChunks.Of(parameters.Select(p => p.Parameter.Data.Length));
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
        ForEach((average, now) =>
        {
            int i = 0;
            for (; i <= average.Length - Vector<float>.Count; i += Vector<float>.Count)
                (new Vector<float>(average[i..]) * decay + new Vector<float>(now[i..]) * rest).CopyTo(average[i..]);
            for (; i < average.Length; i++)
                average[i] = average[i] * decay + now[i] * rest;
        });
    }

    /// <summary>
    /// Exchanges the average and the weights of the model, to evaluate or save the average; a second call undoes it.
    /// </summary>
    public void Swap() => ForEach((average, now) =>
    {
        for (int i = 0; i < now.Length; i++)
            (average[i], now[i]) = (now[i], average[i]);
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (OptimizerMoment value in Values)
            value.Dispose();
    }

    private void ForEach(Work work) => Parallel.For(0, _chunks.Length, _parallel, i =>
    {
        (int value, int start, int length) = _chunks[i];
        work(Values[value].Values.Span.Slice(start, length), Values[value].Parameter.Data.Span.Slice(start, length));
    });

    private delegate void Work(Span<float> average, Span<float> now);
}

namespace Seriatim.Training;

/// <summary>
/// Changes parameters by their gradients, element by element in the order they lie in memory, so that the bits of the result do
/// not depend on the number of threads or the width of vectors.
/// </summary>
public abstract class Optimizer : IDisposable
{
    private readonly (int Parameter, int Start, int Length)[] _chunks;

    /// <summary>Makes an optimizer whose moments are zero.</summary>
    /// <param name="parameters">What it changes.</param>
    /// <param name="momentNames">Names of the moments it keeps of each parameter.</param>
    /// <param name="threads">Threads of a step; 0: as many as the machine has.</param>
    /// <exception cref="ArgumentException">There are no parameters.</exception>
    protected Optimizer(IReadOnlyList<TrainableParameter> parameters, IReadOnlyList<string> momentNames, int threads)
        : this(parameters, threads)
    {
        ArgumentNullException.ThrowIfNull(momentNames);
        Moments = [.. parameters.SelectMany(p => momentNames.Select(name => new OptimizerMoment(name, p.Parameter)))];
        MomentsPerParameter = momentNames.Count;
    }

    /// <summary>Makes an optimizer that sets its <see cref="Moments"/> itself.</summary>
    /// <param name="parameters">What it changes.</param>
    /// <param name="threads">Threads of a step; 0: as many as the machine has.</param>
    /// <exception cref="ArgumentException">There are no parameters.</exception>
    private protected Optimizer(IReadOnlyList<TrainableParameter> parameters, int threads)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        if (parameters.Count == 0)
            throw new ArgumentException("There are no parameters to train.", nameof(parameters));
        Parameters = parameters;
        Parallelism = ElementChunks.Threads(threads);
        _chunks = ElementChunks.Of(parameters.Select(p => p.Parameter.Data.Length));
    }

    /// <summary>What is changed, in the order of the model.</summary>
    public IReadOnlyList<TrainableParameter> Parameters { get; }

    /// <summary>The moments of every parameter, parameter by parameter: what a checkpoint has to keep besides <see cref="Steps"/>.</summary>
    public IReadOnlyList<OptimizerMoment> Moments { get; private protected init; } = [];

    /// <summary>Steps done so far; set when training goes on from a checkpoint.</summary>
    public long Steps { get; set; }

    /// <summary>Threads of a step.</summary>
    private protected ParallelOptions Parallelism { get; }

    /// <summary>Moments kept of each parameter.</summary>
    protected int MomentsPerParameter { get; }

    /// <summary>Does one step.</summary>
    /// <param name="learningRate">The learning rate of this step.</param>
    /// <param name="gradientScale">Factor of every gradient: one over the labels they are summed over, times that of
    /// <see cref="GradientNorm.ClipFactor"/>.</param>
    /// <param name="clear">Whether gradients are zero afterwards, as by <see cref="ClearGradients"/>.</param>
    public void Step(double learningRate, double gradientScale = 1, bool clear = false)
    {
        Steps++;
        Prepare(learningRate, gradientScale);
        foreach (TrainableParameter parameter in Parameters)
            parameter.Parameter.GradientOrZeros();
        UpdateAll();
        if (clear)
            ClearGradients();
    }

    /// <summary>Sets every gradient to zero.</summary>
    public void ClearGradients()
    {
        foreach (TrainableParameter parameter in Parameters)
            parameter.Parameter.ClearGradient();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (OptimizerMoment moment in Moments)
            moment.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Computes what all elements share.</summary>
    /// <param name="learningRate">The learning rate of this step.</param>
    /// <param name="gradientScale">Factor of every gradient.</param>
    protected abstract void Prepare(double learningRate, double gradientScale);

    /// <summary>Changes all parameters: piece by piece, unless an optimizer has to see whole ones.</summary>
    private protected virtual void UpdateAll() =>
        Parallel.For(0, _chunks.Length, Parallelism, i => Update(_chunks[i].Parameter, _chunks[i].Start, _chunks[i].Length));

    /// <summary>Changes some elements of one parameter; called by several threads at once.</summary>
    /// <param name="parameter">Index in <see cref="Parameters"/>.</param>
    /// <param name="start">First element, in memory order.</param>
    /// <param name="length">Number of elements.</param>
    protected abstract void Update(int parameter, int start, int length);

    /// <summary>The elements of a moment.</summary>
    /// <param name="parameter">Index in <see cref="Parameters"/>.</param>
    /// <param name="moment">Index of the moment's name.</param>
    /// <param name="start">First element, in memory order.</param>
    /// <param name="length">Number of elements.</param>
    protected Span<float> Moment(int parameter, int moment, int start, int length) =>
        Moments[parameter * MomentsPerParameter + moment].Values.Span.Slice(start, length);
}

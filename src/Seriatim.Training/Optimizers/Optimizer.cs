namespace Seriatim.Training;

/// <summary>
/// Changes parameters by their gradients. The arithmetic is ops of the device that the parameters are on; what is
/// here are options, the numbers of a step, and what is kept of each parameter. The bits of the result do not
/// depend on threads or the width of vectors.
/// </summary>
public abstract class Optimizer : IDisposable
{
    /// <summary>Makes an optimizer whose moments are zero.</summary>
    /// <param name="parameters">What it changes.</param>
    /// <param name="momentNames">Names of the moments it keeps of each parameter.</param>
    /// <exception cref="ArgumentException">There are no parameters.</exception>
    protected Optimizer(IReadOnlyList<TrainableParameter> parameters, IReadOnlyList<string> momentNames)
        : this(parameters)
    {
        ArgumentNullException.ThrowIfNull(momentNames);
        Moments = [.. parameters.SelectMany(p => momentNames.Select(name => new OptimizerMoment(name, p.Parameter)))];
        MomentsPerParameter = momentNames.Count;
    }

    /// <summary>Makes an optimizer that sets its <see cref="Moments"/> itself.</summary>
    /// <param name="parameters">What it changes.</param>
    /// <exception cref="ArgumentException">There are no parameters.</exception>
    private protected Optimizer(IReadOnlyList<TrainableParameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (parameters.Count == 0)
            throw new ArgumentException("There are no parameters to train.", nameof(parameters));
        Parameters = parameters;
    }

    /// <summary>What is changed, in the order of the model.</summary>
    public IReadOnlyList<TrainableParameter> Parameters { get; }

    /// <summary>
    /// The moments of every parameter, parameter by parameter: what a checkpoint has to keep besides <see cref="Steps"/>.
    /// </summary>
    public IReadOnlyList<OptimizerMoment> Moments { get; private protected init; } = [];

    /// <summary>Steps done so far; set when training goes on from a checkpoint.</summary>
    public long Steps { get; set; }

    /// <summary>Moments kept of each parameter.</summary>
    protected int MomentsPerParameter { get; }

    /// <summary>Does one step.</summary>
    /// <param name="ops">Ops of the device that the parameters are on.</param>
    /// <param name="learningRate">The learning rate of this step.</param>
    /// <param name="gradientScale">Factor of every gradient: one over the labels they are summed over, times that of
    /// <see cref="GradientNorm.ClipFactor"/>.</param>
    /// <param name="clear">Whether gradients are zero afterwards, as by <see cref="ClearGradients"/>.</param>
    public void Step(IDifferentiableOps ops, double learningRate, double gradientScale = 1, bool clear = false)
    {
        ArgumentNullException.ThrowIfNull(ops);
        Steps++;
        Prepare(learningRate, gradientScale);
        for (int i = 0; i < Parameters.Count; i++)
        {
            Update(ops, i);
            ops.RoundMaster(Parameters[i].Parameter);
        }

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

    /// <summary>Computes what all parameters share.</summary>
    /// <param name="learningRate">The learning rate of this step.</param>
    /// <param name="gradientScale">Factor of every gradient.</param>
    protected abstract void Prepare(double learningRate, double gradientScale);

    /// <summary>Changes one parameter and its moments.</summary>
    /// <param name="ops">Ops of the parameter's device.</param>
    /// <param name="parameter">Index in <see cref="Parameters"/>.</param>
    protected abstract void Update(IDifferentiableOps ops, int parameter);

    /// <summary>The elements of a moment.</summary>
    /// <param name="parameter">Index in <see cref="Parameters"/>.</param>
    /// <param name="moment">Index of the moment's name.</param>
    protected Tensor Moment(int parameter, int moment) => Moments[parameter * MomentsPerParameter + moment].Values;
}

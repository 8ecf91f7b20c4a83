namespace Seriatim.Training;

/// <summary>
/// AdamW (Loshchilov and Hutter, 2019, algorithm 2): <c>p -= r w p; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g g;
/// p -= r (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)</c> with the rate r and the decay w, in one pass over memory.
/// </summary>
public sealed class AdamW : Optimizer
{
    private readonly AdamWOptions _options;
    private AdamWFactors _factors;

    /// <summary>Makes an optimizer whose moments are zero.</summary>
    /// <param name="parameters">What it changes.</param>
    /// <param name="options">Betas, epsilon, decay; by default those of <see cref="AdamWOptions"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A beta is not in [0, 1), epsilon not positive, or the decay negative.
    /// </exception>
    public AdamW(IReadOnlyList<TrainableParameter> parameters, AdamWOptions? options = null)
        : base(parameters, ["exp_avg", "exp_avg_sq"])
    {
        _options = options ?? new AdamWOptions();
        _options.Check();
    }

    /// <inheritdoc/>
    protected override void Prepare(double learningRate, double gradientScale) => _factors = new AdamWFactors(
        Scale: (float)gradientScale,
        Keep: (float)(1 - learningRate * _options.WeightDecay),
        Rate: (float)(learningRate / (1 - Math.Pow(_options.Beta1, Steps))),
        RootCorrection: (float)(1 / Math.Sqrt(1 - Math.Pow(_options.Beta2, Steps))),
        Beta1: (float)_options.Beta1,
        Rest1: (float)(1 - _options.Beta1),
        Beta2: (float)_options.Beta2,
        Rest2: (float)(1 - _options.Beta2),
        Epsilon: (float)_options.Epsilon);

    /// <inheritdoc/>
    protected override void Update(IDifferentiableOps ops, int parameter)
    {
        TrainableParameter trained = Parameters[parameter];
        AdamWFactors factors = trained.Decays ? _factors : _factors with { Keep = 1 };
        ops.AdamWStep(trained.Parameter, Moment(parameter, 0), Moment(parameter, 1), factors);
    }
}

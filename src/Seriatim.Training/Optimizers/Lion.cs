namespace Seriatim.Training;

/// <summary>
/// Lion (Chen et al., 2023, program 1): <c>p -= r (sign(b1 m + (1 - b1) g) + w p); m = b2 m + (1 - b2) g</c> with the rate r and
/// the decay w. One moment instead of two; wants about a tenth of AdamW's rate and ten times its decay.
/// </summary>
public sealed class Lion : Optimizer
{
    private readonly float _beta1, _beta2, _decay;
    private LionFactors _factors;

    /// <summary>Makes an optimizer whose moments are zero.</summary>
    /// <param name="parameters">What it changes.</param>
    /// <param name="beta1">Weight of the past in the direction, in [0, 1).</param>
    /// <param name="beta2">Weight of the past in the moment, in [0, 1).</param>
    /// <param name="weightDecay">Share of a weight, times the learning rate, that is taken away in each step.</param>
    /// <exception cref="ArgumentOutOfRangeException">A beta is not in [0, 1), or the decay negative.</exception>
    public Lion(IReadOnlyList<TrainableParameter> parameters, double beta1 = 0.9, double beta2 = 0.99, double weightDecay = 0)
        : base(parameters, ["exp_avg"])
    {
        new AdamWOptions { Beta1 = beta1, Beta2 = beta2, WeightDecay = weightDecay }.Check();
        (_beta1, _beta2, _decay) = ((float)beta1, (float)beta2, (float)weightDecay);
    }

    /// <inheritdoc/>
    protected override void Prepare(double learningRate, double gradientScale) =>
        _factors = new LionFactors((float)gradientScale, (float)learningRate, _beta1, _beta2, _decay);

    /// <inheritdoc/>
    protected override void Update(IDifferentiableOps ops, int parameter)
    {
        TrainableParameter trained = Parameters[parameter];
        ops.LionStep(trained.Parameter, Moment(parameter, 0), trained.Decays ? _factors : _factors with { Decay = 0 });
    }
}

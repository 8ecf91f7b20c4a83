namespace Seriatim.Training;

/// <summary>
/// Adafactor (Shazeer and Stern, 2018, algorithms 4 and 5): of the average of squared gradients of a matrix only the means of its
/// rows <c>R</c> and columns <c>C</c> are kept, <c>v = R C / mean(R)</c>; the update <c>u = g / sqrt(v)</c> is
/// scaled down to a root mean square of at most 1; <c>p -= r w p; p -= r u</c> with the rate r and the decay w. No
/// average of gradients. Vectors keep all of v.
/// </summary>
/// <remarks>
/// Rows and columns are those of the matrix, whatever its order in memory. Work is cut into blocks of 32 rows and their sums are
/// added up in order, so the bits of the result do not depend on the number of threads or the width of vectors.
/// </remarks>
public sealed class Adafactor : Optimizer
{
    private readonly AdafactorOptions _options;
    private readonly List<OptimizerMoment[]> _own = [];
    private AdafactorFactors _factors;

    /// <summary>Makes an optimizer whose averages are zero.</summary>
    /// <param name="parameters">What it changes.</param>
    /// <param name="options">By default those of <see cref="AdafactorOptions"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option has no sense.</exception>
    public Adafactor(IReadOnlyList<TrainableParameter> parameters, AdafactorOptions? options = null)
        : base(parameters)
    {
        _options = options ?? new AdafactorOptions();
        _options.Check();
        foreach (Parameter p in parameters.Select(p => p.Parameter))
        {
            _own.Add(p.Rows == 1
                ? [new("exp_avg_sq", p, p.Columns)]
                : [new("exp_avg_sq_row", p, p.Rows), new("exp_avg_sq_col", p, p.Columns)]);
        }
        Moments = [.. _own.SelectMany(moments => moments)];
    }

    /// <inheritdoc/>
    protected override void Prepare(double learningRate, double gradientScale)
    {
        float rest = (float)Math.Pow(Steps, -_options.DecayRate);
        _factors = new AdafactorFactors(
            Rate: learningRate,
            Scale: (float)gradientScale,
            Keep: 1 - rest,
            Rest: rest,
            SquareEpsilon: (float)_options.SquareEpsilon,
            Decay: _options.WeightDecay,
            ClipThreshold: _options.ClipThreshold,
            SmallestScale: _options.ScaleParameter ? _options.SmallestScale : 0);
    }

    /// <inheritdoc/>
    protected override void Update(IDifferentiableOps ops, int parameter)
    {
        TrainableParameter trained = Parameters[parameter];
        OptimizerMoment[] moments = _own[parameter];
        ops.AdafactorStep(trained.Parameter, moments.Length == 2 ? moments[0].Values : null, moments[^1].Values,
            trained.Decays ? _factors : _factors with { Decay = 0 });
    }
}

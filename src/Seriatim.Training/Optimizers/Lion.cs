using System.Numerics;

namespace Seriatim.Training;

/// <summary>
/// Lion (Chen et al., 2023, program 1): <c>p -= r (sign(b1 m + (1 - b1) g) + w p); m = b2 m + (1 - b2) g</c> with the rate r and
/// the decay w. One moment instead of two; wants about a tenth of AdamW's rate and ten times its decay.
/// </summary>
public sealed class Lion : Optimizer
{
    private readonly float _beta1, _beta2, _decay;
    private float _scale, _rate;

    /// <summary>Makes an optimizer whose moments are zero.</summary>
    /// <param name="parameters">What it changes.</param>
    /// <param name="beta1">Weight of the past in the direction, in [0, 1).</param>
    /// <param name="beta2">Weight of the past in the moment, in [0, 1).</param>
    /// <param name="weightDecay">Share of a weight, times the learning rate, that is taken away in each step.</param>
    /// <param name="threads">Threads of a step; 0: as many as the machine has.</param>
    /// <exception cref="ArgumentOutOfRangeException">A beta is not in [0, 1), or the decay negative.</exception>
    public Lion(IReadOnlyList<TrainableParameter> parameters, double beta1 = 0.9, double beta2 = 0.99, double weightDecay = 0,
        int threads = 0)
        : base(parameters, ["exp_avg"], threads)
    {
        new AdamWOptions { Beta1 = beta1, Beta2 = beta2, WeightDecay = weightDecay }.Check();
        (_beta1, _beta2, _decay) = ((float)beta1, (float)beta2, (float)weightDecay);
    }

    /// <inheritdoc/>
    protected override void Prepare(double learningRate, double gradientScale) =>
        (_rate, _scale) = ((float)learningRate, (float)gradientScale);

    /// <inheritdoc/>
    protected override void Update(int parameter, int start, int length)
    {
        TrainableParameter trained = Parameters[parameter];
        Span<float> values = trained.Parameter.Data.Span.Slice(start, length);
        ReadOnlySpan<float> gradient = trained.Parameter.Gradient!.Span.Slice(start, length);
        Span<float> mean = Moment(parameter, 0, start, length);
        float decay = trained.Decays ? _decay : 0;
        int i = 0;
        Vector<float> zero = Vector<float>.Zero, one = Vector<float>.One;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> g = new Vector<float>(gradient[i..]) * _scale, m = new(mean[i..]), p = new(values[i..]);
            Vector<float> direction = m * _beta1 + g * (1 - _beta1);
            Vector<float> sign = Vector.ConditionalSelect(Vector.GreaterThan(direction, zero), one,
                Vector.ConditionalSelect(Vector.LessThan(direction, zero), -one, zero));
            (p - (sign + p * decay) * _rate).CopyTo(values[i..]);
            (m * _beta2 + g * (1 - _beta2)).CopyTo(mean[i..]);
        }

        for (; i < length; i++)
        {
            float g = gradient[i] * _scale;
            float direction = mean[i] * _beta1 + g * (1 - _beta1);
            float sign = direction > 0 ? 1 : direction < 0 ? -1 : 0;
            values[i] -= (sign + values[i] * decay) * _rate;
            mean[i] = mean[i] * _beta2 + g * (1 - _beta2);
        }
    }
}

using System.Numerics;

namespace Seriatim.Training;

/// <summary>
/// AdamW (Loshchilov and Hutter, 2019, algorithm 2): <c>p -= r w p; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g g;
/// p -= r (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)</c> with the rate r and the decay w, in one pass over memory.
/// </summary>
public sealed class AdamW : Optimizer
{
    private readonly AdamWOptions _options;
    private float _scale, _keep, _rate, _rootCorrection;

    /// <summary>Makes an optimizer whose moments are zero.</summary>
    /// <param name="parameters">What it changes.</param>
    /// <param name="options">Betas, epsilon, decay; by default those of <see cref="AdamWOptions"/>.</param>
    /// <param name="threads">Threads of a step; 0: as many as the machine has.</param>
    /// <exception cref="ArgumentOutOfRangeException">A beta is not in [0, 1), epsilon not positive, or the decay negative.</exception>
    public AdamW(IReadOnlyList<TrainableParameter> parameters, AdamWOptions? options = null, int threads = 0)
        : base(parameters, ["exp_avg", "exp_avg_sq"], threads)
    {
        _options = options ?? new AdamWOptions();
        _options.Check();
    }

    /// <inheritdoc/>
    protected override void Prepare(double learningRate, double gradientScale)
    {
        _scale = (float)gradientScale;
        _keep = (float)(1 - learningRate * _options.WeightDecay);
        _rate = (float)(learningRate / (1 - Math.Pow(_options.Beta1, Steps)));
        _rootCorrection = (float)(1 / Math.Sqrt(1 - Math.Pow(_options.Beta2, Steps)));
    }

    /// <inheritdoc/>
    protected override void Update(int parameter, int start, int length)
    {
        TrainableParameter trained = Parameters[parameter];
        Span<float> values = trained.Parameter.Data.Span.Slice(start, length);
        ReadOnlySpan<float> gradient = trained.Parameter.Gradient!.Span.Slice(start, length);
        Span<float> mean = Moment(parameter, 0, start, length);
        Span<float> square = Moment(parameter, 1, start, length);
        float keep = trained.Decays ? _keep : 1;
        float beta1 = (float)_options.Beta1, rest1 = (float)(1 - _options.Beta1);
        float beta2 = (float)_options.Beta2, rest2 = (float)(1 - _options.Beta2);
        float epsilon = (float)_options.Epsilon;
        int i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> g = new Vector<float>(gradient[i..]) * _scale;
            Vector<float> m = new Vector<float>(mean[i..]) * beta1 + g * rest1;
            Vector<float> v = new Vector<float>(square[i..]) * beta2 + g * g * rest2;
            m.CopyTo(mean[i..]);
            v.CopyTo(square[i..]);
            Vector<float> root = Vector.SquareRoot(v) * _rootCorrection + new Vector<float>(epsilon);
            (new Vector<float>(values[i..]) * keep - m * _rate / root).CopyTo(values[i..]);
        }

        // The same operations in the same order: the bits do not depend on where the vectors end.
        for (; i < length; i++)
        {
            float g = gradient[i] * _scale;
            mean[i] = mean[i] * beta1 + g * rest1;
            square[i] = square[i] * beta2 + g * g * rest2;
            values[i] = values[i] * keep - mean[i] * _rate / (MathF.Sqrt(square[i]) * _rootCorrection + epsilon);
        }
    }
}

namespace Seriatim.Training;

/// <summary>What <see cref="Adafactor"/> needs to know.</summary>
public sealed record AdafactorOptions
{
    /// <summary>The average of squares forgets with <c>1 - t^-DecayRate</c> at step t.</summary>
    public double DecayRate { get; init; } = 0.8;

    /// <summary>The update of a parameter is scaled down to this root mean square; 0: never.</summary>
    public double ClipThreshold { get; init; } = 1;

    /// <summary>Added to squares of gradients (epsilon 1 of the paper).</summary>
    public double SquareEpsilon { get; init; } = 1e-30;

    /// <summary>
    /// Whether the learning rate is multiplied by the root mean square of the parameter, or <see cref="SmallestScale"/> if that
    /// is more. The reference library's trainer does not.
    /// </summary>
    public bool ScaleParameter { get; init; }

    /// <summary>The smallest factor of <see cref="ScaleParameter"/> (epsilon 2 of the paper).</summary>
    public double SmallestScale { get; init; } = 1e-3;

    /// <summary>Share of a weight, times the learning rate, that is taken away in each step.</summary>
    public double WeightDecay { get; init; }

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(DecayRate);
        ArgumentOutOfRangeException.ThrowIfNegative(ClipThreshold);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(SquareEpsilon);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(SmallestScale);
        ArgumentOutOfRangeException.ThrowIfNegative(WeightDecay);
    }
}

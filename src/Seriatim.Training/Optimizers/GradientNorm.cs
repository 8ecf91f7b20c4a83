namespace Seriatim.Training;

/// <summary>The length of all gradients taken as one vector, and clipping by it (Pascanu et al., 2013).</summary>
public static class GradientNorm
{
    /// <summary>
    /// The Euclidean norm over all parameters, in double: the same bits on every machine and for any number of threads. Waits
    /// for the gradients, as one does for a loss.
    /// </summary>
    /// <param name="ops">Ops of the device that the parameters are on.</param>
    /// <param name="parameters">Whose gradients; those without one count as zero.</param>
    /// <returns>The norm; NaN or infinite if a gradient is.</returns>
    public static double Of(IDifferentiableOps ops, IEnumerable<TrainableParameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return Math.Sqrt(ops.SumOfSquares([.. parameters.Select(p => p.Parameter)]));
    }

    /// <summary>
    /// The factor that brings gradients of this norm down to at most <paramref name="largest"/>; 1 if they are below.
    /// </summary>
    /// <param name="norm">The norm.</param>
    /// <param name="largest">The largest norm wanted; 0: no clipping.</param>
    public static double ClipFactor(double norm, double largest)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(largest);
        return largest > 0 && norm > largest ? largest / norm : 1;
    }
}

using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Training;

/// <summary>The length of all gradients taken as one vector, and clipping by it (Pascanu et al., 2013).</summary>
public static class GradientNorm
{
    /// <summary>
    /// The Euclidean norm over all parameters, in double. Pieces of 32,768 elements have eight partial sums each (element i goes to
    /// sum i mod 8), folded in a fixed tree, and are added up in order: the same bits on every machine and for any number of threads.
    /// </summary>
    /// <param name="parameters">Whose gradients; those without one count as zero.</param>
    /// <param name="threads">Threads; 0: as many as the machine has.</param>
    /// <returns>The norm; NaN or infinite if a gradient is.</returns>
    public static double Of(IEnumerable<TrainableParameter> parameters, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        Tensor[] gradients = [.. parameters.Select(p => p.Parameter.Gradient).OfType<Tensor>()];
        (int Tensor, int Start, int Length)[] chunks = ElementChunks.Of(gradients.Select(g => g.Length));
        double[] squares = new double[chunks.Length];
        Parallel.For(0, chunks.Length, ElementChunks.Threads(threads), i =>
            squares[i] = Squares(gradients[chunks[i].Tensor].Span.Slice(chunks[i].Start, chunks[i].Length)));
        double sum = 0;
        foreach (double square in squares)
            sum += square;
        return Math.Sqrt(sum);
    }

    /// <summary>The factor that brings gradients of this norm down to at most <paramref name="largest"/>; 1 if they are below.</summary>
    /// <param name="norm">The norm.</param>
    /// <param name="largest">The largest norm wanted; 0: no clipping.</param>
    public static double ClipFactor(double norm, double largest)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(largest);
        return largest > 0 && norm > largest ? largest / norm : 1;
    }

    private static double Squares(ReadOnlySpan<float> values)
    {
        Vector256<double> low = Vector256<double>.Zero, high = Vector256<double>.Zero;
        ref float first = ref MemoryMarshal.GetReference(values);
        int i = 0;
        for (; i <= values.Length - 8; i += 8)
        {
            (Vector256<double> a, Vector256<double> b) = Vector256.Widen(Vector256.LoadUnsafe(ref first, (nuint)i));
            low += a * a;
            high += b * b;
        }

        double rest = 0;
        for (; i < values.Length; i++)
            rest += (double)values[i] * values[i];
        Vector256<double> sums = low + high;
        return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest;
    }
}

using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// <c>Σ g²</c> over the gradients of some parameters, in double. Pieces of 32,768 elements have eight partial
/// sums each (element i goes to sum i mod 8), folded in a fixed tree, and are added up in order: the same bits on
/// every machine and for any number of threads.
/// </summary>
/// <remarks>Result: the one sum, as <see cref="Doubles"/> keep it. Parameters without a gradient count as zero.</remarks>
internal readonly struct SumOfSquaresOp(IReadOnlyList<Parameter> parameters) : IOpCall
{
    public static string Name => "SumOfSquares";

    public OpPart Part => OpPart.Other;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => Doubles.Shape(1);

    public void Check()
    {
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        var pieces = new List<(Tensor Tensor, long Start, int Length)>();
        foreach (Parameter parameter in parameters)
        {
            if (parameter.Gradient is not { } gradient)
                continue;
            for (long start = 0; start < gradient.Length; start += UpdatePieces.Length)
                pieces.Add((gradient, start, (int)Math.Min(UpdatePieces.Length, gradient.Length - start)));
        }

        double[] squares = new double[pieces.Count];
        var work = new Work { Pieces = pieces, Squares = squares };
        team.Run(pieces.Count, ref work);
        double sum = 0;
        foreach (double square in squares)
            sum += square;
        Doubles.Of(results[0])[0] = sum;
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        double sum = 0;
        foreach (Parameter parameter in parameters)
        {
            if (parameter.Gradient is not { } gradient)
                continue;
            foreach (float value in gradient.Span)
                sum += (double)value * value;
        }

        Doubles.Of(results[0])[0] = sum;
    }

    private struct Work : IWork
    {
        public List<(Tensor Tensor, long Start, int Length)> Pieces;
        public double[] Squares;

        public readonly unsafe void Do(int piece, int worker)
        {
            (Tensor tensor, long start, int length) = Pieces[piece];
            Squares[piece] = Sum(new ReadOnlySpan<float>(tensor.Floats + start, length));
        }

        private static double Sum(ReadOnlySpan<float> values)
        {
            Vector256<double> low = Vector256<double>.Zero;
            Vector256<double> high = Vector256<double>.Zero;
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
}

public static partial class OpsExtensions
{
    /// <summary>The sum of the squares of all gradients of some parameters, in double; waits for it, as for a loss.</summary>
    /// <param name="ops">Runs it.</param>
    /// <param name="parameters">Whose gradients; those without one count as zero.</param>
    /// <returns>The sum; NaN or infinite if a gradient is.</returns>
    public static double SumOfSquares(this IDifferentiableOps ops, IReadOnlyList<Parameter> parameters)
    {
        using Tensor sum = ops.Call(new SumOfSquaresOp(parameters));
        return Doubles.Read(sum);
    }
}

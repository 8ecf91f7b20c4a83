using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// <c>Σ g²</c> over the gradients of some parameters, in double: one sum for each piece of 32,768 elements of a parameter.
/// A piece has eight partial sums (element i goes to sum i mod 8), folded in a fixed tree: the same bits on every machine
/// and for any number of threads. Whoever wants the sum of all adds them up in order.
/// </summary>
/// <remarks>Result: the sums, as <see cref="Doubles"/> keep them. Parameters without a gradient count as zero.</remarks>
internal readonly struct SumOfSquaresOp(IReadOnlyList<Parameter> parameters) : IOpCall
{
    public static string Name => "SumOfSquares";

    public OpPart Part => OpPart.Other;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => Doubles.Shape(parameters.Sum(PiecesOf));

    public void Check()
    {
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        var pieces = new List<(Tensor? Tensor, long Start, int Length)>();
        foreach (Parameter parameter in parameters)
        {
            Tensor? gradient = parameter.Gradient;
            long length = parameter.Master.Length;
            for (long start = 0; start < length; start += UpdatePieces.Length)
                pieces.Add((gradient, start, (int)Math.Min(UpdatePieces.Length, length - start)));
        }

        double[] squares = new double[pieces.Count];
        var work = new Work { Pieces = pieces, Squares = squares };
        team.Run(pieces.Count, ref work);
        squares.CopyTo(Doubles.Of(results[0]));
    }

    private static int PiecesOf(Parameter parameter) =>
        checked((int)((parameter.Master.Length + UpdatePieces.Length - 1) / UpdatePieces.Length));

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        Span<double> sums = Doubles.Of(results[0]);
        foreach (Parameter parameter in parameters)
        {
            Span<double> own = sums[..PiecesOf(parameter)];
            own.Clear();
            Span<float> gradient = parameter.Gradient is { } some ? some.Span : default;
            for (int i = 0; i < gradient.Length; i++)
                own[i / UpdatePieces.Length] += (double)gradient[i] * gradient[i];
            sums = sums[own.Length..];
        }
    }

    private struct Work : IWork
    {
        public List<(Tensor? Tensor, long Start, int Length)> Pieces;
        public double[] Squares;

        public readonly unsafe void Do(int piece, int worker)
        {
            (Tensor? tensor, long start, int length) = Pieces[piece];
            Squares[piece] = tensor is null ? 0 : Sum(new ReadOnlySpan<float>(tensor.Floats + start, length));
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
        double sum = 0;
        foreach (double piece in ops.SquaresOfPieces(parameters))
            sum += piece;
        return sum;
    }

    /// <summary>
    /// What <see cref="SumOfSquares"/> adds up, in its order: whoever has only some of the parameters can give their part of it,
    /// and the sum of all parts keeps its bits.
    /// </summary>
    /// <param name="ops">Runs it.</param>
    /// <param name="parameters">Whose gradients; those without one count as zero.</param>
    /// <returns>One sum for each begun 32,768 elements of a parameter, parameter by parameter.</returns>
    public static double[] SquaresOfPieces(this IDifferentiableOps ops, IReadOnlyList<Parameter> parameters)
    {
        if (parameters.Count == 0)
            return [];
        using Tensor sums = ops.Call(new SumOfSquaresOp(parameters));
        return Doubles.ReadAll(sums);
    }
}

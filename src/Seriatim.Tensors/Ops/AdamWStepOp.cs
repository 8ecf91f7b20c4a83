using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>The numbers of one step of AdamW, as its formula needs them.</summary>
/// <param name="Scale">Factor of every gradient.</param>
/// <param name="Keep">Factor of every value: 1 less the rate times the decay.</param>
/// <param name="Rate">The rate over <c>1 - b1^t</c>.</param>
/// <param name="RootCorrection"><c>1 / sqrt(1 - b2^t)</c>.</param>
/// <param name="Beta1">Weight of the past in the mean.</param>
/// <param name="Rest1">1 less that.</param>
/// <param name="Beta2">Weight of the past in the mean of squares.</param>
/// <param name="Rest2">1 less that.</param>
/// <param name="Epsilon">Added to the root.</param>
public readonly record struct AdamWFactors(
    float Scale, float Keep, float Rate, float RootCorrection, float Beta1, float Rest1, float Beta2, float Rest2, float Epsilon);

/// <summary>
/// <c>g = scale gradient; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g g; p = keep p - rate m / (correction sqrt(v) + eps)</c>,
/// each operation rounded, in this order; one pass over memory. A gradient that nothing reached counts as zero.
/// </summary>
/// <remarks>Changes p, m and v, which lie in the same order. No result.</remarks>
internal readonly struct AdamWStepOp(Parameter parameter, Tensor mean, Tensor square, AdamWFactors factors) : IOpCall
{
    public static string Name => "AdamWStep";

    public OpPart Part => OpPart.Other;

    public int Results => 0;

    public (int Rows, int Columns) Shape(int result) => throw OpShapes.NoResult(Name);

    public void Check()
    {
        OpShapes.RequireTrainable(parameter, Name);
        OpShapes.RequireSame(parameter.Master, mean, Name, "the mean");
        OpShapes.RequireSame(parameter.Master, square, Name, "the mean of squares");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> =>
        UpdateKernel<T, Step<T>>.Run(team, new Step<T>(factors), parameter.GradientOrZeros(), parameter.Master, mean, square);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        Span<float> p = parameter.Master.Span, m = mean.Span, v = square.Span, gradient = parameter.GradientOrZeros().Span;
        for (int i = 0; i < p.Length; i++)
        {
            double g = (double)gradient[i] * factors.Scale;
            double first = m[i] * (double)factors.Beta1 + g * factors.Rest1;
            double second = v[i] * (double)factors.Beta2 + g * g * factors.Rest2;
            double root = Math.Sqrt(second) * factors.RootCorrection + factors.Epsilon;
            p[i] = (float)(p[i] * (double)factors.Keep - first * factors.Rate / root);
            (m[i], v[i]) = ((float)first, (float)second);
        }
    }

    private readonly struct Step<T>(AdamWFactors factors) : IUpdateFunction<T>
        where T : struct, ILanes<T>
    {
        public static int Changed => 3;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Change(T from, ref T values, ref T first, ref T second)
        {
            T g = from * T.Broadcast(factors.Scale);
            first = first * T.Broadcast(factors.Beta1) + g * T.Broadcast(factors.Rest1);
            second = second * T.Broadcast(factors.Beta2) + g * g * T.Broadcast(factors.Rest2);
            T root = T.SquareRoot(second) * T.Broadcast(factors.RootCorrection) + T.Broadcast(factors.Epsilon);
            values = values * T.Broadcast(factors.Keep) - first * T.Broadcast(factors.Rate) / root;
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>One step of AdamW (Loshchilov and Hutter, 2019) for one parameter, in place.</summary>
    /// <param name="ops">Runs it.</param>
    /// <param name="parameter">F32; its gradient is read and stays.</param>
    /// <param name="mean">Mean of gradients, in the shape and order of <see cref="Parameter.Data"/>.</param>
    /// <param name="square">Mean of squared gradients, likewise.</param>
    /// <param name="factors">The numbers of this step.</param>
    public static void AdamWStep(this IDifferentiableOps ops, Parameter parameter, Tensor mean, Tensor square,
        AdamWFactors factors) =>
        ops.Call(new AdamWStepOp(parameter, mean, square, factors), []);
}

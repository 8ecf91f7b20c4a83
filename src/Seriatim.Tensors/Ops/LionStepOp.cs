using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>The numbers of one step of Lion.</summary>
/// <param name="Scale">Factor of every gradient.</param>
/// <param name="Rate">The learning rate.</param>
/// <param name="Beta1">Weight of the past in the direction.</param>
/// <param name="Beta2">Weight of the past in the mean.</param>
/// <param name="Decay">Share of a value, times the rate, that is taken away.</param>
public readonly record struct LionFactors(float Scale, float Rate, float Beta1, float Beta2, float Decay);

/// <summary>
/// <c>g = scale gradient; p -= rate (sign(b1 m + (1 - b1) g) + decay p); m = b2 m + (1 - b2) g</c>, each operation rounded, in
/// this order. The sign of what is not a number is 0.
/// </summary>
/// <remarks>Changes p and m, which lie in the same order. No result.</remarks>
internal readonly struct LionStepOp(Parameter parameter, Tensor mean, LionFactors factors) : IOpCall
{
    public static string Name => "LionStep";

    public OpPart Part => OpPart.Other;

    public int Results => 0;

    public (int Rows, int Columns) Shape(int result) => throw OpShapes.NoResult(Name);

    public void Check()
    {
        OpShapes.RequireTrainable(parameter, Name);
        OpShapes.RequireSame(parameter.Master, mean, Name, "the mean");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> =>
        UpdateKernel<T, Step<T>>.Run(team, new Step<T>(factors), parameter.GradientOrZeros(), parameter.Master, mean);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        Span<float> p = parameter.Master.Span, m = mean.Span, gradient = parameter.GradientOrZeros().Span;
        for (int i = 0; i < p.Length; i++)
        {
            double g = (double)gradient[i] * factors.Scale;
            double direction = m[i] * (double)factors.Beta1 + g * (1.0 - factors.Beta1);
            int sign = double.IsNaN(direction) ? 0 : Math.Sign(direction);
            p[i] = (float)(p[i] - factors.Rate * (sign + (double)factors.Decay * p[i]));
            m[i] = (float)(m[i] * (double)factors.Beta2 + g * (1.0 - factors.Beta2));
        }
    }

    private readonly struct Step<T>(LionFactors factors) : IUpdateFunction<T>
        where T : struct, ILanes<T>
    {
        public static int Changed => 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Change(T from, ref T values, ref T first, ref T second)
        {
            T zero = T.Broadcast(0f);
            T g = from * T.Broadcast(factors.Scale);
            T direction = first * T.Broadcast(factors.Beta1) + g * T.Broadcast(1 - factors.Beta1);
            T sign = T.Select(T.Less(zero, direction), T.Broadcast(1f),
                T.Select(T.Less(direction, zero), T.Broadcast(-1f), zero));
            values -= (sign + values * T.Broadcast(factors.Decay)) * T.Broadcast(factors.Rate);
            first = first * T.Broadcast(factors.Beta2) + g * T.Broadcast(1 - factors.Beta2);
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>One step of Lion (Chen et al., 2023) for one parameter, in place.</summary>
    /// <param name="ops">Runs it.</param>
    /// <param name="parameter">F32; its gradient is read and stays.</param>
    /// <param name="mean">Mean of gradients, in the shape and order of <see cref="Parameter.Data"/>.</param>
    /// <param name="factors">The numbers of this step.</param>
    public static void LionStep(this IDifferentiableOps ops, Parameter parameter, Tensor mean, LionFactors factors) =>
        ops.Call(new LionStepOp(parameter, mean, factors), []);
}

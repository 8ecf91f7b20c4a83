using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary><c>a = keep a + rest b</c>, each operation rounded: a running average takes a value in.</summary>
/// <remarks>Changes a. Shapes: both [N, E]. No result.</remarks>
internal readonly struct MoveTowardsOp(Tensor average, Tensor now, float keep, float rest) : IOpCall
{
    public static string Name => "MoveTowards";

    public OpPart Part => OpPart.Other;

    public int Results => 0;

    public (int Rows, int Columns) Shape(int result) => throw OpShapes.NoResult(Name);

    public void Check() => OpShapes.RequireSame(now, average, Name, "the average");

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => UpdateKernel<T, Move<T>>.Run(team, new Move<T>(keep, rest), now, average);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        Span<float> a = average.Span, b = now.Span;
        for (int i = 0; i < a.Length; i++)
            a[i] = (float)((double)a[i] * keep + (double)b[i] * rest);
    }

    private readonly struct Move<T>(float keep, float rest) : IUpdateFunction<T>
        where T : struct, ILanes<T>
    {
        public static int Changed => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Change(T from, ref T values, ref T first, ref T second) =>
            values = values * T.Broadcast(keep) + from * T.Broadcast(rest);
    }
}

public static partial class OpsExtensions
{
    /// <summary><c>average = keep average + rest now</c>, in place: what averages of weights are made of.</summary>
    public static void MoveTowards(this IDifferentiableOps ops, Tensor average, Tensor now, float keep, float rest) =>
        ops.Call(new MoveTowardsOp(average, now, keep, rest), []);
}

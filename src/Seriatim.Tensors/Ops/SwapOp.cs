using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>Exchanges the elements of two tensors, bit for bit.</summary>
/// <remarks>Changes both. Shapes: both [N, E]. No result.</remarks>
internal readonly struct SwapOp(Tensor a, Tensor b) : IOpCall
{
    public static string Name => "Swap";

    public OpPart Part => OpPart.Other;

    public int Results => 0;

    public (int Rows, int Columns) Shape(int result) => throw OpShapes.NoResult(Name);

    public void Check() => OpShapes.RequireSame(a, b, Name, "b");

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => UpdateKernel<T, Exchange<T>>.Run(team, default, a, a, b);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        Span<float> x = a.Span, y = b.Span;
        for (int i = 0; i < x.Length; i++)
            (x[i], y[i]) = (y[i], x[i]);
    }

    private readonly struct Exchange<T> : IUpdateFunction<T>
        where T : struct, ILanes<T>
    {
        public static int Changed => 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Change(T from, ref T values, ref T first, ref T second) => (values, first) = (first, values);
    }
}

public static partial class OpsExtensions
{
    /// <summary>Exchanges the elements of two tensors of one shape.</summary>
    public static void Swap(this IDifferentiableOps ops, Tensor a, Tensor b) => ops.Call(new SwapOp(a, b), []);
}

using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary><c>a + b</c>, <c>factor · x</c> and <c>y = cap · tanh(x / cap)</c>, whose backward is <c>dx = (1 - (y / cap)²) dy</c>.</summary>
/// <remarks>Shapes: all [N, E]. Saved for backward: y of the soft cap.</remarks>
internal static class PointwiseOp
{
    public static Tensor Add<T>(WorkerTeam team, Tensor a, Tensor b)
        where T : struct, ILanes<T>
    {
        OpShapes.RequireSame(a, b, "Add", "b");
        return ElementKernel<T, Sum<T>>.Run(team, default, a, b);
    }

    public static Tensor Scale<T>(WorkerTeam team, Tensor x, float factor)
        where T : struct, ILanes<T> => ElementKernel<T, Product<T>>.Run(team, new Product<T>(factor), x);

    public static Tensor SoftCap<T>(WorkerTeam team, Tensor x, float cap)
        where T : struct, ILanes<T> => ElementKernel<T, Cap<T>>.Run(team, new Cap<T>(cap), x);

    public static Tensor SoftCapBackward<T>(WorkerTeam team, Tensor y, float cap, Tensor dy)
        where T : struct, ILanes<T>
    {
        OpShapes.RequireSame(y, dy, "SoftCap backward", "dy");
        return ElementKernel<T, CapBackward<T>>.Run(team, new CapBackward<T>(cap), y, dy);
    }

    public static Tensor ReferenceAdd(Tensor a, Tensor b)
    {
        OpShapes.RequireSame(a, b, "Add", "b");
        Tensor y = Tensor.Create(a.Rows, a.Columns);
        for (int i = 0; i < a.Length; i++)
            y.Span[i] = a.Span[i] + b.Span[i];
        return y;
    }

    public static Tensor ReferenceScale(Tensor x, float factor)
    {
        Tensor y = Tensor.Create(x.Rows, x.Columns);
        for (int i = 0; i < x.Length; i++)
            y.Span[i] = factor * x.Span[i];
        return y;
    }

    public static Tensor ReferenceSoftCap(Tensor x, float cap)
    {
        Tensor y = Tensor.Create(x.Rows, x.Columns);
        for (int i = 0; i < x.Length; i++)
            y.Span[i] = (float)(cap * Math.Tanh((double)x.Span[i] / cap));
        return y;
    }

    public static Tensor ReferenceSoftCapBackward(Tensor y, float cap, Tensor dy)
    {
        OpShapes.RequireSame(y, dy, "SoftCap backward", "dy");
        Tensor dx = Tensor.Create(y.Rows, y.Columns);
        for (int i = 0; i < y.Length; i++)
        {
            double t = (double)y.Span[i] / cap;
            dx.Span[i] = (float)((1 - t * t) * dy.Span[i]);
        }

        return dx;
    }

    private readonly struct Sum<T> : IElementFunction<T>
        where T : struct, ILanes<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value(T a, T b, T unused) => a + b;
    }

    private readonly struct Product<T>(float factor) : IElementFunction<T>
        where T : struct, ILanes<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value(T x, T unused, T unused2) => T.Broadcast(factor) * x;
    }

    private readonly struct Cap<T>(float cap) : IElementFunction<T>
        where T : struct, ILanes<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value(T x, T unused, T unused2) => T.Broadcast(cap) * LaneMath<T>.Tanh(x / T.Broadcast(cap));
    }

    private readonly struct CapBackward<T>(float cap) : IElementFunction<T>
        where T : struct, ILanes<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value(T y, T dy, T unused)
        {
            T t = y / T.Broadcast(cap);
            return (T.Broadcast(1f) - t * t) * dy;
        }
    }
}

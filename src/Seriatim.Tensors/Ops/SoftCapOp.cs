using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary><c>y = cap · tanh(x / cap)</c>. Backward: <c>dx = (1 - (y / cap)²) dy</c>.</summary>
/// <remarks>Shapes: all [N, E]. Saved for backward: y.</remarks>
internal readonly struct SoftCapOp(Tensor x, float cap) : IOp<SoftCapOp>
{
    public static string Name => "SoftCap";

    public OpPart Part => OpPart.Projection;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check()
    {
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => ElementKernel<T, Cap<T>>.Run(team, new Cap<T>(cap), results[0], x);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        Span<float> y = results[0].Span;
        for (int i = 0; i < y.Length; i++)
            y[i] = (float)(cap * Math.Tanh((double)x.Span[i] / cap));
    }

    public SoftCapOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved) => saved.Add(results[0]);

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.Call(new SoftCapBackwardOp(results[0], cap, dy[0]!)));

    private readonly struct Cap<T>(float cap) : IElementFunction<T>
        where T : struct, ILanes<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value(T x, T unused, T unused2) => T.Broadcast(cap) * LaneMath<T>.Tanh(x / T.Broadcast(cap));
    }
}

/// <summary><c>dx = (1 - (y / cap)²) · dy</c> from the op's result y.</summary>
internal readonly struct SoftCapBackwardOp(Tensor y, float cap, Tensor dy) : IOpCall
{
    public static string Name => "SoftCapBackward";

    public OpPart Part => OpPart.Projection;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => (y.Rows, y.Columns);

    public void Check() => OpShapes.RequireSame(y, dy, "SoftCap backward", "dy");

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => ElementKernel<T, CapBackward<T>>.Run(team, new CapBackward<T>(cap), results[0], y, dy);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        Span<float> dx = results[0].Span;
        for (int i = 0; i < dx.Length; i++)
        {
            double t = (double)y.Span[i] / cap;
            dx[i] = (float)((1 - t * t) * dy.Span[i]);
        }
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

public static partial class OpsExtensions
{
    /// <summary><c>cap · tanh(x / cap)</c>.</summary>
    public static Tensor SoftCap(this IOps ops, Tensor x, float cap) => ops.Run(new SoftCapOp(x, cap));
}

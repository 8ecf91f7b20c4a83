using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>
/// <c>y = min(max(x, low), high) + term</c>. Backward: <c>dx = dy</c> where x is within the limits, 0 elsewhere.
/// </summary>
/// <remarks>Shapes: all [N, E]. Saved for backward: x. What is not a number stays so.</remarks>
internal readonly struct ClampOp(Tensor x, float low, float high, float term) : IOp<ClampOp>
{
    public static string Name => "Clamp";

    public OpPart Part => OpPart.FeedForward;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check()
    {
        if (!(low <= high))
            throw new ArgumentException(FormattableString.Invariant($"Clamp: the limits are {low} and {high}; none is between."));
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> =>
        ElementKernel<T, Limits<T>>.Run(team, new Limits<T>(low, high, term), results[0], x);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        for (int i = 0; i < x.Length; i++)
            results[0].Span[i] = Math.Clamp(x.Span[i], low, high) + term;
    }

    public ClampOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved) => saved.Add(x);

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.Call(new ClampBackwardOp(x, low, high, dy[0]!)));

    private readonly struct Limits<T>(float low, float high, float term) : IElementFunction<T>
        where T : struct, ILanes<T>
    {
        // In this order: Max and Min give their second operand if one is not a number.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value(T x, T unused, T unused2) =>
            T.Min(T.Broadcast(high), T.Max(T.Broadcast(low), x)) + T.Broadcast(term);
    }
}

/// <summary><c>dx = dy</c> where x is within the limits.</summary>
internal readonly struct ClampBackwardOp(Tensor x, float low, float high, Tensor dy) : IOpCall
{
    public static string Name => "ClampBackward";

    public OpPart Part => OpPart.FeedForward;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check() => OpShapes.RequireSame(x, dy, "Clamp backward", "dy");

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> =>
        ElementKernel<T, Within<T>>.Run(team, new Within<T>(low, high), results[0], x, dy);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        for (int i = 0; i < x.Length; i++)
            results[0].Span[i] = x.Span[i] < low || x.Span[i] > high ? 0 : dy.Span[i];
    }

    private readonly struct Within<T>(float low, float high) : IElementFunction<T>
        where T : struct, ILanes<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value(T x, T dy, T unused) =>
            T.Select(T.Or(T.Less(x, T.Broadcast(low)), T.Less(T.Broadcast(high), x)), T.Broadcast(0f), dy);
    }
}

public static partial class OpsExtensions
{
    /// <summary><c>min(max(x, low), high) + term</c>, element by element.</summary>
    public static Tensor Clamp(this IOps ops, Tensor x, float low, float high, float term = 0) =>
        ops.Run(new ClampOp(x, low, high, term));
}

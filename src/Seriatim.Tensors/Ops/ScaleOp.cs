using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary><c>factor · x</c>. Its own backward.</summary>
/// <remarks>Shapes: all [N, E]. Saved for backward: nothing.</remarks>
internal readonly struct ScaleOp(Tensor x, float factor) : IOp<ScaleOp>
{
    public static string Name => "Scale";

    public OpPart Part => OpPart.Other;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check()
    {
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => ElementKernel<T, Product<T>>.Run(team, new Product<T>(factor), results[0], x);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        Span<float> y = results[0].Span;
        for (int i = 0; i < y.Length; i++)
            y[i] = factor * x.Span[i];
    }

    public ScaleOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.Call(new ScaleOp(dy[0]!, factor)));

    private readonly struct Product<T>(float factor) : IElementFunction<T>
        where T : struct, ILanes<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value(T x, T unused, T unused2) => T.Broadcast(factor) * x;
    }
}

public static partial class OpsExtensions
{
    /// <summary><c>factor · x</c>.</summary>
    public static Tensor Scale(this IOps ops, Tensor x, float factor) => ops.Run(new ScaleOp(x, factor));
}

using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary><c>a + b</c>. Both gradients are dy.</summary>
/// <remarks>Shapes: all [N, E]. Saved for backward: nothing.</remarks>
internal readonly struct AddOp(Tensor a, Tensor b) : IOp<AddOp>
{
    public static string Name => "Add";

    public OpPart Part => OpPart.Other;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (a.Rows, a.Columns);

    public void Check() => OpShapes.RequireSame(a, b, "Add", "b");

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => ElementKernel<T, Sum<T>>.Run(team, default, results[0], a, b);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        Span<float> y = results[0].Span;
        for (int i = 0; i < y.Length; i++)
            y[i] = a.Span[i] + b.Span[i];
    }

    public AddOp Recorded() => this;

    public void Show(OpView to) => to.Operand("a", a).Operand("b", b);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
        gradients.Add(a, dy[0]!.Retain());
        gradients.Add(b, dy[0]!.Retain());
    }

    private readonly struct Sum<T> : IElementFunction<T>
        where T : struct, ILanes<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value(T a, T b, T unused) => a + b;
    }
}

public static partial class OpsExtensions
{
    /// <summary><c>a + b</c>, element by element.</summary>
    public static Tensor Add(this IOps ops, Tensor a, Tensor b) => ops.Run(new AddOp(a, b));
}

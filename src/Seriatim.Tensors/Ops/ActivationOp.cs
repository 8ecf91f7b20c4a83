namespace Seriatim.Tensors;

/// <summary><c>y = f(x)</c>. Backward: <c>dx = f'(x) dy</c>.</summary>
/// <remarks>Shapes: all [N, F]. Saved for backward: x.</remarks>
internal readonly struct ActivationOp(Tensor x, Activation activation) : IOp<ActivationOp>
{
    public static string Name => "Activate";

    public OpPart Part => OpPart.FeedForward;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check() => ActivationMath.Check(activation);

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> =>
        ActivationMath.Switch<T, ActivationMath.Forwards<T>>(team, activation, results[0], x, null, null);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        Span<float> y = results[0].Span;
        ReadOnlySpan<float> from = x.Span;
        for (int i = 0; i < y.Length; i++)
            y[i] = (float)ActivationMath.Value(activation, from[i]);
    }

    public ActivationOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved) => saved.Add(x);

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.Call(new ActivationBackwardOp(x, activation, dy[0]!)));
}

/// <summary><c>dx = f'(x) · dy</c>.</summary>
internal readonly struct ActivationBackwardOp(Tensor x, Activation activation, Tensor dy) : IOpCall
{
    public static string Name => "ActivateBackward";

    public OpPart Part => OpPart.FeedForward;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check()
    {
        ActivationMath.Check(activation);
        OpShapes.RequireSame(x, dy, "Activation backward", "dy");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> =>
        ActivationMath.Switch<T, ActivationMath.Backwards<T>>(team, activation, results[0], x, dy, null);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        Span<float> dx = results[0].Span;
        for (int i = 0; i < dx.Length; i++)
            dx[i] = (float)(ActivationMath.Slope(activation, x.Span[i]) * dy.Span[i]);
    }
}

public static partial class OpsExtensions
{
    /// <summary><c>f(x)</c>, element by element.</summary>
    public static Tensor Activate(this IOps ops, Tensor x, Activation activation) => ops.Run(new ActivationOp(x, activation));
}

namespace Seriatim.Tensors;

/// <summary><c>y = f(gate) · up</c> (Shazeer, 2020). Backward: <c>dgate = f'(gate) up dy</c>, <c>dup = f(gate) dy</c>.</summary>
/// <remarks>Shapes: all [N, F]. Saved for backward: the operands.</remarks>
internal readonly struct GatedActivationOp(Tensor gate, Tensor up, Activation activation) : IOp<GatedActivationOp>
{
    public static string Name => "GatedActivate";

    public OpPart Part => OpPart.FeedForward;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (gate.Rows, gate.Columns);

    public void Check()
    {
        ActivationMath.Check(activation);
        OpShapes.RequireSame(gate, up, "Gated activation", "up");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> =>
        ActivationMath.Switch<T, ActivationMath.Gated<T>>(team, activation, results[0], gate, up, null);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        Span<float> y = results[0].Span;
        for (int i = 0; i < y.Length; i++)
            y[i] = (float)(ActivationMath.Value(activation, gate.Span[i]) * up.Span[i]);
    }

    public GatedActivationOp Recorded() => this;

    public void Show(OpView to) => to.Operand("gate", gate).Operand("up", up);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
        saved.Add(gate);
        saved.Add(up);
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
        (Tensor dgate, Tensor dup) = ops.CallTwo(new GatedActivationBackwardOp(gate, up, activation, dy[0]!));
        gradients.Add(gate, dgate);
        gradients.Add(up, dup);
    }
}

/// <summary>The gradients of gate and up.</summary>
internal readonly struct GatedActivationBackwardOp(Tensor gate, Tensor up, Activation activation, Tensor dy) : IOpCall
{
    public static string Name => "GatedActivateBackward";

    public OpPart Part => OpPart.FeedForward;

    public int Results => 2;

    public (int Rows, int Columns) Shape(int result) => (gate.Rows, gate.Columns);

    public void Check()
    {
        ActivationMath.Check(activation);
        OpShapes.RequireSame(gate, up, "Gated activation backward", "up");
        OpShapes.RequireSame(gate, dy, "Gated activation backward", "dy");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        ActivationMath.Switch<T, ActivationMath.GatedBackwards<T>>(team, activation, results[0], gate, up, dy);
        ActivationMath.Switch<T, ActivationMath.Gated<T>>(team, activation, results[1], gate, dy, null);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        Span<float> dgate = results[0].Span, dup = results[1].Span;
        for (int i = 0; i < dgate.Length; i++)
        {
            dgate[i] = (float)(ActivationMath.Slope(activation, gate.Span[i]) * up.Span[i] * dy.Span[i]);
            dup[i] = (float)(ActivationMath.Value(activation, gate.Span[i]) * dy.Span[i]);
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary><c>f(gate) · up</c>, element by element: the middle of a gated feed-forward layer (Shazeer, 2020).</summary>
    public static Tensor GatedActivate(this IOps ops, Tensor gate, Tensor up, Activation activation) =>
        ops.Run(new GatedActivationOp(gate, up, activation));
}

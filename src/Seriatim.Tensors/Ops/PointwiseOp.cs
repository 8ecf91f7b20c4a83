namespace Seriatim.Tensors;

/// <summary><c>a + b</c>, <c>factor · x</c> and <c>y = cap · tanh(x / cap)</c>, whose backward is <c>dx = (1 - (y / cap)²) dy</c>.</summary>
/// <remarks>Shapes: all [N, E]. Saved for backward: y of the soft cap.</remarks>
internal static unsafe class PointwiseOp
{
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
}

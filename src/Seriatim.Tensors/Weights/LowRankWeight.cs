namespace Seriatim.Tensors;

/// <summary>
/// Any other weight and a product of two narrow matrices for all rows: <c>y = x Wᵀ + b + (s · x Aᵀ) Bᵀ</c>
/// (<see cref="LowRankTerm"/>; over quantised blocks Dettmers et al., 2023: QLoRA).
/// </summary>
internal sealed unsafe class LowRankWeight : LinearWeight
{
    private readonly LinearWeight _inner;
    private readonly LowRankTerm _term;

    public LowRankWeight(LinearWeight inner, Parameter a, Parameter b, float scale)
        : base(inner.Name, inner.Outputs, inner.Inputs, inner.Bias) =>
        (_inner, _term, Part) = (inner, new LowRankTerm(inner, a, b, scale), inner.Part);

    public override long Bytes => _inner.Bytes + _term.Bytes;

    public override IEnumerable<Parameter> Parameters => [.. _inner.Parameters, _term.A.Matrix, _term.B.Matrix];

    public override LinearWeight WithBias(Parameter? bias) =>
        new LowRankWeight(_inner.WithBias(bias), _term.A.Matrix, _term.B.Matrix, _term.Scale);

    public override void ReadRow(int output, Span<float> row)
    {
        _inner.ReadRow(output, row);
        _term.AddRow(output, row);
    }

    internal override void Multiply<T>(LinearRows<T> x, int firstOutput, int outputs, float* y, nint yStride)
    {
        _inner.Multiply(x, firstOutput, outputs, y, yStride);
        x.Late.Add(_term, firstOutput, outputs, y, yStride);
    }

    internal override void BackwardInput<T>(LinearRows<T> dy, int firstOutput, float* dx, bool accumulate)
    {
        _inner.BackwardInput(dy, firstOutput, dx, accumulate);
        _term.BackwardInput(dy, [], firstOutput, dx);
    }

    internal override void BackwardWeight<T>(LinearRows<T> x, LinearRows<T> dy, int firstOutput, ref bool? sets)
    {
        // A weight that holds another is trained instead of it, so what has to be known from run to run is that of B.
        _term.BackwardWeight(x, dy, firstOutput, ref sets);
        foreach (Parameter parameter in _inner.Parameters)
        {
            if (!parameter.Trainable)
                continue;
            if (parameter != Bias)
            {
                throw new InvalidOperationException(
                    $"{parameter} is trainable below a low-rank matrix; freeze it (Trainable = false) or train it alone.");
            }
            bool? unused = null;
            _inner.BackwardWeight(x, dy, firstOutput, ref unused);
        }
    }

    internal override LowRankTerm? TermOf(RowGroup group, ref int output) => _inner.TermOf(group, ref output);

    internal override float BiasOf(int output) => _inner.BiasOf(output);

    internal override void AddGradient(int output, ReadOnlySpan<double> gradient, double bias)
    {
        base.AddGradient(output, gradient, bias);
        _term.AddGradient(output, gradient);
    }

    public override void Dispose()
    {
        _inner.Dispose();
        _term.Dispose();
    }
}

namespace Seriatim.Tensors;

/// <summary>
/// A run of outputs of any other weight, with their biases: same bits as in the whole, no copy. Layers that are cut over several
/// machines are made of these and of <see cref="InputShard"/> (Shoeybi et al., 2019: Megatron-LM).
/// </summary>
internal sealed unsafe class OutputShard : LinearWeight
{
    private readonly LinearWeight _inner;
    private readonly int _first;

    public OutputShard(LinearWeight inner, int first, int count)
        : base($"{inner.Name}[{first}..{first + count}]", count, inner.Inputs, null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        long end = (long)first + count;
        if (end > inner.Outputs)
        {
            throw new ArgumentOutOfRangeException(nameof(count),
                $"{inner}: outputs {first} to {end} were asked for; there are {inner.Outputs}.");
        }
        if (first % Parameter.PanelRows != 0 || (end < inner.Outputs && end % Parameter.PanelRows != 0))
        {
            throw new ArgumentOutOfRangeException(nameof(first),
                $"{inner}: a shard of the outputs {first} to {end} cuts a panel; it must begin and end at multiples of "
                    + $"{Parameter.PanelRows}.");
        }

        (_inner, _first, Part) = (inner, first, inner.Part);
    }

    /// <summary>0: the memory is the other weight's.</summary>
    public override long Bytes => 0;

    public override IEnumerable<Parameter> Parameters => _inner.Parameters;

    public override LinearWeight WithBias(Parameter? bias) => bias is null
        ? new OutputShard(_inner.WithBias(null), _first, Outputs)
        : throw new NotSupportedException($"{this} has the biases of {_inner}; give that one another bias and cut it again.");

    public override void ReadRow(int output, Span<float> row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)output, (uint)Outputs);
        _inner.ReadRow(_first + output, row);
    }

    internal override float BiasOf(int output) => _inner.BiasOf(_first + output);

    internal override LowRankTerm? TermOf(RowGroup group, ref int output)
    {
        output += _first;
        return _inner.TermOf(group, ref output);
    }

    internal override void Multiply<T>(LinearRows<T> x, int firstOutput, int outputs, float* y, nint yStride) =>
        _inner.Multiply(x, _first + firstOutput, outputs, y, yStride);

    internal override void BackwardInput<T>(LinearRows<T> dy, int firstOutput, float* dx, bool accumulate) =>
        _inner.BackwardInput(dy, _first + firstOutput, dx, accumulate);

    internal override void BackwardWeight<T>(LinearRows<T> x, LinearRows<T> dy, int firstOutput, ref bool? sets)
    {
        // A run sets its own part of the gradient alone, so the rest has to be zero before.
        foreach (Parameter parameter in _inner.Parameters.Where(p => p.Trainable))
            parameter.GradientOrZeros();
        sets = false;
        _inner.BackwardWeight(x, dy, _first + firstOutput, ref sets);
    }

    internal override void AddGradient(int output, ReadOnlySpan<double> gradient, double bias) =>
        _inner.AddGradient(_first + output, gradient, bias);

    /// <summary>Does nothing: the memory is the other weight's.</summary>
    public override void Dispose()
    {
    }
}

namespace Seriatim.Tensors;

/// <summary>
/// A run of inputs of any other weight, without its bias. The results of all shards and the bias add up to those of the whole,
/// though not to the same bits: the sums are cut.
/// </summary>
/// <remarks>
/// Its rows are cut out of those of the other weight in each product: right for any kind of weight and slow. A layer that
/// is to save time or memory is loaded cut.
/// </remarks>
internal sealed unsafe class InputShard : LinearWeight
{
    private readonly LinearWeight _inner;
    private readonly int _first;

    public InputShard(LinearWeight inner, int first, int count)
        : base($"{inner.Name}[:, {first}..{first + count}]", inner.Outputs, count, null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        long end = (long)first + count;
        if (end > inner.Inputs)
        {
            throw new ArgumentOutOfRangeException(nameof(count),
                $"{inner}: inputs {first} to {end} were asked for; there are {inner.Inputs}.");
        }
        (_inner, _first, Part) = (inner.WithBias(null), first, inner.Part);
    }

    /// <summary>0: the memory is the other weight's.</summary>
    public override long Bytes => 0;

    public override IEnumerable<Parameter> Parameters => _inner.Parameters;

    public override LinearWeight WithBias(Parameter? bias) => bias is null
        ? this
        : throw new NotSupportedException($"{this} is a part of a sum, which has no bias; add one to the sum of the shards.");

    public override void ReadRow(int output, Span<float> row)
    {
        float[] whole = new float[_inner.Inputs];
        _inner.ReadRow(output, whole);
        whole.AsSpan(_first, Inputs).CopyTo(row);
    }

    internal override void Multiply<T>(LinearRows<T> x, int firstOutput, int outputs, float* y, nint yStride)
    {
        RequireNoGroups(x.Groups);
        OpenedRows.Multiply(this, x, firstOutput, outputs, y, yStride);
    }

    internal override void BackwardInput<T>(LinearRows<T> dy, int firstOutput, float* dx, bool accumulate)
    {
        RequireNoGroups(dy.Groups);
        OpenedRows.BackwardInput(this, dy, firstOutput, dx, accumulate);
    }

    internal override void BackwardWeight<T>(LinearRows<T> x, LinearRows<T> dy, int firstOutput, ref bool? sets)
    {
        if (!Parameters.Any(parameter => parameter.Trainable))
            return;
        double[] gradient = new double[Inputs];
        for (int o = 0; o < dy.X.Columns; o++)
        {
            Array.Clear(gradient);
            double bias = 0;
            for (int n = 0; n < x.X.Rows; n++)
            {
                double d = dy.X.Row(n)[o];
                ReadOnlySpan<float> row = x.X.Row(n);
                bias += d;
                for (int k = 0; k < row.Length; k++)
                    gradient[k] += d * row[k];
            }

            AddGradient(firstOutput + o, gradient, bias);
        }
    }

    internal override void AddGradient(int output, ReadOnlySpan<double> gradient, double bias)
    {
        double[] whole = new double[_inner.Inputs];
        gradient.CopyTo(whole.AsSpan(_first));
        _inner.AddGradient(output, whole, bias);
    }

    /// <summary>Its rows are those of the whole weight, which know no groups.</summary>
    private void RequireNoGroups(RowGroups? groups)
    {
        foreach (RowGroups.Part part in groups?.Parts ?? [])
        {
            int first = 0;
            if (_inner.TermOf(part.Group, ref first) is not null)
            {
                throw new NotSupportedException(
                    $"{this}: the whole weight has a part for the group {part.Group}; give the shard groups of its own instead.");
            }
        }
    }

    /// <summary>Does nothing: the memory is the other weight's.</summary>
    public override void Dispose()
    {
    }
}

namespace Seriatim.Tensors;

/// <summary>
/// The elements of a tensor where the host can see them: a copy, or, where the device's memory is the host's, the tensor itself
/// (which must then stay alive and unchanged).
/// </summary>
public readonly struct HostRows
{
    private readonly Tensor? _tensor;
    private readonly float[]? _copy;

    internal HostRows(Tensor tensor) => (_tensor, Rows, Columns) = (tensor, tensor.Rows, tensor.Columns);

    /// <summary>What a device copied.</summary>
    /// <param name="copy">All elements, row-major.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    internal HostRows(float[] copy, int rows, int columns) => (_copy, Rows, Columns) = (copy, rows, columns);

    /// <summary>Rows.</summary>
    public int Rows { get; }

    /// <summary>Columns.</summary>
    public int Columns { get; }

    /// <summary>All elements, row-major.</summary>
    public ReadOnlySpan<float> Values => _tensor is { } tensor ? tensor.Span : _copy;

    /// <summary>One row.</summary>
    public ReadOnlySpan<float> Row(int row)
    {
        if (_tensor is { } tensor)
            return tensor.Row(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows);
        return _copy.AsSpan(checked(row * Columns), Columns);
    }
}

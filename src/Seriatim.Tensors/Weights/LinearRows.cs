namespace Seriatim.Tensors;

/// <summary>
/// Rows that meet linear weights: what weights of one input share. They draw from it what they need, and each form is made once
/// and when it is first drawn: packed rows for dense weights, quantised ones for blocks, packed columns for gradients.
/// </summary>
/// <param name="team">Who works.</param>
/// <param name="x">The rows, which the caller keeps alive.</param>
internal sealed unsafe class LinearRows<T>(WorkerTeam team, Tensor x) : IDisposable
    where T : struct, ILanes<T>
{
    private static readonly DotKind Dot = DotKinds.Best(T.Vectors);

    private Tensor? _packed;
    private Tensor? _columns;
    private QuantizedRows? _quantized;
    private QuantizedProduct.Part[] _waiting = [];
    private int _waits;

    public WorkerTeam Team => team;

    public Tensor X => x;

    /// <summary>The rows, packed for products with panels.</summary>
    public float* Packed => (_packed ??= DenseProduct<T>.PackRows(team, x.Floats, x.Rows, x.Columns)).Floats;

    /// <summary>The columns, packed for the gradient of a weight.</summary>
    public float* PackedColumns => (_columns ??= DenseProduct<T>.PackColumns(team, x.Floats, x.Rows, x.Columns)).Floats;

    /// <summary>Puts a product with quantised blocks off: those that wait together are one piece of work for the team.</summary>
    public void Later(in QuantizedProduct.Part part)
    {
        if (_waits == _waiting.Length)
            Array.Resize(ref _waiting, Math.Max(4, 2 * _waits));
        _waiting[_waits++] = part;
    }

    /// <summary>Does what was put off.</summary>
    public void Finish()
    {
        if (_waits == 0)
            return;
        _quantized ??= new QuantizedRows(team, x);
        QuantizedProduct.Forward(team, Dot, _quantized, _waiting.AsSpan(0, _waits));
        _waits = 0;
    }

    public void Dispose()
    {
        _packed?.Dispose();
        _columns?.Dispose();
        _quantized?.Dispose();
    }
}

namespace Seriatim.Tensors;

/// <summary>
/// Rows that meet linear weights: what weights of one input share. They draw from it what they need, and each form is made once
/// and when it is first drawn: packed rows for dense weights, quantised ones for blocks, packed columns for gradients.
/// </summary>
/// <param name="team">Who works.</param>
/// <param name="x">The rows, which the caller keeps alive.</param>
/// <param name="groups">The groups of the rows; null: none.</param>
/// <param name="owns">Whether x is disposed with this.</param>
internal sealed unsafe class LinearRows<T>(WorkerTeam team, Tensor x, RowGroups? groups = null, bool owns = false) : IDisposable
    where T : struct, ILanes<T>
{
    private static readonly DotKind Dot = DotKinds.Best(T.Vectors);

    private Tensor? _packed;
    private Tensor? _columns;
    private QuantizedRows? _quantized;
    private QuantizedProduct.Part[] _waiting = [];
    private int _waits;
    private LateSums<T>? _late = groups is null ? null : new LateSums<T>(groups);

    public WorkerTeam Team => team;

    public Tensor X => x;

    /// <summary>The groups of the rows; null: none.</summary>
    public RowGroups? Groups => _late?.Groups;

    /// <summary>What is added to products once their own sums are complete.</summary>
    public LateSums<T> Late => _late ??= new LateSums<T>(null);

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
        if (_waits > 0)
        {
            _quantized ??= new QuantizedRows(team, x);
            QuantizedProduct.Forward(team, Dot, _quantized, _waiting.AsSpan(0, _waits));
            _waits = 0;
        }

        _late?.Finish(this);
    }

    public void Dispose()
    {
        _packed?.Dispose();
        _columns?.Dispose();
        _quantized?.Dispose();
        _late?.Dispose();
        if (owns)
            x.Dispose();
    }
}

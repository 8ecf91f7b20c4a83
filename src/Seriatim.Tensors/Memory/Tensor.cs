using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>
/// A dense row-major block <c>[Rows, Columns]</c> in 64-byte aligned pooled native memory; a vector has one row. No
/// strides and no views: what would need one has an op.
/// </summary>
/// <remarks>
/// Counted references: a tensor is born with one, <see cref="Retain"/> adds one, <see cref="Dispose"/> takes one away,
/// and the last one gives the buffer back. <c>using var y = ops.Linear(x, w);</c> is all that inference needs; a tape
/// retains what its backward pass reads.
/// </remarks>
public sealed unsafe class Tensor : IDisposable
{
    private readonly int _sizeClass;
    private void* _data;
    private int _references = 1;

    private Tensor(int rows, int columns, DataType type, bool lasting = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        Rows = rows;
        Columns = columns;
        Type = type;
        _data = lasting ? TensorPool.Shared.RentLasting(Bytes, out _sizeClass) : TensorPool.Shared.Rent(Bytes, out _sizeClass);
    }

    /// <summary>Rows: tokens, outputs, vocabulary entries; 1 for a vector.</summary>
    public int Rows { get; }

    /// <summary>Columns: features of a row.</summary>
    public int Columns { get; }

    /// <summary>How the elements are stored.</summary>
    public DataType Type { get; }

    /// <summary>Number of elements.</summary>
    public long Length => (long)Rows * Columns;

    /// <summary>Size of the elements in bytes.</summary>
    public long Bytes => checked(Length * Type.Size());

    /// <summary>All elements of an F32 tensor.</summary>
    /// <exception cref="InvalidOperationException">The tensor is not F32, or has more than 2^31 - 1 elements.</exception>
    public Span<float> Span => new(Checked(DataType.F32), checked((int)Length));

    /// <summary>All elements of an I32 tensor.</summary>
    /// <exception cref="InvalidOperationException">The tensor is not I32.</exception>
    public Span<int> Integers => new(Checked(DataType.I32), checked((int)Length));

    internal float* Floats => (float*)Checked(DataType.F32);

    /// <summary>First byte of the elements, whatever their type.</summary>
    internal void* Data => _data != null ? _data : throw Disposed();

    /// <summary>A tensor whose elements are not initialised.</summary>
    public static Tensor Create(int rows, int columns, DataType type = DataType.F32) => new(rows, columns, type);

    /// <summary>A tensor of zeros.</summary>
    public static Tensor Zeros(int rows, int columns, DataType type = DataType.F32)
    {
        var tensor = new Tensor(rows, columns, type);
        NativeMemory.Clear(tensor._data, (nuint)tensor.Bytes);
        return tensor;
    }

    /// <summary>Zeros that live as long as a weight does: their memory is the system's own, and goes back to it.</summary>
    internal static Tensor LastingZeros(int rows, int columns, DataType type = DataType.F32)
    {
        var tensor = new Tensor(rows, columns, type, lasting: true);
        NativeMemory.Clear(tensor._data, (nuint)tensor.Bytes);
        return tensor;
    }

    /// <summary>A tensor with a copy of <paramref name="values"/> in row-major order.</summary>
    /// <exception cref="ShapeMismatchException">There are not rows x columns values.</exception>
    public static Tensor From(ReadOnlySpan<float> values, int rows, int columns)
    {
        ShapeMismatchException.Require(
            values.Length == (long)rows * columns, "Tensor.From", "values", $"{values.Length} long", $"{rows} x {columns}");
        var tensor = new Tensor(rows, columns, DataType.F32);
        values.CopyTo(tensor.Span);
        return tensor;
    }

    /// <summary>One row of an F32 tensor.</summary>
    public Span<float> Row(int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows);
        return new Span<float>(Floats + (long)row * Columns, Columns);
    }

    /// <summary>Adds a reference and returns this tensor.</summary>
    public Tensor Retain()
    {
        int references = Volatile.Read(ref _references);
        while (references > 0)
        {
            int now = Interlocked.CompareExchange(ref _references, references + 1, references);
            if (now == references)
                return this;
            references = now;
        }

        throw Disposed();
    }

    /// <summary>Takes a reference away; the last one gives the buffer back to the pool. Once none is left nothing happens.</summary>
    public void Dispose()
    {
        int references = Volatile.Read(ref _references);
        while (references > 0)
        {
            int now = Interlocked.CompareExchange(ref _references, references - 1, references);
            if (now == references)
                break;
            references = now;
        }

        if (references != 1)
            return;
        void* data = _data;
        _data = null;
        TensorPool.Shared.Return(data, _sizeClass, Bytes);
    }

    /// <summary>The shape, as error messages write it: <c>[Rows, Columns]</c>.</summary>
    public override string ToString() => $"[{Rows}, {Columns}]";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void* Checked(DataType type)
    {
        if (_data == null)
            throw Disposed();
        if (Type != type)
            throw new InvalidOperationException($"A tensor of {Type} was used as {type}.");
        return _data;
    }

    private static ObjectDisposedException Disposed() => new(nameof(Tensor), "A tensor was used after its last reference was disposed.");
}

using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>
/// A dense row-major block <c>[Rows, Columns]</c> in the memory of a <see cref="Tensors.Device"/>; a vector has one row. No
/// strides and no views: what would need one has an op.
/// </summary>
/// <remarks>
/// Counted references: a tensor is born with one, <see cref="Retain"/> adds one, <see cref="Dispose"/> takes one away,
/// and the last one gives the buffer back, once the device's work so far has run. <c>using var y = ops.Linear(x, w);</c> is all
/// that inference needs; a tape retains what its backward pass reads.
/// </remarks>
public sealed unsafe class Tensor : IDisposable
{
    private readonly int _tag;
    private readonly bool _isLent;
    private void* _data;
    private int _references = 1;

    internal Tensor(Device device, int rows, int columns, DataType type, bool lasting = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        Rows = rows;
        Columns = columns;
        Type = type;
        Device = device;
        if (Length > long.MaxValue / 8)
        {
            throw new ArgumentOutOfRangeException(nameof(rows),
                $"A tensor {this} has {Length} elements, more than any memory; the dimensions must be wrong.");
        }
        _data = (void*)device.Allocate(Bytes, lasting, out _tag);
    }

    /// <summary>Over memory of somebody else in this machine, which outlives the tensor.</summary>
    internal Tensor(int rows, int columns, DataType type, nint address)
    {
        (Rows, Columns, Type, Device, _isLent) = (rows, columns, type, Device.Cpu, true);
        _data = (void*)address;
    }

    /// <summary>Whose memory the elements are in.</summary>
    public Device Device { get; }

    /// <summary>Rows: tokens, outputs, vocabulary entries; 1 for a vector.</summary>
    public int Rows { get; }

    /// <summary>Columns: features of a row.</summary>
    public int Columns { get; }

    /// <summary>How the elements are stored.</summary>
    public DataType Type { get; }

    /// <summary>Number of elements.</summary>
    public long Length => (long)Rows * Columns;

    /// <summary>Size of the elements in bytes.</summary>
    public long Bytes => Length * Type.Size();

    /// <summary>
    /// The groups that the rows belong to, for whoever multiplies them later; null: none. Said by the one who made the tensor;
    /// ops do not look at it.
    /// </summary>
    public RowGroups? Groups { get; set; }

    /// <summary>
    /// The first row of each sequence that the rows belong to, for whoever pools them; null: nobody said. As with
    /// <see cref="Groups"/>, ops do not look at it.
    /// </summary>
    public IReadOnlyList<int>? Starts { get; set; }

    /// <summary>Waits for what was asked of the device so far, and gives the elements of an F32 tensor to the host.</summary>
    public HostRows Read() => Device.Read(this);

    /// <summary>As <see cref="Read"/>, without blocking a thread.</summary>
    /// <param name="cancellation">Ends the waiting.</param>
    public ValueTask<HostRows> ReadAsync(CancellationToken cancellation = default) => Device.ReadAsync(this, cancellation);

    /// <summary>A copy of the elements of an F32 tensor, row-major, once they are computed.</summary>
    public float[] ToArray() => Read().Values.ToArray();

    /// <summary>
    /// All elements of an F32 tensor where the calling thread may use them: on the CPU, and
    /// in the work of a device of this machine.
    /// </summary>
    /// <exception cref="InvalidOperationException">The tensor is not F32, or its memory is not here.</exception>
    /// <exception cref="OverflowException">There are more than 2^31 - 1 elements; use <see cref="Row"/>.</exception>
    internal Span<float> Span => new(Checked(DataType.F32), Length <= int.MaxValue ? (int)Length : throw TooLong());

    internal float* Floats => (float*)Checked(DataType.F32);

    /// <summary>First byte of the elements, whatever their type.</summary>
    internal void* Data => Here();

    /// <summary>
    /// A tensor of this machine's memory whose elements are not initialised: scratch of kernels, and operands of tests.
    /// </summary>
    internal static Tensor Create(int rows, int columns, DataType type = DataType.F32) =>
        Device.Cpu.NewTensor(rows, columns, type);

    /// <summary>A tensor of zeros in this machine's memory.</summary>
    internal static Tensor Zeros(int rows, int columns, DataType type = DataType.F32) => Device.Cpu.Zeros(rows, columns, type);

    /// <summary>Values in this machine's memory.</summary>
    internal static Tensor From(ReadOnlySpan<float> values, int rows, int columns) => Device.Cpu.Upload(values, rows, columns);

    /// <summary>One row of an F32 tensor, where the calling thread may use it.</summary>
    internal Span<float> Row(int row)
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

    /// <summary>
    /// Takes a reference away; the last one gives the buffer back to the pool. Once none is left nothing happens.
    /// </summary>
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
        if (_isLent)
            Forget();
        else
            Device.Free(this, (nint)_data, _tag, Bytes);
    }

    /// <summary>The device has given the memory back: nobody may use it any more.</summary>
    internal void Forget() => _data = null;

    /// <summary>The shape, as error messages write it: <c>[Rows, Columns]</c>.</summary>
    public override string ToString() => $"[{Rows}, {Columns}]";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void* Checked(DataType type)
    {
        if (Type != type)
            throw new InvalidOperationException($"A tensor of {Type} was used as {type}.");
        return Here();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void* Here()
    {
        if (_data == null)
            throw Disposed();
        if (!Device.IsHere)
            throw Elsewhere();
        return _data;
    }

    private OverflowException TooLong() =>
        new($"A tensor {this} has {Length} elements; the host can take {int.MaxValue} at a time. Take it row by row.");

    private InvalidOperationException Elsewhere() =>
        new($"The elements of a tensor {this} are in the memory of the device '{Device}', which cannot be used "
            + "from here. Read it.");

    private static ObjectDisposedException Disposed() =>
        new(nameof(Tensor), "A tensor was used after its last reference was disposed.");
}

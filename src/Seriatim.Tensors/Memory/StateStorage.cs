using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>
/// Slots for the states of recurrent layers. A slot holds the states of all layers of one sequence at one point of it. Which slot
/// belongs to whom, and that a slot once written is not written again as long as somebody holds it, is decided elsewhere.
/// </summary>
/// <remarks>
/// States are F32: going on from a slot gives the bits of never having stopped. The memory is reserved at once.
/// </remarks>
public sealed unsafe class StateStorage : IDisposable
{
    private readonly int[] _widths;
    private readonly long[] _offsets;
    private readonly long _floats;
    private float* _data;
    private int _disposed;

    /// <summary>Reserves slots in this machine's memory.</summary>
    /// <param name="widths">Features of the state of each layer.</param>
    /// <param name="slots">Number of slots.</param>
    /// <exception cref="ArgumentException">There is no layer, or a width or the number of slots is below 1.</exception>
    /// <exception cref="OutOfMemoryException">The memory cannot be had.</exception>
    public StateStorage(ReadOnlySpan<int> widths, int slots)
        : this(Device.Cpu, Layered(widths), slots)
    {
    }

    internal StateStorage(Device device, ReadOnlySpan<int> widths, int slots)
    {
        Device = device;
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        _widths = widths.ToArray();
        _offsets = new long[widths.Length];
        for (int layer = 0; layer < widths.Length; layer++)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(widths[layer], 1, nameof(widths));
            _offsets[layer] = _floats;
            _floats += Padded(widths[layer]);
        }

        Slots = slots;
        _data = (float*)NativeMemory.AlignedAlloc((nuint)Math.Max(1, checked(SlotBytes * slots)), TensorPool.Alignment);
    }

    /// <summary>Whose memory the slots are in.</summary>
    public Device Device { get; }

    /// <summary>Recurrent layers.</summary>
    public int Layers => _widths.Length;

    /// <summary>Number of slots.</summary>
    public int Slots { get; }

    /// <summary>Bytes of one slot over all layers.</summary>
    public long SlotBytes => _floats * sizeof(float);

    /// <summary>Bytes of one slot over all layers.</summary>
    /// <param name="widths">Features of the state of each layer.</param>
    public static long BytesPerSlot(ReadOnlySpan<int> widths)
    {
        long floats = 0;
        foreach (int width in widths)
            floats += Padded(width);
        return floats * sizeof(float);
    }

    /// <summary>Features of the state of a layer.</summary>
    public int WidthOf(int layer) => _widths[layer];

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        if (Device.IsHere)
            Free();
        else
            Device.Enqueue(Free);
    }

    private void Free()
    {
        float* data = _data;
        _data = null;
        NativeMemory.AlignedFree(data);
    }

    /// <summary>The state of a layer in a slot.</summary>
    internal float* At(int slot, int layer)
    {
        ObjectDisposedException.ThrowIf(_data == null, this);
        if ((uint)slot >= (uint)Slots)
            throw new ArgumentOutOfRangeException(nameof(slot),
                $"State {slot} is asked for; there are the states 0 to {Slots - 1}.");
        return _data + slot * _floats + _offsets[layer];
    }

    private static ReadOnlySpan<int> Layered(ReadOnlySpan<int> widths) => widths.IsEmpty
        ? throw new ArgumentException("A storage of states needs at least one layer.", nameof(widths))
        : widths;

    private static long Padded(int width) => (width + 15L) & ~15L;
}

using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>
/// Aligned native memory outside the pool of short-lived tensors, which lives as long as its owner does: one or more pieces of
/// the same size. Where tests guard memory (<see cref="TensorPool.Guarded"/>) canaries lie between the pieces, and writing over
/// one is an error when the block is disposed.
/// </summary>
internal sealed unsafe class NativeBlock : IDisposable
{
    private readonly long _pieceBytes;
    private readonly int _pieces;
    private readonly bool _guarded;
    private byte* _pointer;
    private int _disposed;

    /// <summary>Reserves memory; it is not cleared.</summary>
    /// <param name="bytes">Bytes of a piece.</param>
    /// <param name="pieces">How many.</param>
    /// <exception cref="OutOfMemoryException">The memory cannot be had.</exception>
    public NativeBlock(long bytes, int pieces = 1)
    {
        (_pieceBytes, _pieces, _guarded) = (bytes, pieces, TensorPool.Guarded);
        Bytes = checked(bytes * pieces);
        Stride = _guarded ? Canary.Stride(bytes) : bytes;
        _pointer = _guarded
            ? Canary.Allocate(Stride, pieces)
            : (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(Bytes, 1), TensorPool.Alignment);
    }

    ~NativeBlock() => Free();

    /// <summary>Bytes of all pieces.</summary>
    public long Bytes { get; }

    /// <summary>Bytes from one piece to the next.</summary>
    public long Stride { get; }

    /// <summary>The first piece.</summary>
    public byte* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_pointer is null, this);
            return _pointer;
        }
    }

    /// <summary>Gives the memory back. A second time nothing happens.</summary>
    /// <exception cref="InvalidOperationException">Something wrote beyond a piece.</exception>
    public void Dispose()
    {
        long broken = Free();
        GC.SuppressFinalize(this);
        if (broken >= 0)
            throw new InvalidOperationException($"Something wrote outside piece {broken} of {_pieces} of {_pieceBytes} bytes.");
    }

    private long Free()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return -1;
        byte* pointer = _pointer;
        _pointer = null;
        if (!_guarded)
        {
            NativeMemory.AlignedFree(pointer);
            return -1;
        }

        if (pointer == null)
            return -1;
        long broken = Canary.FirstBroken(pointer, _pieceBytes, Stride, _pieces);
        Canary.Free(pointer);
        return broken;
    }
}

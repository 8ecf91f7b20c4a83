using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>Aligned native memory that lives as long as a weight does, outside the pool of short-lived tensors.</summary>
internal sealed unsafe class NativeBlock : IDisposable
{
    private byte* _pointer;
    private int _disposed;

    public NativeBlock(long bytes)
    {
        Bytes = bytes;
        _pointer = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), TensorPool.Alignment);
    }

    ~NativeBlock() => Free();

    public long Bytes { get; }

    public byte* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_pointer is null, this);
            return _pointer;
        }
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        byte* pointer = _pointer;
        _pointer = null;
        NativeMemory.AlignedFree(pointer);
    }
}

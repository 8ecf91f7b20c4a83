using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>
/// Scratch memory of one thread: a piece of work takes what it needs, part by part, and has it until it ends. The memory stays
/// for the next one, so that work that repeats asks the operating system for nothing.
/// </summary>
/// <remarks>
/// In tests that guard memory (<see cref="TensorPool.Guarded"/>) every part is new, full of NaN and between canaries, which are
/// looked at when the piece of work ends.
/// </remarks>
internal sealed unsafe class Scratch : IDisposable
{
    private const int Step = TensorPool.Alignment / sizeof(float);

    private readonly List<nint> _more = []; // parts that the memory was too small for; the next piece of work finds it larger
    private readonly List<(nint Start, long Bytes)> _guarded = [];
    private float* _memory;
    private long _floats;
    private long _used;
    private bool _guards;

    /// <summary>A piece of work begins: all memory is free again.</summary>
    public Scratch Begin(bool guarded)
    {
        Check();
        _guards = guarded;
        if (_more.Count > 0)
            Grow();
        _used = 0;
        return this;
    }

    /// <summary>Some floats, aligned; contents are undefined.</summary>
    /// <exception cref="OutOfMemoryException">There is not so much memory.</exception>
    public float* Take(long floats)
    {
        if (_guards)
            return TakeGuarded(floats * sizeof(float));
        long rounded = (floats + Step - 1) / Step * Step;
        float* part = _memory + _used;
        if (_used + rounded > _floats)
        {
            part = Allocate(rounded);
            _more.Add((nint)part);
        }

        _used += rounded;
        return part;
    }

    /// <summary>The piece of work has ended.</summary>
    /// <exception cref="InvalidOperationException">It wrote beyond what it took.</exception>
    public void Check()
    {
        if (_guarded.Count == 0)
            return;
        int broken = -1;
        for (int i = 0; i < _guarded.Count; i++)
        {
            (nint start, long bytes) = _guarded[i];
            if (Canary.FirstBroken((byte*)start, bytes, Canary.Stride(bytes), 1) >= 0 && broken < 0)
                broken = i;
            Canary.Free((byte*)start);
        }

        long size = broken < 0 ? 0 : _guarded[broken].Bytes;
        int parts = _guarded.Count;
        _guarded.Clear();
        if (broken >= 0)
            throw new InvalidOperationException(
                $"A kernel wrote outside part {broken} of {parts} of its scratch memory, {size} bytes.");
    }

    public void Dispose()
    {
        Free();
        Check();
    }

    private float* TakeGuarded(long bytes)
    {
        byte* start = Canary.Allocate(Canary.Stride(bytes), 1);
        _guarded.Add(((nint)start, bytes));
        return (float*)start;
    }

    private void Grow()
    {
        // Nothing may be left of the old memory if there is none to be had.
        long floats = _used;
        Free();
        _memory = Allocate(floats);
        _floats = floats;
    }

    private void Free()
    {
        foreach (nint part in _more)
            NativeMemory.AlignedFree((void*)part);
        _more.Clear();
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        (_floats, _used) = (0, 0);
    }

    private static float* Allocate(long floats) =>
        (float*)NativeMemory.AlignedAlloc(checked((nuint)floats * sizeof(float)), TensorPool.Alignment);
}

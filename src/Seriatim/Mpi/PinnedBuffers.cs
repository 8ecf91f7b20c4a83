using System.Numerics;

namespace Seriatim;

/// <summary>
/// Memory that messages leave from and come to, used again: the lengths of training come again in every step, those of a pipeline
/// are as many as the rows of a batch can be. So buffers have powers of two as lengths, and no more are kept than a bound allows.
/// </summary>
/// <param name="most">Most bytes that are kept while nothing needs them.</param>
internal sealed class PinnedBuffers(long most)
{
    private const int Least = 256, LargestPower = 1 << 30;

    private readonly Dictionary<int, Stack<byte[]>> _free = [];

    /// <summary>Bytes that are kept.</summary>
    public long Kept { get; private set; }

    /// <summary>A buffer of at least so many bytes, with whatever is in it.</summary>
    public byte[] Take(int bytes)
    {
        int length = LengthOf(bytes);
        if (!_free.TryGetValue(length, out Stack<byte[]>? free) || !free.TryPop(out byte[]? buffer))
            return GC.AllocateUninitializedArray<byte>(length, pinned: true);
        Kept -= length;
        return buffer;
    }

    /// <summary>Takes a buffer back; beyond the bound it is left to the garbage collector.</summary>
    public void Give(byte[] buffer)
    {
        if (Kept + buffer.Length > most)
            return;
        if (!_free.TryGetValue(buffer.Length, out Stack<byte[]>? others))
            _free.Add(buffer.Length, others = new Stack<byte[]>());
        others.Push(buffer);
        Kept += buffer.Length;
    }

    private static int LengthOf(int bytes) =>
        bytes > LargestPower ? bytes : Math.Max(Least, (int)BitOperations.RoundUpToPowerOf2((uint)bytes));
}

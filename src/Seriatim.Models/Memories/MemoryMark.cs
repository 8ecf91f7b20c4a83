namespace Seriatim.Models;

/// <summary>
/// A point of a <see cref="SequenceMemory"/> to come back to. It holds until it is disposed, or until the memory is restored
/// to an earlier mark.
/// </summary>
public sealed class MemoryMark : IDisposable
{
    private readonly SequenceMemory _memory;

    internal MemoryMark(SequenceMemory memory, int length, int[]? kept) => (_memory, Length, Kept) = (memory, length, kept);

    /// <summary>Length of the memory at this point.</summary>
    public int Length { get; }

    /// <summary>What the stores need to come back here.</summary>
    internal int[]? Kept { get; }

    /// <summary>Forgets the mark. The memory stays as it is.</summary>
    public void Dispose() => _memory.Forget(this);
}

namespace Seriatim.Models;

/// <summary>
/// A point of a <see cref="SequenceMemory"/> to come back to. It holds until it is disposed, or until the memory is restored
/// to an earlier mark.
/// </summary>
public sealed class MemoryMark : IDisposable
{
    private readonly List<MemoryMark> _open;

    internal MemoryMark(List<MemoryMark> open, int length)
    {
        (_open, Length) = (open, length);
        open.Add(this);
    }

    /// <summary>Length of the memory at this point.</summary>
    public int Length { get; }

    internal bool IsOpenIn(List<MemoryMark> open) => ReferenceEquals(open, _open) && open.Contains(this);

    /// <summary>Forgets the mark. The memory stays as it is.</summary>
    public void Dispose() => _open.Remove(this);
}

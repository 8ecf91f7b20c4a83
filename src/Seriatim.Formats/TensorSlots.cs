namespace Seriatim.Formats;

/// <summary>
/// A file being written whose tensors have their places already: data arrive tensor by tensor or interleaved, in pieces.
/// Shared by the writers of both formats.
/// </summary>
internal sealed class TensorSlots : IDisposable
{
    private readonly AtomicFile _file;
    private readonly Dictionary<string, Slot> _slots = new(StringComparer.Ordinal);

    /// <summary>Starts the file with everything that comes before the data.</summary>
    public TensorSlots(string path, ReadOnlySpan<byte> header)
    {
        _file = new AtomicFile(path);
        try
        {
            _file.Write(header, 0);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Reserves bytes <paramref name="begin"/> up to <paramref name="end"/> of the file for a tensor.</summary>
    public void Add(string name, long begin, long end) => _slots.Add(name, new Slot { Next = begin, End = end });

    /// <summary>Fixes the length of the file; gaps between slots and after the last one become zeros.</summary>
    public void SetLength(long length) => _file.SetLength(length);

    public void Append(string name, ReadOnlySpan<byte> bytes)
    {
        if (!_slots.TryGetValue(name, out var slot))
            throw NotAnnounced(name);
        if (bytes.Length > slot.End - slot.Next)
        {
            throw new ArgumentException(
                $"tensor '{name}' has {slot.End - slot.Next} bytes left to be written, but {bytes.Length} were given",
                nameof(bytes));
        }
        _file.Write(bytes, slot.Next);
        slot.Next += bytes.Length;
    }

    public void Complete()
    {
        foreach (var (name, slot) in _slots)
        {
            if (slot.Next != slot.End)
                throw new InvalidOperationException($"tensor '{name}' lacks {slot.End - slot.Next} bytes of its data");
        }
        _file.Commit();
    }

    public void Dispose() => _file.Dispose();

    public static ArgumentException NotAnnounced(string name) =>
        new($"tensor '{name}' was not announced when the file was created", nameof(name));

    private sealed class Slot
    {
        public required long Next { get; set; }

        public required long End { get; init; }
    }
}

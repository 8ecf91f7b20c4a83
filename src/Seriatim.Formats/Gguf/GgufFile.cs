using System.Diagnostics.CodeAnalysis;

namespace Seriatim.Formats;

/// <summary>
/// A GGUF file of version 2 or 3, memory-mapped. Metadata and tensor table are read and checked when the file is opened: every
/// entry handed out lies inside the file. Source: ggml, <c>docs/gguf.md</c>.
/// </summary>
/// <remarks>
/// Spans and pointers are valid until <see cref="Dispose"/>, and as long as nobody shortens the file on disk. Reading is safe
/// from many threads. A model in several files is opened with <see cref="GgufCheckpoint"/>.
/// </remarks>
public sealed unsafe class GgufFile : IDisposable
{
    private readonly MappedFile _map;
    private readonly Dictionary<string, GgufEntry> _byName;

    private GgufFile(MappedFile map)
    {
        _map = map;
        var header = new GgufHeaderReader(this, map.Path, map.Pointer, map.Length).Read();
        Version = header.Version;
        Alignment = header.Alignment;
        Metadata = header.Metadata;
        Entries = header.Entries;
        _byName = header.ByName;
    }

    /// <summary>The path given to <see cref="Open"/>.</summary>
    public string Path => _map.Path;

    /// <summary>Version of the format: 2 or 3.</summary>
    public uint Version { get; }

    /// <summary>Alignment of every tensor's data, bytes: <c>general.alignment</c>, or 32.</summary>
    public uint Alignment { get; }

    /// <summary>
    /// Metadata in the order of the file. Values are <see cref="bool"/>, <see cref="string"/>, integers from
    /// <see cref="byte"/> to <see cref="ulong"/>, <see cref="float"/>, <see cref="double"/>, or an array of one of these
    /// (<c>string[]</c>, <c>float[]</c>, ...); an array of arrays is an <c>Array[]</c>.
    /// </summary>
    public IReadOnlyDictionary<string, object> Metadata { get; }

    /// <summary>All tensors, in the order of the file's table.</summary>
    public IReadOnlyList<GgufEntry> Entries { get; }

    /// <summary>Maps a file and reads everything but the tensor data.</summary>
    /// <exception cref="ModelFormatException">
    /// The file is missing, a folder, of another format, of version 1, big-endian, truncated, or not well-formed (bad counts and
    /// lengths, duplicate names, unknown types, rows that are not whole blocks, data outside the file, overlaps or holes).
    /// </exception>
    public static GgufFile Open(string path)
    {
        var map = MappedFile.Open(path, minimumLength: 24, "GGUF");
        try
        {
            return new GgufFile(map);
        }
        catch
        {
            map.Dispose();
            throw;
        }
    }

    /// <summary>Looks a tensor up by name.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out GgufEntry? entry) => _byName.TryGetValue(name, out entry);

    /// <summary>The tensor of that name.</summary>
    /// <exception cref="ModelFormatException">The file has no such tensor.</exception>
    public GgufEntry this[string name] => _byName.TryGetValue(name, out var entry)
        ? entry
        : throw new ModelFormatException(
            Path,
            $"has no tensor {ModelFormatException.Quote(name)} among its {Entries.Count}.",
            "The file belongs to another model, or the name is misspelt.");

    /// <summary>The bytes of a tensor, straight from the mapping.</summary>
    /// <exception cref="ArgumentException">The entry belongs to another file.</exception>
    /// <exception cref="ObjectDisposedException">The file was closed.</exception>
    /// <exception cref="OverflowException">The tensor has more than 2^31 - 1 bytes; use <see cref="Pointer"/>.</exception>
    public ReadOnlySpan<byte> Bytes(GgufEntry entry) => new(Pointer(entry), checked((int)entry.ByteLength));

    /// <summary>The first byte of a tensor in the mapping; <see cref="GgufEntry.ByteLength"/> bytes may be read.</summary>
    /// <exception cref="ArgumentException">The entry belongs to another file.</exception>
    /// <exception cref="ObjectDisposedException">The file was closed.</exception>
    public byte* Pointer(GgufEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (!ReferenceEquals(entry.File, this))
            throw new ArgumentException($"tensor {entry.Name} belongs to {entry.File.Path}, not to {Path}", nameof(entry));
        return _map.Pointer + entry.Offset;
    }

    /// <summary>Unmaps the file. Spans and pointers into it must not be used any more.</summary>
    public void Dispose() => _map.Dispose();
}

using System.Diagnostics.CodeAnalysis;

namespace Seriatim.Formats;

/// <summary>
/// A safetensors file, memory-mapped. The whole header is checked when the file is opened: every entry handed out lies inside
/// the file and has as many bytes as its shape and type say. Layout: u64 header length, JSON header, data; little-endian.
/// Source: the format description of the safetensors project (README, "Format").
/// </summary>
/// <remarks>
/// Spans and pointers are valid until <see cref="Dispose"/>, and as long as nobody shortens the file on disk. Reading is safe
/// from many threads.
/// </remarks>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly MappedFile _map;
    private readonly Dictionary<string, SafetensorsEntry> _byName;

    private SafetensorsFile(MappedFile map)
    {
        _map = map;
        var header = new SafetensorsHeaderReader(map.Path, map.Length, this).Read(map.Pointer);
        Metadata = header.Metadata;
        Entries = header.Entries;
        _byName = header.ByName;
    }

    /// <summary>The path given to <see cref="Open"/>.</summary>
    public string Path => _map.Path;

    /// <summary>All tensors, in the order of their data in the file.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>The strings under <c>__metadata__</c>, in the order of the file; empty if there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Maps a file and checks its header.</summary>
    /// <exception cref="ModelFormatException">
    /// The file is missing, a folder, or not a well-formed safetensors file (bad length, bad JSON, duplicate names, unknown type,
    /// size not equal to shape times type, overlapping data, holes, bytes that belong to no tensor).
    /// </exception>
    public static SafetensorsFile Open(string path)
    {
        var map = MappedFile.Open(path, minimumLength: 8, "safetensors");
        try
        {
            return new SafetensorsFile(map);
        }
        catch
        {
            map.Dispose();
            throw;
        }
    }

    /// <summary>Looks a tensor up by name.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out SafetensorsEntry? entry) => _byName.TryGetValue(name, out entry);

    /// <summary>The tensor of that name.</summary>
    /// <exception cref="ModelFormatException">The file has no such tensor.</exception>
    public SafetensorsEntry this[string name] => _byName.TryGetValue(name, out var entry)
        ? entry
        : throw new ModelFormatException(
            Path,
            $"has no tensor {ModelFormatException.Quote(name)} among its {Entries.Count}.",
            "The file belongs to another model, or the name is misspelt.");

    /// <summary>The bytes of a tensor, straight from the mapping, little-endian.</summary>
    /// <exception cref="ArgumentException">The entry belongs to another file.</exception>
    /// <exception cref="ObjectDisposedException">The file was closed.</exception>
    /// <exception cref="OverflowException">The tensor has more than 2^31 - 1 bytes; use <see cref="Pointer"/>.</exception>
    public ReadOnlySpan<byte> Bytes(SafetensorsEntry entry) => new(Pointer(entry), checked((int)entry.ByteLength));

    /// <summary>
    /// The first byte of a tensor in the mapping; <see cref="SafetensorsEntry.ByteLength"/> bytes may be read. Not always
    /// aligned to the element size: see <see cref="SafetensorsEntry.IsAligned"/>.
    /// </summary>
    /// <exception cref="ArgumentException">The entry belongs to another file.</exception>
    /// <exception cref="ObjectDisposedException">The file was closed.</exception>
    public byte* Pointer(SafetensorsEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (!ReferenceEquals(entry.File, this))
            throw new ArgumentException($"tensor {entry.Name} belongs to {entry.File.Path}, not to {Path}", nameof(entry));
        return _map.Pointer + entry.Offset;
    }

    /// <summary>
    /// Reads a whole tensor as F32. F32, F16, BF16, 8-bit floats, BOOL and integers up to 24 bits are exact; F64 and wider
    /// integers are rounded once, to nearest, ties to even.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// <paramref name="destination"/> does not have exactly <see cref="SafetensorsEntry.ElementCount"/> elements.
    /// </exception>
    public void ReadF32(SafetensorsEntry entry, Span<float> destination)
    {
        CheckLength(entry, destination.Length);
        ElementReader.ReadF32(entry.Type, Pointer(entry), destination);
    }

    /// <summary>Reads <c>destination.Length</c> elements as F32, from element <paramref name="firstElement"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The elements asked for are not all in the tensor.</exception>
    public void ReadF32(SafetensorsEntry entry, long firstElement, Span<float> destination)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentOutOfRangeException.ThrowIfNegative(firstElement);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstElement, entry.ElementCount - destination.Length);
        ElementReader.ReadF32(entry.Type, Pointer(entry) + firstElement * entry.Type.Size(), destination);
    }

    /// <summary>Reads a whole tensor as a new array of F32; see <see cref="ReadF32(SafetensorsEntry, Span{float})"/>.</summary>
    /// <exception cref="OverflowException">The tensor has more elements than an array can hold.</exception>
    public float[] ReadF32(SafetensorsEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var values = new float[checked((int)entry.ElementCount)];
        ReadF32(entry, values);
        return values;
    }

    /// <summary>Reads a whole BOOL or integer tensor as 64-bit integers.</summary>
    /// <exception cref="ArgumentException"><paramref name="destination"/> has another length than the tensor.</exception>
    /// <exception cref="ModelFormatException">The tensor holds floats, or a U64 over 2^63 - 1.</exception>
    public void ReadI64(SafetensorsEntry entry, Span<long> destination)
    {
        CheckLength(entry, destination.Length);
        ElementReader.ReadI64(entry, Pointer(entry), destination);
    }

    /// <summary>Reads a whole BOOL or integer tensor as a new array of 64-bit integers.</summary>
    /// <exception cref="ModelFormatException">The tensor holds floats, or a U64 over 2^63 - 1.</exception>
    public long[] ReadI64(SafetensorsEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ElementReader.RequireInteger(entry);
        var values = new long[checked((int)entry.ElementCount)];
        ReadI64(entry, values);
        return values;
    }

    /// <summary>Reads a whole BOOL or integer tensor as 32-bit integers (token ids, positions).</summary>
    /// <exception cref="ArgumentException"><paramref name="destination"/> has another length than the tensor.</exception>
    /// <exception cref="ModelFormatException">The tensor holds floats, or a value outside the range of an I32.</exception>
    public void ReadI32(SafetensorsEntry entry, Span<int> destination)
    {
        CheckLength(entry, destination.Length);
        ElementReader.ReadI32(entry, Pointer(entry), destination);
    }

    /// <summary>Reads a whole BOOL or integer tensor as a new array of 32-bit integers.</summary>
    /// <exception cref="ModelFormatException">The tensor holds floats, or a value outside the range of an I32.</exception>
    public int[] ReadI32(SafetensorsEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ElementReader.RequireInteger(entry);
        var values = new int[checked((int)entry.ElementCount)];
        ReadI32(entry, values);
        return values;
    }

    /// <summary>Unmaps the file. Spans and pointers into it must not be used any more.</summary>
    public void Dispose() => _map.Dispose();

    private static void CheckLength(SafetensorsEntry entry, int destination)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (entry.ElementCount != destination)
        {
            throw new ArgumentException(
                $"tensor {entry} has {entry.ElementCount} elements, the destination {destination}", nameof(destination));
        }
    }
}

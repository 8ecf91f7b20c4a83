using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Seriatim.Formats;

/// <summary>Parses and checks everything before the tensor data of one GGUF file.</summary>
internal sealed unsafe class GgufHeaderReader(GgufFile file, string path, byte* start, long fileLength)
{
    internal const string AlignmentKey = "general.alignment";
    internal const uint DefaultAlignment = 32;
    internal const int LongestKey = 65535;
    internal const int MostAxes = 4;

    // A key of one byte with a one-byte value; a tensor with a one-byte name and no axes.
    private const int SmallestPair = 8 + 1 + 4 + 1;
    private const int SmallestTensor = 8 + 1 + 4 + 4 + 8;

    private readonly GgufCursor _cursor = new(path, start, fileLength);
    private readonly OrderedDictionary<string, object> _metadata = new(StringComparer.Ordinal);
    private readonly Dictionary<string, GgufEntry> _byName = new(StringComparer.Ordinal);

    internal readonly record struct Header(
        uint Version,
        uint Alignment,
        IReadOnlyDictionary<string, object> Metadata,
        IReadOnlyList<GgufEntry> Entries,
        Dictionary<string, GgufEntry> ByName);

    private readonly record struct Row(string Name, GgmlType Type, ImmutableArray<long> Shape, ulong Offset, long Bytes);

    public Header Read()
    {
        var version = ReadVersion();
        var tensorCount = _cursor.ReadCount("the number of tensors", SmallestTensor);
        var pairCount = _cursor.ReadCount("the number of metadata keys", SmallestPair);
        for (var i = 0; i < pairCount; i++)
            ReadPair(i);
        var alignment = ReadAlignment();
        var rows = new List<Row>();
        for (var i = 0; i < tensorCount; i++)
            rows.Add(ReadRow(i));
        var dataStart = (_cursor.Position + alignment - 1) / alignment * alignment;
        var entries = new List<GgufEntry>(rows.Count);
        foreach (var row in rows)
            entries.Add(Place(row, dataStart, alignment));
        CheckCoverage(entries, dataStart, alignment);
        return new Header(version, alignment, _metadata, entries, _byName);
    }

    private uint ReadVersion()
    {
        var magic = _cursor.Read<uint>("the magic");
        if (magic != 0x46554747)
            throw NotReadable($"begins with {BinaryPrimitives.ReverseEndianness(magic):x8}, not with 47475546 ('GGUF').");
        var version = _cursor.Read<uint>("the version");
        if (version is 2 or 3)
            return version;
        if (version == 1)
            throw NotReadable("is GGUF version 1, which was in use for a few weeks of 2023; versions 2 and 3 are read.");
        if (BinaryPrimitives.ReverseEndianness(version) is > 0 and < 0x10000)
            throw NotReadable($"is a big-endian GGUF file (version field {version:x8}); only little-endian files are read.");
        throw NotReadable($"has GGUF version {version}; versions 2 and 3 are read.");
    }

    private void ReadPair(int index)
    {
        var at = _cursor.Position;
        var key = _cursor.ReadString($"metadata key {index}");
        if (key.Length == 0 || _cursor.Position - at - 8 > LongestKey)
            throw _cursor.Damaged($"metadata key {index} has {_cursor.Position - at - 8} bytes; 1 to {LongestKey} are allowed.");
        var quoted = ModelFormatException.Quote(key);
        var value = _cursor.ReadValue($"the value of {quoted}");
        if (!_metadata.TryAdd(key, value))
            throw _cursor.Damaged($"metadata names the key {quoted} twice, the second time as number {index}.");
    }

    private uint ReadAlignment()
    {
        if (!_metadata.TryGetValue(AlignmentKey, out var value))
            return DefaultAlignment;
        if (value is not uint alignment)
            throw _cursor.Damaged($"'{AlignmentKey}' is a {value.GetType().Name}; it must be a 32-bit unsigned integer.");
        if (alignment == 0 || alignment % 8 != 0)
            throw _cursor.Damaged($"'{AlignmentKey}' is {alignment}; it must be a multiple of 8.");
        return alignment;
    }

    private Row ReadRow(int index)
    {
        var name = _cursor.ReadString($"the name of tensor {index}");
        var quoted = ModelFormatException.Quote(name);
        if (name.Length == 0)
            throw _cursor.Damaged($"tensor {index} has no name.");
        var axes = _cursor.Read<uint>($"the number of axes of tensor {quoted}");
        if (axes > MostAxes)
            throw _cursor.Damaged($"tensor {quoted} has {axes} axes; at most {MostAxes} are allowed.");
        Span<long> shape = stackalloc long[(int)axes];
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            // The file lists the fastest axis first.
            var size = _cursor.Read<ulong>($"the sizes of tensor {quoted}");
            if (size > long.MaxValue)
                throw _cursor.Damaged($"tensor {quoted} has an axis of {size}; at most 2^63 - 1 are possible.");
            shape[i] = (long)size;
        }
        var number = _cursor.Read<uint>($"the type of tensor {quoted}");
        var type = (GgmlType)number;
        if (!Enum.IsDefined(type))
            throw UnknownType(quoted, number);
        var bytes = ByteLength(quoted, type, shape);
        return new Row(name, type, [.. shape], _cursor.Read<ulong>($"the offset of tensor {quoted}"), bytes);
    }

    private long ByteLength(string quoted, GgmlType type, ReadOnlySpan<long> shape)
    {
        var row = shape.IsEmpty ? 1 : shape[^1];
        if (row % type.BlockSize() != 0)
        {
            throw _cursor.Damaged(
                $"tensor {quoted} has rows of {row} values, which is not a whole number of {type} blocks of {type.BlockSize()}.");
        }
        return TryByteLength(type, shape, out var bytes)
            ? bytes
            : throw _cursor.Damaged($"tensor {quoted} of shape [{string.Join(", ", shape.ToArray())}] has over 2^60 values.");
    }

    /// <summary>Bytes of a tensor whose rows are whole blocks; false for 2^60 values or more.</summary>
    internal static bool TryByteLength(GgmlType type, ReadOnlySpan<long> shape, out long bytes)
    {
        bytes = 0;
        if (shape.Contains(0))
            return true;
        Int128 values = 1;
        foreach (var size in shape)
        {
            values *= size;
            if (values > long.MaxValue / 8)
                return false;
        }
        bytes = (long)values / type.BlockSize() * type.TypeSize();
        return true;
    }

    private GgufEntry Place(Row row, long dataStart, uint alignment)
    {
        var quoted = ModelFormatException.Quote(row.Name);
        if (row.Offset % alignment != 0)
            throw _cursor.Damaged($"tensor {quoted} is at offset {row.Offset}, not a multiple of the alignment {alignment}.");
        var room = Math.Max(0, fileLength - dataStart);
        if (row.Offset > (ulong)room || row.Bytes > room - (long)row.Offset)
        {
            throw _cursor.Damaged(
                $"tensor {quoted} has {row.Bytes} bytes at offset {row.Offset} of the data, but the data have {room} bytes.");
        }
        var entry = new GgufEntry(file, row.Name, row.Type, row.Shape, dataStart + (long)row.Offset, row.Bytes);
        if (!_byName.TryAdd(row.Name, entry))
            throw _cursor.Damaged($"the tensor table names {quoted} twice.");
        return entry;
    }

    /// <summary>
    /// Tensors follow each other with nothing but padding between; what comes after the last one is nobody's business
    /// (llama.cpp accepts the same files, whatever the order of its table).
    /// </summary>
    private void CheckCoverage(List<GgufEntry> entries, long dataStart, uint alignment)
    {
        var sorted = entries.ToArray();
        Array.Sort(sorted, static (a, b) =>
        {
            var byOffset = a.Offset.CompareTo(b.Offset);
            return byOffset != 0 ? byOffset : a.ByteLength.CompareTo(b.ByteLength);
        });
        var next = dataStart;
        foreach (var entry in sorted)
        {
            if (entry.Offset != next)
            {
                var what = entry.Offset < next ? "overlaps the tensor before it" : "leaves a hole before it";
                throw _cursor.Damaged(
                    $"tensor {ModelFormatException.Quote(entry.Name)} is at offset {entry.Offset - dataStart} and {what}; "
                    + $"expected {next - dataStart}.");
            }
            next += (entry.ByteLength + alignment - 1) / alignment * alignment;
        }
    }

    private ModelFormatException UnknownType(string quoted, uint number)
    {
        if (number is 4 or 5 or 31 or 32 or 33 or 36 or 37 or 38)
        {
            return new ModelFormatException(
                path,
                $"tensor {quoted} has ggml type {number}, which was removed from the format.",
                "Get a newer file of this model, or convert it again.");
        }
        return new ModelFormatException(
            path,
            $"tensor {quoted} has the unknown ggml type {number}; types up to {(int)GgmlType.Q2_0} are known.",
            "The file is damaged, or newer than this version of Seriatim.");
    }

    private ModelFormatException NotReadable(string problem) =>
        new(path, problem, "Give a little-endian GGUF file of version 2 or 3.");
}

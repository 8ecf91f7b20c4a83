using System.Collections.Immutable;

namespace Seriatim.Formats;

/// <summary>One tensor of a GGUF file: its line in the tensor table, already checked against the file.</summary>
public sealed class GgufEntry
{
    // Entries are made by the reader alone, so that offsets a caller holds are always inside the mapping.
    internal GgufEntry(GgufFile file, string name, GgmlType type, ImmutableArray<long> shape, long offset, long byteLength)
    {
        File = file;
        Name = name;
        Type = type;
        Shape = shape;
        Offset = offset;
        ByteLength = byteLength;
    }

    /// <summary>The file (split) that holds the bytes.</summary>
    public GgufFile File { get; }

    /// <summary>Name of the tensor.</summary>
    public string Name { get; }

    /// <summary>How the values are stored.</summary>
    public GgmlType Type { get; }

    /// <summary>
    /// Sizes, slowest axis first, as everywhere in Seriatim; the file lists them the other way round. A weight is
    /// <c>[outputs, inputs]</c>; quantised blocks run along the last axis.
    /// </summary>
    public ImmutableArray<long> Shape { get; }

    /// <summary>First byte of the tensor, counted from the start of the file; a multiple of the file's alignment.</summary>
    public long Offset { get; }

    /// <summary>Bytes of the tensor; may exceed 2 GB.</summary>
    public long ByteLength { get; }

    /// <summary>Number of values: the product of <see cref="Shape"/>.</summary>
    public long ElementCount => ByteLength / Type.TypeSize() * Type.BlockSize();

    /// <summary>Bytes of one row: the last axis.</summary>
    public long RowBytes => Type.RowBytes(Shape.IsEmpty ? 1 : Shape[^1]);

    /// <summary>Name, type and shape, for messages.</summary>
    public override string ToString() => $"{Name} {Type} [{string.Join(", ", Shape)}]";
}

using System.Collections.Immutable;

namespace Seriatim.Formats;

/// <summary>One tensor of a safetensors file: its header entry, already checked against the file.</summary>
public sealed class SafetensorsEntry
{
    // Entries are made by the header reader alone, so that offsets a caller holds are always inside the mapping.
    internal SafetensorsEntry(
        SafetensorsFile file, string name, SafetensorsType type, ImmutableArray<long> shape, long offset, long byteLength)
    {
        File = file;
        Name = name;
        Type = type;
        Shape = shape;
        Offset = offset;
        ByteLength = byteLength;
    }

    /// <summary>The file (shard) that holds the bytes.</summary>
    public SafetensorsFile File { get; }

    /// <summary>Name of the tensor.</summary>
    public string Name { get; }

    /// <summary>Type of the elements.</summary>
    public SafetensorsType Type { get; }

    /// <summary>Sizes, slowest axis first; empty for a scalar.</summary>
    public ImmutableArray<long> Shape { get; }

    /// <summary>First byte of the tensor, counted from the start of the file.</summary>
    public long Offset { get; }

    /// <summary>Bytes of the tensor; may exceed 2 GB.</summary>
    public long ByteLength { get; }

    /// <summary>Number of elements: the product of <see cref="Shape"/>, 1 for a scalar.</summary>
    public long ElementCount => ByteLength / Type.Size();

    /// <summary>
    /// Whether the data start at a multiple of the element size. Files of early writers (the published GPT-2 among them) do
    /// not pad their header, so their tensors start anywhere.
    /// </summary>
    public bool IsAligned => Offset % Type.Size() == 0;

    /// <summary>Name, type and shape, for messages.</summary>
    public override string ToString() => $"{Name} {Type.Name()} [{string.Join(", ", Shape)}]";
}

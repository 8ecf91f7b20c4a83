namespace Seriatim.Formats;

/// <summary>Where each tensor goes in a GGUF file to be written, and the bytes before the data.</summary>
internal sealed class GgufLayout
{
    private const int LongestTensorName = 64;
    private const uint LargestAlignment = 1 << 20;

    private readonly uint _alignment = GgufHeaderReader.DefaultAlignment;

    public GgufLayout(IEnumerable<KeyValuePair<string, object>> metadata, IEnumerable<GgufTensorSpec> tensors, uint version)
    {
        var pairs = metadata.ToArray();
        var specs = tensors.ToArray();
        var output = new GgufOutput();
        output.Write("GGUF"u8);
        output.Write(version);
        output.Write((ulong)specs.Length);
        output.Write((ulong)pairs.Length);
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (key, value) in pairs)
        {
            if (key is null || !keys.Add(key))
                throw new ArgumentException($"metadata key '{key}' is null or given twice", nameof(metadata));
            output.WriteString(key, 1, GgufHeaderReader.LongestKey, key);
            output.WriteValue(key, value);
            if (key == GgufHeaderReader.AlignmentKey)
                _alignment = CheckAlignment(value);
        }
        var ranges = WriteTable(output, specs);
        // Without tensors there is no data to align: the published vocabulary files end with the table.
        if (specs.Length > 0)
            output.PadTo(_alignment);
        Header = output.ToArray();
        Tensors = [.. ranges.Select(range => (range.Name, Header.Length + range.Begin, Header.Length + range.End))];
        FileLength = Header.Length + (ranges.Count > 0 ? Align(ranges[^1].End) : 0);
    }

    /// <summary>Everything up to the first byte of data.</summary>
    public byte[] Header { get; }

    /// <summary>In file order; offsets count from the start of the file.</summary>
    public IReadOnlyList<(string Name, long Begin, long End)> Tensors { get; }

    /// <summary>Bytes of the complete file.</summary>
    public long FileLength { get; }

    private List<(string Name, long Begin, long End)> WriteTable(GgufOutput output, GgufTensorSpec[] specs)
    {
        var ranges = new List<(string, long, long)>(specs.Length);
        var names = new HashSet<string>(StringComparer.Ordinal);
        var next = 0L;
        foreach (var spec in specs)
        {
            if (spec.Name is null || !names.Add(spec.Name))
                throw new ArgumentException($"tensor '{spec.Name}' has no name or is given twice");
            var bytes = ByteLength(spec);
            if (bytes > long.MaxValue / 2 - next)
                throw new ArgumentException($"with tensor '{spec.Name}' the file would exceed 2^62 bytes");
            output.WriteString(spec.Name, 1, LongestTensorName, spec.Name);
            output.Write((uint)spec.Shape.Length);
            for (var axis = spec.Shape.Length - 1; axis >= 0; axis--)
                output.Write((ulong)spec.Shape[axis]);
            output.Write((uint)spec.Type);
            output.Write((ulong)next);
            ranges.Add((spec.Name, next, next + bytes));
            next = Align(next + bytes);
        }
        return ranges;
    }

    private static long ByteLength(GgufTensorSpec spec)
    {
        if (!Enum.IsDefined(spec.Type))
            throw new ArgumentException($"tensor '{spec.Name}' has the undefined type {spec.Type}");
        if (spec.Shape.IsDefault || spec.Shape.Length > GgufHeaderReader.MostAxes || spec.Shape.Any(size => size < 0))
        {
            throw new ArgumentException(
                $"tensor '{spec.Name}' needs a shape of 0 to {GgufHeaderReader.MostAxes} axes without negative sizes");
        }
        var row = spec.Shape.IsEmpty ? 1 : spec.Shape[^1];
        if (row % spec.Type.BlockSize() != 0)
        {
            throw new ArgumentException(
                $"tensor '{spec.Name}' has rows of {row} values, not whole {spec.Type} blocks of {spec.Type.BlockSize()}");
        }
        return GgufHeaderReader.TryByteLength(spec.Type, spec.Shape.AsSpan(), out var bytes)
            ? bytes
            : throw new ArgumentException($"tensor '{spec.Name}' has over 2^60 values");
    }

    private static uint CheckAlignment(object value) => value is uint and > 0 and <= LargestAlignment && (uint)value % 8 == 0
        ? (uint)value
        : throw new ArgumentException(
            $"'{GgufHeaderReader.AlignmentKey}' is {value}; it must be a uint, a multiple of 8, at most {LargestAlignment}");

    private long Align(long position) => (position + _alignment - 1) / _alignment * _alignment;
}

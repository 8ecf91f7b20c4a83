using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Seriatim.Formats;

/// <summary>Where each tensor goes in a file to be written, and the bytes before the data.</summary>
internal sealed class SafetensorsLayout
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public SafetensorsLayout(IEnumerable<SafetensorsTensorSpec> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        Tensors = Place(tensors);
        Header = WriteHeader(metadata);
    }

    /// <summary>In file order; offsets count from the start of the data.</summary>
    public IReadOnlyList<(SafetensorsTensorSpec Tensor, long Begin, long End)> Tensors { get; }

    /// <summary>Length field, JSON and padding.</summary>
    public byte[] Header { get; }

    private static List<(SafetensorsTensorSpec, long, long)> Place(IEnumerable<SafetensorsTensorSpec> tensors)
    {
        var sorted = new List<(SafetensorsTensorSpec Tensor, byte[] Name)>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tensor in tensors)
        {
            Check(tensor);
            if (!names.Add(tensor.Name))
                throw new ArgumentException($"tensor '{tensor.Name}' is given twice", nameof(tensors));
            var name = Encode(tensor.Name);
            if (name.Length > SafetensorsHeaderReader.LongestName / 6)
            {
                // Escaped, a byte can take six, and the reader counts those.
                throw new ArgumentException(
                    $"a tensor has a name of {name.Length} bytes; at most {SafetensorsHeaderReader.LongestName / 6} are allowed",
                    nameof(tensors));
            }
            sorted.Add((tensor, name));
        }
        sorted.Sort(static (a, b) =>
        {
            var byType = b.Tensor.Type.CompareTo(a.Tensor.Type);
            return byType != 0 ? byType : a.Name.AsSpan().SequenceCompareTo(b.Name);
        });
        var placed = new List<(SafetensorsTensorSpec, long, long)>(sorted.Count);
        var end = 0L;
        foreach (var (tensor, _) in sorted)
        {
            if (!SafetensorsHeaderReader.TryByteLength(tensor.Shape, tensor.Type.Size(), out var bytes)
                || bytes > long.MaxValue - end - 2 * SafetensorsHeaderReader.LongestHeader)
                throw new ArgumentException($"with tensor '{tensor.Name}' the file would exceed 2^63 bytes", nameof(tensors));
            placed.Add((tensor, end, end + bytes));
            end += bytes;
        }
        return placed;
    }

    private static void Check(SafetensorsTensorSpec tensor)
    {
        if (tensor.Name is null || tensor.Name == SafetensorsHeaderReader.MetadataKey)
            throw new ArgumentException($"a tensor cannot be called '{tensor.Name}'");
        if (!Enum.IsDefined(tensor.Type))
            throw new ArgumentException($"tensor '{tensor.Name}' has the undefined type {tensor.Type}");
        if (tensor.Shape.IsDefault || tensor.Shape.Length > SafetensorsHeaderReader.MostAxes
            || tensor.Shape.Any(size => size < 0))
        {
            throw new ArgumentException(
                $"tensor '{tensor.Name}' needs a shape of 0 to {SafetensorsHeaderReader.MostAxes} axes without negative sizes");
        }
    }

    private byte[] WriteHeader(IReadOnlyDictionary<string, string>? metadata)
    {
        var json = new StringBuilder("{");
        if (metadata is not null)
        {
            AppendString(json, SafetensorsHeaderReader.MetadataKey).Append(":{");
            AppendList(json, metadata, static (json, pair) =>
                AppendString(AppendString(json, pair.Key).Append(':'), pair.Value));
            json.Append('}').Append(Tensors.Count > 0 ? "," : "");
        }
        AppendList(json, Tensors, static (json, placed) =>
        {
            var (tensor, begin, end) = placed;
            AppendString(json, tensor.Name).Append(":{\"dtype\":\"").Append(tensor.Type.Name()).Append("\",\"shape\":[");
            json.AppendJoin(',', tensor.Shape).Append(CultureInfo.InvariantCulture, $"],\"data_offsets\":[{begin},{end}]}}");
        });
        json.Append('}');
        var bytes = Encode(json.ToString());
        var padded = (bytes.Length + 7) / 8 * 8;
        if (padded > SafetensorsHeaderReader.LongestHeader)
        {
            throw new ArgumentException(
                $"the header would have {padded} bytes; {SafetensorsHeaderReader.LongestHeader} are allowed");
        }
        var header = new byte[8 + padded];
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)padded);
        bytes.CopyTo(header, 8);
        header.AsSpan(8 + bytes.Length).Fill((byte)' ');
        return header;
    }

    private static void AppendList<T>(StringBuilder json, IEnumerable<T> items, Action<StringBuilder, T> append)
    {
        var first = true;
        foreach (var item in items)
        {
            if (!first)
                json.Append(',');
            first = false;
            append(json, item);
        }
    }

    // The escapes of the reference library: only what JSON demands, so that equal names give equal bytes.
    private static StringBuilder AppendString(StringBuilder json, string text)
    {
        json.Append('"');
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => json.Append("\\\""),
                '\\' => json.Append("\\\\"),
                '\b' => json.Append("\\b"),
                '\t' => json.Append("\\t"),
                '\n' => json.Append("\\n"),
                '\f' => json.Append("\\f"),
                '\r' => json.Append("\\r"),
                < ' ' => json.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => json.Append(c),
            };
        }
        return json.Append('"');
    }

    private static byte[] Encode(string text)
    {
        try
        {
            return Strict.GetBytes(text);
        }
        catch (EncoderFallbackException cause)
        {
            throw new ArgumentException("a name or a metadata string holds half a surrogate pair", cause);
        }
    }
}

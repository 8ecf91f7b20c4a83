using System.Collections.Immutable;
using System.Text.Json;

namespace Seriatim.Formats;

/// <summary>
/// Parses and checks the header of one safetensors file. It walks the JSON in the mapping token by token, so a hostile header
/// costs no more memory than the entries it really holds.
/// </summary>
internal sealed class SafetensorsHeaderReader(string path, long fileLength, SafetensorsFile file)
{
    /// <summary>The reference library's limit, bytes.</summary>
    internal const long LongestHeader = 100_000_000;

    internal const string MetadataKey = "__metadata__";
    internal const int MostAxes = 64;

    /// <summary>Longest name of a tensor, bytes: far over any real one, and little to copy from a hostile header.</summary>
    internal const int LongestName = 65535;

    private readonly Dictionary<string, SafetensorsEntry> _byName = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly List<long> _numbers = [];
    private bool _metadataSeen;
    private long _dataStart;

    internal readonly record struct Header(
        IReadOnlyList<SafetensorsEntry> Entries,
        Dictionary<string, SafetensorsEntry> ByName,
        IReadOnlyDictionary<string, string> Metadata);

    public unsafe Header Read(byte* start)
    {
        var length = *(ulong*)start;
        if (length > (ulong)LongestHeader)
            throw Damaged($"the header length is {length} bytes; at most {LongestHeader} are allowed.");
        if (length > (ulong)(fileLength - 8))
            throw Damaged($"the header length is {length} bytes, but only {fileLength - 8} follow it in the file.");
        _dataStart = 8 + (long)length;
        var json = new ReadOnlySpan<byte>(start + 8, (int)length);
        if (json.IsEmpty || json[0] != (byte)'{')
            throw Damaged($"the header of {length} bytes does not begin with '{{'.");
        try
        {
            ReadObject(json);
        }
        catch (JsonException cause)
        {
            throw Damaged($"the header is not JSON: {cause.Message}", cause);
        }
        catch (InvalidOperationException cause)
        {
            // Utf8JsonReader's way of reporting bytes that are not UTF-8, or half a surrogate pair, in a string.
            throw Damaged($"the header holds a string that is not Unicode text: {cause.Message}", cause);
        }
        return new Header(CheckCoverage(), _byName, _metadata);
    }

    private void ReadObject(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 3 });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueSpan.Length > LongestName)
                throw Damaged($"a tensor has a name of {reader.ValueSpan.Length} bytes; at most {LongestName} are allowed.");
            var name = reader.GetString()!;
            Require(ref reader, JsonTokenType.StartObject, name, "an object");
            if (name == MetadataKey)
                ReadMetadata(ref reader);
            else
                ReadEntry(ref reader, name);
        }
        // Blanks may follow the closing brace, nothing else; Read throws on anything else.
        while (reader.Read())
        {
        }
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (_metadataSeen)
            throw Damaged($"the header names {MetadataKey} twice.");
        _metadataSeen = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            Require(ref reader, JsonTokenType.String, key, $"a string (inside {MetadataKey})");
            if (!_metadata.TryAdd(key, reader.GetString()!))
                throw Damaged($"{MetadataKey} names {ModelFormatException.Quote(key)} twice.");
        }
    }

    private void ReadEntry(ref Utf8JsonReader reader, string name)
    {
        SafetensorsType? type = null;
        ImmutableArray<long> shape = default;
        (long Begin, long End)? range = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("dtype"u8) && type is null)
            {
                Require(ref reader, JsonTokenType.String, name, "a string as dtype");
                var text = ShortText(ref reader);
                if (!SafetensorsTypes.TryParse(text, out var parsed))
                    throw UnknownType(name, text);
                type = parsed;
            }
            else if (reader.ValueTextEquals("shape"u8) && shape.IsDefault)
            {
                shape = ReadNumbers(ref reader, name, "shape", MostAxes);
            }
            else if (reader.ValueTextEquals("data_offsets"u8) && range is null)
            {
                var pair = ReadNumbers(ref reader, name, "data_offsets", 2);
                if (pair.Length != 2)
                    throw Damaged($"tensor {ModelFormatException.Quote(name)} has {pair.Length} data_offsets instead of 2.");
                range = (pair[0], pair[1]);
            }
            else
            {
                throw Damaged(
                    $"tensor {ModelFormatException.Quote(name)} has the field "
                    + $"{ModelFormatException.Quote(ShortText(ref reader))} twice, or the format does not define it.");
            }
        }
        if (type is null || shape.IsDefault || range is null)
            throw Damaged($"tensor {ModelFormatException.Quote(name)} lacks dtype, shape or data_offsets.");
        Add(name, type.Value, shape, range.Value.Begin, range.Value.End);
    }

    private void Add(string name, SafetensorsType type, ImmutableArray<long> shape, long begin, long end)
    {
        var quoted = ModelFormatException.Quote(name);
        if (begin > end)
            throw Damaged($"tensor {quoted} begins at byte {begin} and ends before that, at {end}.");
        if (end > fileLength - _dataStart)
            throw Damaged($"tensor {quoted} ends at data byte {end}, but the file has {fileLength - _dataStart} bytes of data.");
        if (!TryByteLength(shape, type.Size(), out var bytes))
            throw Damaged($"tensor {quoted} has shape [{string.Join(", ", shape)}], more than 2^63 bytes of {type.Name()}.");
        if (bytes != end - begin)
        {
            throw Damaged(
                $"tensor {quoted} is {type.Name()} [{string.Join(", ", shape)}], {bytes} bytes, "
                + $"but its data_offsets [{begin}, {end}] span {end - begin}.");
        }
        if (!_byName.TryAdd(name, new SafetensorsEntry(file, name, type, shape, _dataStart + begin, bytes)))
            throw Damaged($"the header names tensor {quoted} twice.");
    }

    /// <summary>The data of the tensors, in order, must cover the data of the file: no overlap, no hole, nothing left.</summary>
    private SafetensorsEntry[] CheckCoverage()
    {
        var entries = _byName.Values.ToArray();
        Array.Sort(entries, static (a, b) =>
        {
            var byOffset = a.Offset.CompareTo(b.Offset);
            // An empty tensor shares its offset with the next one and comes before it.
            var bySize = byOffset != 0 ? byOffset : a.ByteLength.CompareTo(b.ByteLength);
            return bySize != 0 ? bySize : string.CompareOrdinal(a.Name, b.Name);
        });
        var next = _dataStart;
        foreach (var entry in entries)
        {
            if (entry.Offset != next)
            {
                var what = entry.Offset < next ? "overlaps the tensor before it" : "leaves a hole before it";
                throw Damaged(
                    $"tensor {ModelFormatException.Quote(entry.Name)} begins at data byte {entry.Offset - _dataStart} "
                    + $"and {what}, which ends at {next - _dataStart}.");
            }
            next += entry.ByteLength;
        }
        if (next != fileLength)
            throw Damaged($"the tensors end at byte {next} of {fileLength} in the file: {fileLength - next} are left over.");
        return entries;
    }

    private ImmutableArray<long> ReadNumbers(ref Utf8JsonReader reader, string name, string field, int most)
    {
        Require(ref reader, JsonTokenType.StartArray, name, $"an array as {field}");
        _numbers.Clear();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0)
            {
                throw Damaged(
                    $"tensor {ModelFormatException.Quote(name)} has a {field} element that is not "
                    + "a whole number from 0 to 2^63 - 1.");
            }
            if (_numbers.Count == most)
                throw Damaged($"tensor {ModelFormatException.Quote(name)} has more than {most} numbers as {field}.");
            _numbers.Add(number);
        }
        return [.. _numbers];
    }

    /// <summary>Product of a shape and an element size, exact; a zero anywhere makes the product zero.</summary>
    internal static bool TryByteLength(ImmutableArray<long> shape, int elementSize, out long bytes)
    {
        bytes = 0;
        if (shape.Contains(0))
            return true;
        var product = (Int128)elementSize;
        foreach (var size in shape)
        {
            product *= size;
            if (product > long.MaxValue)
                return false;
        }
        bytes = (long)product;
        return true;
    }

    private static string ShortText(ref Utf8JsonReader reader) =>
        reader.ValueSpan.Length <= LongestName ? reader.GetString()! : "…";

    private void Require(ref Utf8JsonReader reader, JsonTokenType wanted, string name, string description)
    {
        if (!reader.Read() || reader.TokenType != wanted)
            throw Damaged($"{ModelFormatException.Quote(name)} has a {reader.TokenType} where {description} belongs.");
    }

    private ModelFormatException UnknownType(string name, string type) => new(
        path,
        $"tensor {ModelFormatException.Quote(name)} has dtype {ModelFormatException.Quote(type)}, not one of the 15 known.",
        "Convert the tensor to a known type, or update Seriatim.");

    private ModelFormatException Damaged(string problem, Exception? cause = null) =>
        new(path, problem, ModelFormatException.AdviceDamaged, cause);
}

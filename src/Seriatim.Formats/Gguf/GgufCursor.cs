using System.Runtime.CompilerServices;
using System.Text;

namespace Seriatim.Formats;

/// <summary>Reads what stands before the data of a mapped GGUF file, front to back, and never past its end.</summary>
internal sealed unsafe class GgufCursor(string path, byte* start, long length)
{
    /// <summary>llama.cpp knows no nesting at all; this leaves room and bounds the recursion.</summary>
    private const int DeepestNesting = 16;

    /// <summary>Far over any real template or token, and under what a .NET string can hold; bytes.</summary>
    private const int LongestString = 1 << 28;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private long _position;

    public long Position => _position;

    public long Remaining => length - _position;

    public T Read<T>(string what)
        where T : unmanaged
    {
        if (Remaining < sizeof(T))
            throw Damaged($"ends at byte {length}, inside {what}, which needs {sizeof(T)} bytes from {_position} on.");
        var value = Unsafe.ReadUnaligned<T>(start + _position);
        _position += sizeof(T);
        return value;
    }

    /// <summary>Reads a count of things of at least <paramref name="least"/> bytes each, and believes it if they fit.</summary>
    public int ReadCount(string what, int least)
    {
        var count = Read<ulong>(what);
        if (count > (ulong)(Remaining / least))
            throw Damaged($"{what}: a count of {count}, at least {least} bytes each, but only {Remaining} bytes follow.");
        if (count > (ulong)Array.MaxLength)
            throw Damaged($"{what}: a count of {count}; at most {Array.MaxLength} can be held.");
        return (int)count;
    }

    public string ReadString(string what)
    {
        var bytes = ReadCount(what, 1);
        if (bytes > LongestString)
            throw Damaged($"{what}: a string of {bytes} bytes; at most {LongestString} are read.");
        try
        {
            var text = Strict.GetString(start + _position, bytes);
            _position += bytes;
            return text;
        }
        catch (DecoderFallbackException cause)
        {
            throw Damaged($"{what}: the string of {bytes} bytes from byte {_position} on is not UTF-8 text.", cause);
        }
    }

    public object ReadValue(string key) => ReadValue(Read<GgufValueType>($"the type of {key}"), key, DeepestNesting);

    private object ReadValue(GgufValueType type, string key, int depth) => type switch
    {
        GgufValueType.UInt8 => Read<byte>(key),
        GgufValueType.Int8 => Read<sbyte>(key),
        GgufValueType.UInt16 => Read<ushort>(key),
        GgufValueType.Int16 => Read<short>(key),
        GgufValueType.UInt32 => Read<uint>(key),
        GgufValueType.Int32 => Read<int>(key),
        GgufValueType.Float32 => Read<float>(key),
        GgufValueType.Bool => ReadBool(key),
        GgufValueType.String => ReadString(key),
        GgufValueType.Array => ReadArray(key, depth),
        GgufValueType.UInt64 => Read<ulong>(key),
        GgufValueType.Int64 => Read<long>(key),
        GgufValueType.Float64 => Read<double>(key),
        _ => throw UnknownType(type, key),
    };

    private Array ReadArray(string key, int depth)
    {
        var type = Read<GgufValueType>($"the element type of {key}");
        return type switch
        {
            GgufValueType.UInt8 => ReadNumbers<byte>(key),
            GgufValueType.Int8 => ReadNumbers<sbyte>(key),
            GgufValueType.UInt16 => ReadNumbers<ushort>(key),
            GgufValueType.Int16 => ReadNumbers<short>(key),
            GgufValueType.UInt32 => ReadNumbers<uint>(key),
            GgufValueType.Int32 => ReadNumbers<int>(key),
            GgufValueType.Float32 => ReadNumbers<float>(key),
            GgufValueType.UInt64 => ReadNumbers<ulong>(key),
            GgufValueType.Int64 => ReadNumbers<long>(key),
            GgufValueType.Float64 => ReadNumbers<double>(key),
            GgufValueType.Bool => ReadElements(key, 1, () => ReadBool(key)),
            GgufValueType.String => ReadElements(key, 8, () => ReadString(key)),
            GgufValueType.Array when depth > 0 => ReadElements(key, 12, () => ReadArray(key, depth - 1)),
            GgufValueType.Array => throw Damaged($"{key} nests arrays more than {DeepestNesting} deep."),
            _ => throw UnknownType(type, key),
        };
    }

    private T[] ReadNumbers<T>(string key)
        where T : unmanaged
    {
        var values = new T[ReadCount(key, sizeof(T))];
        var bytes = (long)values.Length * sizeof(T);
        fixed (T* target = values)
            Buffer.MemoryCopy(start + _position, target, bytes, bytes);
        _position += bytes;
        return values;
    }

    private T[] ReadElements<T>(string key, int least, Func<T> read)
    {
        var values = new T[ReadCount(key, least)];
        for (var i = 0; i < values.Length; i++)
            values[i] = read();
        return values;
    }

    private bool ReadBool(string key)
    {
        var value = Read<byte>(key);
        return value <= 1
            ? value == 1
            : throw Damaged($"{key} is a bool of value {value} at byte {_position - 1}; only 0 and 1 exist.");
    }

    private ModelFormatException UnknownType(GgufValueType type, string key) =>
        Damaged($"{key} has metadata type {(uint)type}; types 0 to {(uint)GgufValueType.Float64} exist.");

    public ModelFormatException Damaged(string problem, Exception? cause = null) =>
        new(path, problem, ModelFormatException.AdviceDamaged, cause);
}

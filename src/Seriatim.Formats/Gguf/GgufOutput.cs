using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Seriatim.Formats;

/// <summary>Collects the bytes before the tensor data of a GGUF file.</summary>
internal sealed class GgufOutput
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly ArrayBufferWriter<byte> _bytes = new();

    public byte[] ToArray() => _bytes.WrittenSpan.ToArray();

    public void Write(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);

    public void Write<T>(T value)
        where T : unmanaged
    {
        var span = _bytes.GetSpan(Unsafe.SizeOf<T>());
        Unsafe.WriteUnaligned(ref span[0], value);
        _bytes.Advance(Unsafe.SizeOf<T>());
    }

    public void PadTo(uint alignment)
    {
        while (_bytes.WrittenCount % alignment != 0)
            Write((byte)0);
    }

    /// <param name="text">The string to write.</param>
    /// <param name="least">Fewest bytes allowed.</param>
    /// <param name="most">Most bytes allowed.</param>
    /// <param name="owner">The key or name that messages mention.</param>
    public void WriteString(string text, int least, int most, string owner)
    {
        byte[] bytes;
        try
        {
            bytes = Strict.GetBytes(text);
        }
        catch (EncoderFallbackException cause)
        {
            throw new ArgumentException($"'{owner}' holds half a surrogate pair", cause);
        }
        if (bytes.Length < least || bytes.Length > most)
            throw new ArgumentException($"'{owner}' has {bytes.Length} bytes; {least} to {most} are allowed");
        Write((ulong)bytes.Length);
        Write(bytes.AsSpan());
    }

    /// <summary>Writes the type number and the value.</summary>
    public void WriteValue(string key, object value)
    {
        switch (value)
        {
            case byte number: WriteTyped(GgufValueType.UInt8, number); break;
            case sbyte number: WriteTyped(GgufValueType.Int8, number); break;
            case ushort number: WriteTyped(GgufValueType.UInt16, number); break;
            case short number: WriteTyped(GgufValueType.Int16, number); break;
            case uint number: WriteTyped(GgufValueType.UInt32, number); break;
            case int number: WriteTyped(GgufValueType.Int32, number); break;
            case float number: WriteTyped(GgufValueType.Float32, number); break;
            case bool flag: WriteTyped(GgufValueType.Bool, flag ? (byte)1 : (byte)0); break;
            case ulong number: WriteTyped(GgufValueType.UInt64, number); break;
            case long number: WriteTyped(GgufValueType.Int64, number); break;
            case double number: WriteTyped(GgufValueType.Float64, number); break;
            case string text:
                Write(GgufValueType.String);
                WriteString(text, 0, int.MaxValue, key);
                break;
            case Array array:
                Write(GgufValueType.Array);
                WriteArray(key, array);
                break;
            default: throw UnknownType(key, value);
        }
    }

    private void WriteArray(string key, Array array)
    {
        if (array.Rank != 1)
            throw UnknownType(key, array);
        // By exact type: to the runtime an int[] passes for a uint[].
        var element = array.GetType().GetElementType()!;
        if (element == typeof(string))
            WriteItems(GgufValueType.String, (string[])array, text => WriteString(text, 0, int.MaxValue, key));
        else if (element == typeof(Array) || element.IsArray)
            WriteItems(GgufValueType.Array, (Array[])array, inner => WriteArray(key, inner));
        else if (element == typeof(bool))
            WriteNumbers(GgufValueType.Bool, Array.ConvertAll((bool[])array, flag => flag ? (byte)1 : (byte)0));
        else
            WriteNumbers(key, array, element);
    }

    private void WriteNumbers(string key, Array array, Type element)
    {
        if (element == typeof(byte))
            WriteNumbers(GgufValueType.UInt8, (byte[])array);
        else if (element == typeof(sbyte))
            WriteNumbers(GgufValueType.Int8, (sbyte[])array);
        else if (element == typeof(ushort))
            WriteNumbers(GgufValueType.UInt16, (ushort[])array);
        else if (element == typeof(short))
            WriteNumbers(GgufValueType.Int16, (short[])array);
        else if (element == typeof(uint))
            WriteNumbers(GgufValueType.UInt32, (uint[])array);
        else if (element == typeof(int))
            WriteNumbers(GgufValueType.Int32, (int[])array);
        else if (element == typeof(float))
            WriteNumbers(GgufValueType.Float32, (float[])array);
        else if (element == typeof(ulong))
            WriteNumbers(GgufValueType.UInt64, (ulong[])array);
        else if (element == typeof(long))
            WriteNumbers(GgufValueType.Int64, (long[])array);
        else if (element == typeof(double))
            WriteNumbers(GgufValueType.Float64, (double[])array);
        else
            throw UnknownType(key, array);
    }

    private void WriteTyped<T>(GgufValueType type, T value)
        where T : unmanaged
    {
        Write(type);
        Write(value);
    }

    private void WriteNumbers<T>(GgufValueType type, T[] values)
        where T : unmanaged
    {
        Write(type);
        Write((ulong)values.Length);
        Write(MemoryMarshal.AsBytes(values.AsSpan()));
    }

    private void WriteItems<T>(GgufValueType type, T[] items, Action<T> write)
    {
        Write(type);
        Write((ulong)items.Length);
        foreach (var item in items)
            write(item ?? throw new ArgumentException("an array in the metadata holds a null"));
    }

    private static ArgumentException UnknownType(string key, object? value) =>
        new($"metadata '{key}' is a {value?.GetType().Name ?? "null"}, which the format does not know");
}

using System.Text;

namespace Seriatim.Tokenizers.Tests;

/// <summary>Reads the metadata of a GGUF file, just enough for these tests.</summary>
internal static class GgufReader
{
    public static IReadOnlyDictionary<string, object> Read(string path)
    {
        using var reader = new BinaryReader(File.OpenRead(path), Encoding.UTF8);
        Assert.Equal(0x46554747u, reader.ReadUInt32());
        reader.ReadUInt32();
        reader.ReadUInt64();
        ulong count = reader.ReadUInt64();
        var pairs = new Dictionary<string, object>();
        for (ulong i = 0; i < count; i++)
        {
            string key = Text(reader);
            pairs[key] = Value(reader, reader.ReadUInt32());
        }

        return pairs;
    }

    private static string Text(BinaryReader reader) => Encoding.UTF8.GetString(reader.ReadBytes((int)reader.ReadUInt64()));

    private static object Value(BinaryReader reader, uint type) => type switch
    {
        0 => reader.ReadByte(),
        1 => reader.ReadSByte(),
        2 => reader.ReadUInt16(),
        3 => reader.ReadInt16(),
        4 => reader.ReadUInt32(),
        5 => reader.ReadInt32(),
        6 => reader.ReadSingle(),
        7 => reader.ReadByte() != 0,
        8 => Text(reader),
        9 => List(reader, reader.ReadUInt32(), (int)reader.ReadUInt64()),
        10 => reader.ReadUInt64(),
        11 => reader.ReadInt64(),
        12 => reader.ReadDouble(),
        _ => throw new InvalidDataException($"GGUF type {type}"),
    };

    private static Array List(BinaryReader reader, uint type, int count)
    {
        object? first = count > 0 ? Value(reader, type) : null;
        var array = Array.CreateInstance(first?.GetType() ?? typeof(string), count);
        for (int i = 0; i < count; i++)
        {
            array.SetValue(i == 0 ? first : Value(reader, type), i);
        }

        return array;
    }
}

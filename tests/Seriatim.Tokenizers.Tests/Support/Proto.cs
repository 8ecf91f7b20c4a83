namespace Seriatim.Tokenizers.Tests;

/// <summary>Writes Protocol Buffers fields.</summary>
internal static class Proto
{
    public static void Bytes(List<byte> output, int field, byte[] content) => output.AddRange(Field(field, content));

    public static byte[] Field(int field, byte[] content)
    {
        var output = new List<byte>();
        Varint(output, (uint)((field << 3) | 2));
        Varint(output, (uint)content.Length);
        output.AddRange(content);
        return [.. output];
    }

    private static void Varint(List<byte> output, uint value)
    {
        for (; value >= 128; value >>= 7)
        {
            output.Add((byte)(value | 128));
        }

        output.Add((byte)value);
    }
}

using System.Text;

namespace Seriatim.Formats.Tests;

/// <summary>Puts GGUF files together by hand, so that they can be wrong.</summary>
internal sealed class GgufBytes
{
    private readonly MemoryStream _stream = new();

    public GgufBytes(ulong tensors = 0, ulong keys = 0, uint version = 3, string magic = "GGUF")
    {
        Raw(Encoding.ASCII.GetBytes(magic)).U32(version).U64(tensors).U64(keys);
    }

    public GgufBytes Raw(params byte[] bytes)
    {
        _stream.Write(bytes);
        return this;
    }

    public GgufBytes U32(uint value) => Raw(BitConverter.GetBytes(value));

    public GgufBytes U64(ulong value) => Raw(BitConverter.GetBytes(value));

    public GgufBytes Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return U64((ulong)bytes.Length).Raw(bytes);
    }

    public GgufBytes Key(string key, uint type) => Text(key).U32(type);

    /// <summary>Sizes in the order of the file: fastest axis first.</summary>
    public GgufBytes Tensor(string name, GgmlType type, ulong offset, params ulong[] sizes)
    {
        Text(name).U32((uint)sizes.Length);
        foreach (var size in sizes)
            U64(size);
        return U32((uint)type).U64(offset);
    }

    public GgufBytes Data(int bytes, int alignment = 32)
    {
        while (_stream.Length % alignment != 0)
            Raw(0);
        return Raw(new byte[bytes]);
    }

    public byte[] ToArray() => _stream.ToArray();
}

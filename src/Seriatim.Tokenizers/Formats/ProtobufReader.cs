using System.Buffers.Binary;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>Reads the wire format of Protocol Buffers: fields of a message, one after another, every length checked.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message, string file)
{
    private readonly string _file = file;
    private ReadOnlySpan<byte> _rest = message;
    private ReadOnlySpan<byte> _bytes;
    private ulong _number;

    /// <summary>Number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>Wire type of the current field: 0 varint, 1 64 bits, 2 bytes, 5 32 bits.</summary>
    public int WireType { get; private set; }

    /// <summary>Goes to the next field.</summary>
    public bool Next()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        ulong tag = Varint();
        Field = (int)Math.Min(tag >> 3, int.MaxValue);
        WireType = (int)(tag & 7);
        switch (WireType)
        {
            case 0:
                _number = Varint();
                break;
            case 1:
                _number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                break;
            case 2:
                _bytes = Take(Varint());
                break;
            case 5:
                _number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                break;
            default:
                throw Error($"field {Field} has wire type {WireType}");
        }

        return true;
    }

    /// <summary>The bytes of the field.</summary>
    public readonly ReadOnlySpan<byte> Bytes() => WireType == 2 ? _bytes : throw Error($"field {Field} is not a string of bytes");

    /// <summary>The text of the field.</summary>
    public readonly string Text() => Encoding.UTF8.GetString(Bytes());

    /// <summary>The integer of the field.</summary>
    public readonly long Int() => WireType == 0 ? (long)_number : throw Error($"field {Field} is not an integer");

    /// <summary>The float of the field.</summary>
    public readonly float Float() =>
        WireType == 5 ? BitConverter.UInt32BitsToSingle((uint)_number) : throw Error($"field {Field} is not a float");

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte b = Take(1)[0];
            value |= (ulong)(b & 127) << shift;
            if (b < 128)
            {
                return value;
            }
        }

        throw Error("a number has more than 64 bits");
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length)
        {
            throw Error($"{count} bytes are announced, but only {_rest.Length} are left");
        }

        ReadOnlySpan<byte> taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }

    private readonly TokenizerFormatException Error(string problem) =>
        new(_file, "protobuf", $"{problem}; the file is cut off, damaged, or not a SentencePiece model.");
}

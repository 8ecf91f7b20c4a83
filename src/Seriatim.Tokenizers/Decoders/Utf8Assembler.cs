using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>Collects UTF-8 bytes and gives out characters as soon as they are complete; wrong bytes become U+FFFD.</summary>
internal sealed class Utf8Assembler
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private char[] _chars = new char[16];

    /// <summary>Adds one byte and returns what became certain.</summary>
    public ReadOnlySpan<char> Add(byte value) => Add(new ReadOnlySpan<byte>(in value));

    /// <summary>Adds bytes and returns what became certain.</summary>
    public ReadOnlySpan<char> Add(scoped ReadOnlySpan<byte> bytes)
    {
        if (_chars.Length < bytes.Length + 4)
        {
            _chars = new char[bytes.Length * 2];
        }

        return _chars.AsSpan(0, _decoder.GetChars(bytes, _chars, flush: false));
    }

    /// <summary>There are no more bytes: an unfinished character becomes U+FFFD.</summary>
    public ReadOnlySpan<char> Flush() => _chars.AsSpan(0, _decoder.GetChars([], _chars, flush: true));
}

using System.Buffers;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>Collects UTF-8 bytes and gives out characters as soon as they are complete; wrong bytes become U+FFFD.</summary>
internal sealed class Utf8Assembler
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly byte[] _last = new byte[3];
    private char[] _chars = new char[16];
    private int _lastCount;

    /// <summary>Adds one byte and returns what became certain.</summary>
    public ReadOnlySpan<char> Add(byte value) => Add(new ReadOnlySpan<byte>(in value));

    /// <summary>Adds bytes and returns what became certain.</summary>
    public ReadOnlySpan<char> Add(scoped ReadOnlySpan<byte> bytes)
    {
        if (_chars.Length < bytes.Length + 4)
        {
            _chars = new char[bytes.Length * 2];
        }

        Remember(bytes);
        return _chars.AsSpan(0, _decoder.GetChars(bytes, _chars, flush: false));
    }

    /// <summary>There are no more bytes: an unfinished character becomes U+FFFD.</summary>
    public ReadOnlySpan<char> Flush()
    {
        _lastCount = 0;
        return _chars.AsSpan(0, _decoder.GetChars([], _chars, flush: true));
    }

    /// <summary>One that goes on from here by itself.</summary>
    public Utf8Assembler Copy()
    {
        var copy = new Utf8Assembler();
        ReadOnlySpan<byte> last = _last.AsSpan(0, _lastCount);

        // What the decoder holds is the beginning of a character at the end of what came in, if there is one.
        for (int first = 0; first < last.Length; first++)
        {
            if (Rune.DecodeFromUtf8(last[first..], out _, out _) == OperationStatus.NeedMoreData)
            {
                copy.Add(last[first..]);
                break;
            }
        }

        return copy;
    }

    /// <summary>Keeps the last three bytes: no character that is not complete has more.</summary>
    private void Remember(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= _last.Length)
        {
            bytes[^_last.Length..].CopyTo(_last);
            _lastCount = _last.Length;
            return;
        }

        int kept = Math.Min(_lastCount, _last.Length - bytes.Length);
        _last.AsSpan(_lastCount - kept, kept).CopyTo(_last);
        bytes.CopyTo(_last.AsSpan(kept));
        _lastCount = kept + bytes.Length;
    }
}

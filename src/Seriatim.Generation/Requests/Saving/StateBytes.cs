using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Seriatim.Generation;

/// <summary>
/// The binary form of a state: <c>"SRTMSTAT"</c>, version, length of the JSON form and of what follows (u32 each, little-endian),
/// SHA-256 of what follows, and that: the JSON form compressed by Brotli (RFC 7932).
/// </summary>
internal static class StateBytes
{
    private const int Header = 8 + 4 + 4 + 4 + 32;
    private const int MostBytes = 1 << 28;

    private static ReadOnlySpan<byte> Magic => "SRTMSTAT"u8;

    public static byte[] Pack(ReadOnlySpan<byte> json)
    {
        if (json.Length > MostBytes)
            throw new InvalidOperationException($"The state has {json.Length} bytes as JSON; at most {MostBytes} are written.");
        byte[] packed = new byte[BrotliEncoder.GetMaxCompressedLength(json.Length)];
        if (!BrotliEncoder.TryCompress(json, packed, out int length, quality: 4, window: 22))
            throw new InvalidOperationException($"A state of {json.Length} bytes could not be compressed.");
        byte[] bytes = new byte[Header + length];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), StateDocument.NewestVersion);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), json.Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), length);
        packed.AsSpan(0, length).CopyTo(bytes.AsSpan(Header));
        SHA256.HashData(bytes.AsSpan(Header), bytes.AsSpan(20));
        return bytes;
    }

    /// <exception cref="InvalidStateException">It is not a state, of another version, cut off or changed.</exception>
    public static byte[] Unpack(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Header || !bytes.StartsWith(Magic))
        {
            throw new InvalidStateException("beginning", $"not that of a state ({bytes.Length} bytes)",
                "\"SRTMSTAT\" and a header");
        }
        int version = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        if (version != StateDocument.NewestVersion)
            throw InvalidStateException.OfVersion(version);
        int length = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]);
        int packed = BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]);
        if (packed != bytes.Length - Header)
        {
            throw new InvalidStateException("length", $"{bytes.Length - Header} bytes",
                $"{packed}; the file is cut off or changed");
        }
        if (length is < 0 or > MostBytes)
            throw new InvalidStateException("length when unpacked", $"{length} bytes", $"0 to {MostBytes}");

        // Of the bytes as they are: in compressed ones there are bits that change nothing, and a change there is one, too.
        if (!SHA256.HashData(bytes[Header..]).AsSpan().SequenceEqual(bytes.Slice(20, 32)))
            throw new InvalidStateException("content", "changed", "what its SHA-256 tells");
        return Decompress(bytes[Header..], length);
    }

    /// <summary>Takes memory as content comes, and not because a header says so.</summary>
    private static byte[] Decompress(ReadOnlySpan<byte> packed, int length)
    {
        byte[] json = new byte[Math.Min(length, 1 << 16)];
        int done = 0;
        using var decoder = new BrotliDecoder();
        while (true)
        {
            OperationStatus status = decoder.Decompress(packed, json.AsSpan(done), out int read, out int written);
            packed = packed[read..];
            done += written;
            if (status == OperationStatus.Done && done == length && packed.IsEmpty)
                return json;
            if (status != OperationStatus.DestinationTooSmall || done == length)
                throw new InvalidStateException("content", "damaged", $"{length} bytes compressed by Brotli");
            if (done == json.Length)
                Array.Resize(ref json, (int)Math.Min(length, 2L * json.Length));
        }
    }
}

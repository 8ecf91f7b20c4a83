using System.Buffers.Binary;
using System.Text;

namespace Seriatim.Tokenizers.Tests;

/// <summary>Small SentencePiece files.</summary>
internal static class SentencePieceSamples
{
    /// <summary>A Unigram model: piece, score, kind (1 normal, 2 unknown, 3 control, 4 user-defined).</summary>
    public static byte[] Unigram((string Piece, float Score, int Kind)[] pieces) => Make(pieces, model: 1);

    /// <summary>A BPE model.</summary>
    public static byte[] Bpe((string Piece, float Score, int Kind)[] pieces) => Make(pieces, model: 2);

    private static byte[] Make((string Piece, float Score, int Kind)[] pieces, int model)
    {
        var file = new List<byte>();
        foreach ((string piece, float score, int kind) in pieces)
        {
            var bytes = new byte[4];
            BinaryPrimitives.WriteSingleLittleEndian(bytes, score);
            Proto.Bytes(file, 1, [.. Proto.Field(1, Encoding.UTF8.GetBytes(piece)), 0x15, .. bytes, 0x18, (byte)kind]);
        }

        Proto.Bytes(file, 2, [0x18, (byte)model]);
        Proto.Bytes(file, 3, [0x18, 1, 0x20, 1]);
        return [.. file];
    }
}

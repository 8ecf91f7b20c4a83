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

    /// <summary>A BPE model as Llama and Mistral have them: unknown characters in bytes (kind 6), blanks kept as they are.</summary>
    public static byte[] Llama((string Piece, float Score, int Kind)[] pieces) => Make(pieces, model: 2, bytes: true);

    private static byte[] Make((string Piece, float Score, int Kind)[] pieces, int model, bool bytes = false)
    {
        var file = new List<byte>();
        foreach ((string piece, float score, int kind) in pieces)
        {
            var value = new byte[4];
            BinaryPrimitives.WriteSingleLittleEndian(value, score);
            Proto.Bytes(file, 1, [.. Proto.Field(1, Encoding.UTF8.GetBytes(piece)), 0x15, .. value, 0x18, (byte)kind]);
        }

        // Model type and byte_fallback (35) of the trainer; add_dummy_prefix and remove_extra_whitespaces of the normalizer.
        Proto.Bytes(file, 2, [0x18, (byte)model, 0x98, 0x02, (byte)(bytes ? 1 : 0)]);
        Proto.Bytes(file, 3, [0x18, 1, 0x20, (byte)(bytes ? 0 : 1)]);
        return [.. file];
    }
}

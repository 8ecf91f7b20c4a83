namespace Seriatim.Tensors;

/// <summary>Memory to a stream, however long it is.</summary>
internal static unsafe class StoredBytes
{
    private const int Piece = 1 << 26;

    public static void Write(byte* from, long bytes, Stream stream)
    {
        for (long done = 0; done < bytes; done += Piece)
            stream.Write(new ReadOnlySpan<byte>(from + done, (int)Math.Min(Piece, bytes - done)));
    }
}

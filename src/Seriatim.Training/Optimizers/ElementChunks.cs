namespace Seriatim.Training;

/// <summary>
/// The elements of parameters in pieces of the same size wherever they are, for work that goes element by element: what a piece
/// gives does not depend on who does it, so neither do results.
/// </summary>
internal static class ElementChunks
{
    /// <summary>Elements of a piece: small enough for the second cache with gradient and moments, large enough to be worth a thread.</summary>
    public const int Length = 1 << 15;

    /// <summary>All pieces of tensors, in order.</summary>
    public static (int Tensor, int Start, int Length)[] Of(IEnumerable<long> lengths)
    {
        var chunks = new List<(int, int, int)>();
        int tensor = 0;
        foreach (long length in lengths)
        {
            int count = checked((int)length);
            for (int start = 0; start < count; start += Length)
                chunks.Add((tensor, start, Math.Min(Length, count - start)));
            tensor++;
        }

        return [.. chunks];
    }

    /// <summary>As <see cref="Environment.ProcessorCount"/> for 0.</summary>
    public static ParallelOptions Threads(int threads) =>
        new() { MaxDegreeOfParallelism = threads == 0 ? Environment.ProcessorCount : threads };
}

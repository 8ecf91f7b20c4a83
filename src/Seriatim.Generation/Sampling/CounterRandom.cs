namespace Seriatim.Generation;

/// <summary>
/// Random numbers by counter, Philox 4x32-10 (Salmon et al., 2011: Parallel random numbers, as easy as 1, 2, 3): a number is a
/// function of the seed, the sequence, the step, a purpose and an index, and of nothing else. No state, so no other request,
/// retry or preemption can change it.
/// </summary>
/// <remarks>Key = seed; counter = (index, step, sequence, purpose).</remarks>
internal static class CounterRandom
{
    /// <summary>Noise of each candidate in sampling; the index is the token id / 4.</summary>
    public const uint Choose = 0;

    /// <summary>Whether XTC acts in this step.</summary>
    public const uint ExcludeTop = 1;

    /// <summary>Four numbers of 32 random bits.</summary>
    public static (uint A, uint B, uint C, uint D) Next(ulong seed, uint sequence, uint step, uint purpose, uint index)
    {
        (uint a, uint b, uint c, uint d) = (index, step, sequence, purpose);
        (uint key0, uint key1) = ((uint)seed, (uint)(seed >> 32));
        for (int round = 0; round < 10; round++)
        {
            ulong first = (ulong)0xD2511F53 * a;
            ulong second = (ulong)0xCD9E8D57 * c;
            (a, b, c, d) = ((uint)(second >> 32) ^ b ^ key0, (uint)second, (uint)(first >> 32) ^ d ^ key1, (uint)first);
            key0 += 0x9E3779B9;
            key1 += 0xBB67AE85;
        }

        return (a, b, c, d);
    }

    /// <summary>A number strictly between 0 and 1: <c>(bits + 1/2) / 2^32</c>.</summary>
    public static double Unit(uint bits) => (bits + 0.5) * (1.0 / 4294967296.0);
}

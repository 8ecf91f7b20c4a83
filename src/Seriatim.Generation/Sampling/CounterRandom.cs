using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

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

    /// <summary>Numbers for processors of users.</summary>
    public const uint User = 2;

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

    /// <summary>What <see cref="Next"/> gives for 8 indices that follow one another: 32 numbers in order.</summary>
    public static void Next8(ulong seed, uint sequence, uint step, uint purpose, uint firstIndex, Span<uint> numbers)
    {
        Vector256<uint> a = Vector256.Create(firstIndex) + Vector256<uint>.Indices, b = Vector256.Create(step);
        Vector256<uint> c = Vector256.Create(sequence), d = Vector256.Create(purpose);
        (uint key0, uint key1) = ((uint)seed, (uint)(seed >> 32));
        for (int round = 0; round < 10; round++)
        {
            Vector256<uint> firstHigh = High(a, 0xD2511F53), firstLow = a * Vector256.Create(0xD2511F53);
            Vector256<uint> secondHigh = High(c, 0xCD9E8D57), secondLow = c * Vector256.Create(0xCD9E8D57);
            (a, b, c, d) = (secondHigh ^ b ^ Vector256.Create(key0), secondLow, firstHigh ^ d ^ Vector256.Create(key1), firstLow);
            key0 += 0x9E3779B9;
            key1 += 0xBB67AE85;
        }

        Interleave(a, b, c, d, numbers);
    }

    /// <summary>Four rows of 8 numbers become 8 rows of 4.</summary>
    private static void Interleave(Vector256<uint> a, Vector256<uint> b, Vector256<uint> c, Vector256<uint> d, Span<uint> numbers)
    {
        if (!Avx2.IsSupported)
        {
            for (int lane = 0; lane < 8; lane++)
                Vector128.Create(a[lane], b[lane], c[lane], d[lane]).CopyTo(numbers[(4 * lane)..]);
            return;
        }

        Vector256<ulong> ab = Avx2.UnpackLow(a, b).AsUInt64(), cd = Avx2.UnpackLow(c, d).AsUInt64();
        Vector256<ulong> ab2 = Avx2.UnpackHigh(a, b).AsUInt64(), cd2 = Avx2.UnpackHigh(c, d).AsUInt64();
        Vector256<ulong> rows04 = Avx2.UnpackLow(ab, cd), rows15 = Avx2.UnpackHigh(ab, cd);
        Vector256<ulong> rows26 = Avx2.UnpackLow(ab2, cd2), rows37 = Avx2.UnpackHigh(ab2, cd2);
        Avx2.Permute2x128(rows04, rows15, 0x20).AsUInt32().CopyTo(numbers);
        Avx2.Permute2x128(rows26, rows37, 0x20).AsUInt32().CopyTo(numbers[8..]);
        Avx2.Permute2x128(rows04, rows15, 0x31).AsUInt32().CopyTo(numbers[16..]);
        Avx2.Permute2x128(rows26, rows37, 0x31).AsUInt32().CopyTo(numbers[24..]);
    }

    /// <summary>The upper halves of products of 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> High(Vector256<uint> x, uint factor)
    {
        if (Avx2.IsSupported)
        {
            Vector256<ulong> even = Avx2.Multiply(x, Vector256.Create(factor));
            Vector256<ulong> odd = Avx2.Multiply(Vector256.ShiftRightLogical(x.AsUInt64(), 32).AsUInt32(),
                Vector256.Create(factor));
            return Avx2.Blend(Vector256.ShiftRightLogical(even, 32).AsUInt32(), odd.AsUInt32(), 0b10101010);
        }

        (Vector256<ulong> low, Vector256<ulong> high) = Vector256.Widen(x);
        Vector256<ulong> wide = Vector256.Create((ulong)factor);
        return Vector256.Narrow(Vector256.ShiftRightLogical(low * wide, 32), Vector256.ShiftRightLogical(high * wide, 32));
    }

    /// <summary>A number strictly between 0 and 1: <c>(bits + 1/2) / 2^32</c>.</summary>
    public static double Unit(uint bits) => (bits + 0.5) * (1.0 / 4294967296.0);
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <summary>
/// The micro-kernels of many rows on AVX-512BW. For codes of at most 6 bits (6 bits themselves are faster in
/// <see cref="PanelRow{TFormat}"/>): 6 rows and two panels of 16 outputs; for codes of 8 bits 6 rows and one. One instruction
/// multiplies 64 bytes and adds pairs to 16 bits, where <see cref="DotVnni"/> multiplies 32; the sums of a few steps fit into
/// 16 bits, then they are widened. The order of all that is rounded is that of <see cref="DotTile{T}"/>, so the bits are the
/// same.
/// </summary>
internal static unsafe class WordTile
{
    private const int StepBytes = 4 * PanelChunk.Outputs;

    /// <summary>Whether this machine has the instructions.</summary>
    public static bool IsSupported => Avx512BW.IsSupported;

    /// <summary>Adds one chunk of two panels to tiles of 6 rows that lie one after another.</summary>
    /// <param name="tiles">How many.</param>
    /// <param name="groups">Number of groups in the chunk.</param>
    /// <param name="halves">1 if groups have 16 inputs, 0 if 32.</param>
    /// <param name="steps">Steps of 4 inputs whose sums fit into 16 bits: 2, 4 or 8, at most those of a group.</param>
    /// <param name="a">The first panel.</param>
    /// <param name="b">The second panel.</param>
    /// <param name="x">The rows of the first tile.</param>
    /// <param name="y">Running results of the first panel <c>[tiles][6][16]</c>.</param>
    /// <param name="z">Running results of the second panel.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void AddSixes(int tiles, int groups, int halves, int steps, in PanelChunk a, in PanelChunk b, in TileRows x,
        float* y, float* z)
    {
        byte* soon = (byte*)a.Ahead.From, later = (byte*)b.Ahead.From;
        nint stride = a.Ahead.Stride, laterStride = stride;
        sbyte* bytes = x.Codes;
        bool minimums = a.Minimums != null;
        float* sums = minimums ? x.Sums : x.Scales, factors = x.Scales;
        int* starts = x.Starts;
        int parts = (8 >> halves) / steps;
        nint tileBytes = groups * (32 >> halves) * 6;
        nint second = (nint)(b.Codes - a.Codes);
        Vector512<short> ones = Vector512.Create((short)1);
        for (int tile = 0; tile < tiles; tile++, y += 6 * 16, z += 6 * 16)
        {
            byte* codes = a.Codes;
            for (int group = 0; group < groups; group++)
            {
                Vector512<int> s0 = Vector512.Create(starts[0]), s1 = Vector512.Create(starts[1]),
                    s2 = Vector512.Create(starts[2]);
                Vector512<int> s3 = Vector512.Create(starts[3]), s4 = Vector512.Create(starts[4]),
                    s5 = Vector512.Create(starts[5]);
                Vector512<int> t0 = s0, t1 = s1, t2 = s2, t3 = s3, t4 = s4, t5 = s5;
                for (int part = 0; part < parts; part++)
                {
                    Vector512<byte> four = Vector512.Load(codes), other = Vector512.Load(codes + second);
                    Vector512<sbyte> row = Broadcast(bytes);
                    Vector512<short> p0 = Avx512BW.MultiplyAddAdjacent(four, row), q0 = Avx512BW.MultiplyAddAdjacent(other, row);
                    row = Broadcast(bytes + 4);
                    Vector512<short> p1 = Avx512BW.MultiplyAddAdjacent(four, row), q1 = Avx512BW.MultiplyAddAdjacent(other, row);
                    row = Broadcast(bytes + 8);
                    Vector512<short> p2 = Avx512BW.MultiplyAddAdjacent(four, row), q2 = Avx512BW.MultiplyAddAdjacent(other, row);
                    row = Broadcast(bytes + 12);
                    Vector512<short> p3 = Avx512BW.MultiplyAddAdjacent(four, row), q3 = Avx512BW.MultiplyAddAdjacent(other, row);
                    row = Broadcast(bytes + 16);
                    Vector512<short> p4 = Avx512BW.MultiplyAddAdjacent(four, row), q4 = Avx512BW.MultiplyAddAdjacent(other, row);
                    row = Broadcast(bytes + 20);
                    Vector512<short> p5 = Avx512BW.MultiplyAddAdjacent(four, row), q5 = Avx512BW.MultiplyAddAdjacent(other, row);
                    Sse.Prefetch0(soon);
                    Sse.Prefetch0(later);
                    codes += StepBytes;
                    bytes += 24;
                    soon += stride;
                    later += laterStride;
                    for (int step = 1; step < steps; step++, codes += StepBytes, bytes += 24, soon += stride,
                        later += laterStride)
                    {
                        Sse.Prefetch0(soon);
                        Sse.Prefetch0(later);
                        four = Vector512.Load(codes);
                        other = Vector512.Load(codes + second);
                        row = Broadcast(bytes);
                        p0 += Avx512BW.MultiplyAddAdjacent(four, row);
                        q0 += Avx512BW.MultiplyAddAdjacent(other, row);
                        row = Broadcast(bytes + 4);
                        p1 += Avx512BW.MultiplyAddAdjacent(four, row);
                        q1 += Avx512BW.MultiplyAddAdjacent(other, row);
                        row = Broadcast(bytes + 8);
                        p2 += Avx512BW.MultiplyAddAdjacent(four, row);
                        q2 += Avx512BW.MultiplyAddAdjacent(other, row);
                        row = Broadcast(bytes + 12);
                        p3 += Avx512BW.MultiplyAddAdjacent(four, row);
                        q3 += Avx512BW.MultiplyAddAdjacent(other, row);
                        row = Broadcast(bytes + 16);
                        p4 += Avx512BW.MultiplyAddAdjacent(four, row);
                        q4 += Avx512BW.MultiplyAddAdjacent(other, row);
                        row = Broadcast(bytes + 20);
                        p5 += Avx512BW.MultiplyAddAdjacent(four, row);
                        q5 += Avx512BW.MultiplyAddAdjacent(other, row);
                    }

                    s0 += Avx512BW.MultiplyAddAdjacent(p0, ones);
                    s1 += Avx512BW.MultiplyAddAdjacent(p1, ones);
                    s2 += Avx512BW.MultiplyAddAdjacent(p2, ones);
                    s3 += Avx512BW.MultiplyAddAdjacent(p3, ones);
                    s4 += Avx512BW.MultiplyAddAdjacent(p4, ones);
                    s5 += Avx512BW.MultiplyAddAdjacent(p5, ones);
                    t0 += Avx512BW.MultiplyAddAdjacent(q0, ones);
                    t1 += Avx512BW.MultiplyAddAdjacent(q1, ones);
                    t2 += Avx512BW.MultiplyAddAdjacent(q2, ones);
                    t3 += Avx512BW.MultiplyAddAdjacent(q3, ones);
                    t4 += Avx512BW.MultiplyAddAdjacent(q4, ones);
                    t5 += Avx512BW.MultiplyAddAdjacent(q5, ones);
                }

                int at = group * PanelChunk.Outputs;
                if (minimums)
                {
                    Add(s0, s1, s2, s3, s4, s5, Vector512.Load(a.Scales + at), factors, Vector512.Load(a.Minimums + at), sums, y);
                    Add(t0, t1, t2, t3, t4, t5, Vector512.Load(b.Scales + at), factors, Vector512.Load(b.Minimums + at), sums, z);
                }
                else
                {
                    Add(s0, s1, s2, s3, s4, s5, Vector512.Load(a.Scales + at), factors, y);
                    Add(t0, t1, t2, t3, t4, t5, Vector512.Load(b.Scales + at), factors, z);
                }

                starts += 6;
                sums += 6;
                // Two groups of 16 share the factor of 32.
                factors += (group & halves) == halves ? 6 : 0;
            }

            soon = (byte*)bytes + tileBytes;
            stride = 24;
            later = soon;
            laterStride = 0;
        }
    }

    /// <summary>Adds one chunk of codes of 8 bits to tiles of 6 rows that lie one after another.</summary>
    /// <remarks>
    /// A code is two of 4 bits, whose sums stay within 16 bits for all steps of a group, and <c>Σ code · x = Σ low · x + 16 Σ
    /// high · x</c>. So the tile is that of two panels, where the second is the upper halves of the codes.
    /// </remarks>
    /// <param name="tiles">How many.</param>
    /// <param name="groups">Number of groups in the chunk.</param>
    /// <param name="halves">1 if groups have 16 inputs, 0 if 32.</param>
    /// <param name="w">The panel.</param>
    /// <param name="planes">Its codes, by <see cref="Split"/>.</param>
    /// <param name="x">The rows of the first tile.</param>
    /// <param name="y">Running results <c>[tiles][6][16]</c>.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void AddSixesOfBytes(
        int tiles, int groups, int halves, in PanelChunk w, byte* planes, in TileRows x, float* y)
    {
        byte* soon = (byte*)w.Ahead.From;
        nint stride = w.Ahead.Stride;
        sbyte* bytes = x.Codes;
        bool minimums = w.Minimums != null;
        float* sums = minimums ? x.Sums : x.Scales, factors = x.Scales;
        int* starts = x.Starts;
        Vector512<short> ones = Vector512.Create((short)1), sixteens = Vector512.Create((short)16);
        for (int tile = 0; tile < tiles; tile++, y += 6 * 16)
        {
            byte* codes = planes;
            for (int group = 0; group < groups; group++)
            {
                Vector512<short> p0 = default, p1 = default, p2 = default, p3 = default, p4 = default, p5 = default;
                Vector512<short> q0 = default, q1 = default, q2 = default, q3 = default, q4 = default, q5 = default;
                for (int step = 8 >> halves; step > 0; step--, codes += 2 * StepBytes, bytes += 24, soon += stride)
                {
                    Sse.Prefetch0(soon);
                    Vector512<byte> low = Vector512.Load(codes), high = Vector512.Load(codes + StepBytes);
                    Vector512<sbyte> row;
                    row = Broadcast(bytes);
                    p0 += Avx512BW.MultiplyAddAdjacent(low, row);
                    q0 += Avx512BW.MultiplyAddAdjacent(high, row);
                    row = Broadcast(bytes + 4);
                    p1 += Avx512BW.MultiplyAddAdjacent(low, row);
                    q1 += Avx512BW.MultiplyAddAdjacent(high, row);
                    row = Broadcast(bytes + 8);
                    p2 += Avx512BW.MultiplyAddAdjacent(low, row);
                    q2 += Avx512BW.MultiplyAddAdjacent(high, row);
                    row = Broadcast(bytes + 12);
                    p3 += Avx512BW.MultiplyAddAdjacent(low, row);
                    q3 += Avx512BW.MultiplyAddAdjacent(high, row);
                    row = Broadcast(bytes + 16);
                    p4 += Avx512BW.MultiplyAddAdjacent(low, row);
                    q4 += Avx512BW.MultiplyAddAdjacent(high, row);
                    row = Broadcast(bytes + 20);
                    p5 += Avx512BW.MultiplyAddAdjacent(low, row);
                    q5 += Avx512BW.MultiplyAddAdjacent(high, row);
                }

                Vector512<int> s0 = Joined(p0, q0, ones, sixteens, starts[0]), s1 = Joined(p1, q1, ones, sixteens, starts[1]),
                    s2 = Joined(p2, q2, ones, sixteens, starts[2]), s3 = Joined(p3, q3, ones, sixteens, starts[3]),
                    s4 = Joined(p4, q4, ones, sixteens, starts[4]), s5 = Joined(p5, q5, ones, sixteens, starts[5]);
                int at = group * PanelChunk.Outputs;
                Vector512<float> scales = Vector512.Load(w.Scales + at);
                if (minimums)
                    Add(s0, s1, s2, s3, s4, s5, scales, factors, Vector512.Load(w.Minimums + at), sums, y);
                else
                    Add(s0, s1, s2, s3, s4, s5, scales, factors, y);
                starts += 6;
                sums += 6;
                // Two groups of 16 share the factor of 32.
                factors += (group & halves) == halves ? 6 : 0;
            }

            soon = (byte*)bytes;
            stride = 0;
        }
    }

    /// <summary>Codes of 8 bits as two of 4: for every 4 inputs the lower halves, then the upper ones.</summary>
    public static void Split(byte* codes, int steps, byte* planes)
    {
        Vector512<byte> mask = Vector512.Create((byte)15);
        for (; steps > 0; steps--, codes += StepBytes, planes += 2 * StepBytes)
        {
            Vector512<byte> both = Vector512.Load(codes);
            (both & mask).Store(planes);
            (Vector512.ShiftRightLogical(both.AsUInt16(), 4).AsByte() & mask).Store(planes + StepBytes);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Joined(
        Vector512<short> low, Vector512<short> high, Vector512<short> ones, Vector512<short> sixteens, int start) =>
        Avx512BW.MultiplyAddAdjacent(low, ones) + Avx512BW.MultiplyAddAdjacent(high, sixteens) + Vector512.Create(start);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<sbyte> Broadcast(sbyte* x) => Vector512.Create(*(int*)x).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(
        Vector512<int> s0, Vector512<int> s1, Vector512<int> s2, Vector512<int> s3, Vector512<int> s4, Vector512<int> s5,
        Vector512<float> scales, float* factors, float* y)
    {
        Scaled(s0, scales, factors[0], y).Store(y);
        Scaled(s1, scales, factors[1], y + 16).Store(y + 16);
        Scaled(s2, scales, factors[2], y + 32).Store(y + 32);
        Scaled(s3, scales, factors[3], y + 48).Store(y + 48);
        Scaled(s4, scales, factors[4], y + 64).Store(y + 64);
        Scaled(s5, scales, factors[5], y + 80).Store(y + 80);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(
        Vector512<int> s0, Vector512<int> s1, Vector512<int> s2, Vector512<int> s3, Vector512<int> s4, Vector512<int> s5,
        Vector512<float> scales, float* factors, Vector512<float> minimums, float* sums, float* y)
    {
        Vector512.FusedMultiplyAdd(minimums, Vector512.Create(sums[0]), Scaled(s0, scales, factors[0], y)).Store(y);
        Vector512.FusedMultiplyAdd(minimums, Vector512.Create(sums[1]), Scaled(s1, scales, factors[1], y + 16)).Store(y + 16);
        Vector512.FusedMultiplyAdd(minimums, Vector512.Create(sums[2]), Scaled(s2, scales, factors[2], y + 32)).Store(y + 32);
        Vector512.FusedMultiplyAdd(minimums, Vector512.Create(sums[3]), Scaled(s3, scales, factors[3], y + 48)).Store(y + 48);
        Vector512.FusedMultiplyAdd(minimums, Vector512.Create(sums[4]), Scaled(s4, scales, factors[4], y + 64)).Store(y + 64);
        Vector512.FusedMultiplyAdd(minimums, Vector512.Create(sums[5]), Scaled(s5, scales, factors[5], y + 80)).Store(y + 80);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Scaled(Vector512<int> sums, Vector512<float> scales, float factor, float* y) =>
        Vector512.FusedMultiplyAdd(scales * Vector512.Create(factor), Vector512.ConvertToSingle(sums), Vector512.Load(y));
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <summary>
/// The micro-kernel of quantised products: <c>y[r, o] += Σ_groups S[o] · d[r] · Σ_group code[o] · x[r] + M[o] · d[r] Σ_group
/// x[r]</c> for a tile of 1, 2, 4 or 6 rows and 16 outputs, one output a lane. The inner sums are integers and exact; groups are
/// added in order, fused. So neither the tile nor the instructions show in the bits.
/// </summary>
/// <remarks>Six rows are what fits into the 16 registers of AVX-VNNI: 12 sums, 2 codes, 1 operand.</remarks>
internal static unsafe class DotTile<T>
    where T : struct, IDotLanes<T>
{
    /// <summary>Bytes of the codes of 32 inputs.</summary>
    private const int GroupBytes = 8 * 64;

    /// <summary>Adds one chunk to a tile of fewer than 6 rows.</summary>
    /// <param name="tileRows">1, 2 or 4.</param>
    /// <param name="groups32">Number of 32 inputs in the chunk.</param>
    /// <param name="halves">1 if groups have 16 inputs, 0 if 32.</param>
    /// <param name="w">The weights.</param>
    /// <param name="x">The rows.</param>
    /// <param name="ahead">What is needed next.</param>
    /// <param name="y">Running results <c>[tileRows][16]</c>.</param>
    public static void Add(int tileRows, int groups32, int halves, in PanelChunk w, in TileRows x, Ahead ahead, float* y)
    {
        switch (tileRows)
        {
            case 4: Add4(groups32 << halves, halves, w, x, ahead, y); break;
            case 2: Add2(groups32 << halves, halves, w, x, ahead, y); break;
            default: Add1(groups32 << halves, halves, w, x, ahead, y); break;
        }
    }

    /// <summary>Adds one chunk to tiles of 6 rows that lie one after another.</summary>
    /// <param name="tiles">How many.</param>
    /// <param name="groups">Number of groups in the chunk.</param>
    /// <param name="halves">1 if groups have 16 inputs, 0 if 32.</param>
    /// <param name="w">The weights.</param>
    /// <param name="x">The rows of the first tile.</param>
    /// <param name="ahead">
    /// What is needed next. While the first tile asks for weights, the others ask for the tile after them.
    /// </param>
    /// <param name="y">Running results <c>[tiles][6][16]</c>.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void AddSixes(int tiles, int groups, int halves, in PanelChunk w, in TileRows x, Ahead ahead, float* y)
    {
        byte* soon = (byte*)ahead.From;
        sbyte* bytes = x.Codes;
        float* sums = SumsOf(w, x), factors = x.Scales;
        int* starts = x.Starts;
        nint stride = ahead.Stride;
        nint tileBytes = groups * ((GroupBytes >> halves) / 64 * 24);
        for (int tile = 0; tile < tiles; tile++, y += 6 * 16)
        {
            byte* codes = w.Codes;
            float* scales = w.Scales, minimums = w.Minimums;
            for (int group = 0; group < groups; group++)
            {
                T s0 = T.Start(starts[0]), s1 = T.Start(starts[1]), s2 = T.Start(starts[2]);
                T s3 = T.Start(starts[3]), s4 = T.Start(starts[4]), s5 = T.Start(starts[5]);
                for (byte* end = codes + (GroupBytes >> halves); codes < end; codes += 64, bytes += 24, soon += stride)
                {
                    Prefetch(soon);
                    T four = T.Load(codes);
                    s0 = T.MultiplyAdd(s0, four, bytes);
                    s1 = T.MultiplyAdd(s1, four, bytes + 4);
                    s2 = T.MultiplyAdd(s2, four, bytes + 8);
                    s3 = T.MultiplyAdd(s3, four, bytes + 12);
                    s4 = T.MultiplyAdd(s4, four, bytes + 16);
                    s5 = T.MultiplyAdd(s5, four, bytes + 20);
                }

                T.AddScaled(s0, scales, factors[0], minimums, sums[0], y);
                T.AddScaled(s1, scales, factors[1], minimums, sums[1], y + 16);
                T.AddScaled(s2, scales, factors[2], minimums, sums[2], y + 32);
                T.AddScaled(s3, scales, factors[3], minimums, sums[3], y + 48);
                T.AddScaled(s4, scales, factors[4], minimums, sums[4], y + 64);
                T.AddScaled(s5, scales, factors[5], minimums, sums[5], y + 80);
                scales += 16;
                starts += 6;
                sums += 6;
                minimums = minimums == null ? null : minimums + 16;
                // Two groups of 16 share the factor of 32.
                factors += (group & halves) == halves ? 6 : 0;
            }

            soon = (byte*)bytes + tileBytes;
            stride = 24;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Add4(int groups, int halves, in PanelChunk w, in TileRows x, Ahead ahead, float* y)
    {
        byte* codes = w.Codes, soon = (byte*)ahead.From;
        sbyte* bytes = x.Codes;
        float* scales = w.Scales, minimums = w.Minimums, sums = SumsOf(w, x);
        int* starts = x.Starts;
        nint stride = ahead.Stride;
        for (int group = 0; group < groups; group++)
        {
            T s0 = T.Start(starts[0]), s1 = T.Start(starts[1]), s2 = T.Start(starts[2]), s3 = T.Start(starts[3]);
            for (byte* end = codes + (GroupBytes >> halves); codes < end; codes += 64, bytes += 16, soon += stride)
            {
                Prefetch(soon);
                T four = T.Load(codes);
                s0 = T.MultiplyAdd(s0, four, bytes);
                s1 = T.MultiplyAdd(s1, four, bytes + 4);
                s2 = T.MultiplyAdd(s2, four, bytes + 8);
                s3 = T.MultiplyAdd(s3, four, bytes + 12);
            }

            float* factors = x.Scales + (group >> halves) * 4;
            T.AddScaled(s0, scales, factors[0], minimums, sums[0], y);
            T.AddScaled(s1, scales, factors[1], minimums, sums[1], y + 16);
            T.AddScaled(s2, scales, factors[2], minimums, sums[2], y + 32);
            T.AddScaled(s3, scales, factors[3], minimums, sums[3], y + 48);
            scales += 16;
            starts += 4;
            sums += 4;
            minimums = minimums == null ? null : minimums + 16;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Add2(int groups, int halves, in PanelChunk w, in TileRows x, Ahead ahead, float* y)
    {
        byte* codes = w.Codes, soon = (byte*)ahead.From;
        sbyte* bytes = x.Codes;
        float* scales = w.Scales, minimums = w.Minimums, sums = SumsOf(w, x);
        int* starts = x.Starts;
        nint stride = ahead.Stride;
        for (int group = 0; group < groups; group++)
        {
            T s0 = T.Start(starts[0]), s1 = T.Start(starts[1]);
            for (byte* end = codes + (GroupBytes >> halves); codes < end; codes += 64, bytes += 8, soon += stride)
            {
                Prefetch(soon);
                T four = T.Load(codes);
                s0 = T.MultiplyAdd(s0, four, bytes);
                s1 = T.MultiplyAdd(s1, four, bytes + 4);
            }

            float* factors = x.Scales + (group >> halves) * 2;
            T.AddScaled(s0, scales, factors[0], minimums, sums[0], y);
            T.AddScaled(s1, scales, factors[1], minimums, sums[1], y + 16);
            scales += 16;
            starts += 2;
            sums += 2;
            minimums = minimums == null ? null : minimums + 16;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Add1(int groups, int halves, in PanelChunk w, in TileRows x, Ahead ahead, float* y)
    {
        byte* codes = w.Codes, soon = (byte*)ahead.From;
        sbyte* bytes = x.Codes;
        float* scales = w.Scales, minimums = w.Minimums, sums = SumsOf(w, x);
        int* starts = x.Starts;
        nint stride = ahead.Stride;
        for (int group = 0; group < groups; group++)
        {
            T s0 = T.Start(starts[0]);
            for (byte* end = codes + (GroupBytes >> halves); codes < end; codes += 256, bytes += 16, soon += 4 * stride)
            {
                s0 = Step(s0, codes, bytes, soon);
                s0 = Step(s0, codes + 64, bytes + 4, soon + stride);
                s0 = Step(s0, codes + 128, bytes + 8, soon + 2 * stride);
                s0 = Step(s0, codes + 192, bytes + 12, soon + 3 * stride);
            }

            T.AddScaled(s0, scales, x.Scales[group >> halves], minimums, sums[0], y);
            scales += 16;
            starts++;
            sums++;
            minimums = minimums == null ? null : minimums + 16;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Step(T sums, byte* codes, sbyte* bytes, byte* soon)
    {
        Prefetch(soon);
        return T.MultiplyAdd(sums, T.Load(codes), bytes);
    }

    /// <summary>The sums that go with minimums; without minimums, memory of the same size that is read and not used.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* SumsOf(in PanelChunk w, in TileRows x) => w.Minimums == null ? (float*)x.Starts : x.Sums;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(address);
    }
}

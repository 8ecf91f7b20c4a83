using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>
/// The micro-kernel of quantised products: <c>y[r, o] += Σ_groups S[o] · d[r] · Σ_group code[o] · x[r] + M[o] · d[r] Σ_group x[r]</c> for a
/// tile of 1, 2, 4 or 6 rows and 16 outputs, one output a lane. The inner sums are integers and exact; groups are added in order, fused.
/// So neither the tile nor the instructions show in the bits.
/// </summary>
/// <remarks>Six rows are what fits into the 16 registers of AVX-VNNI: 12 sums, 2 codes, 1 operand.</remarks>
internal static unsafe class DotTile<T>
    where T : struct, IDotLanes<T>
{
    /// <summary>Adds one chunk to a tile.</summary>
    /// <param name="tileRows">1, 2, 4 or 6.</param>
    /// <param name="groups32">Number of 32 inputs in the chunk.</param>
    /// <param name="halves">2 if groups have 16 inputs, 1 if 32.</param>
    /// <param name="w">The weights.</param>
    /// <param name="x">The rows.</param>
    /// <param name="y">Running results <c>[tileRows][16]</c>.</param>
    public static void Add(int tileRows, int groups32, int halves, in PanelChunk w, in TileRows x, float* y)
    {
        switch (tileRows)
        {
            case 6: Add6(groups32, halves, w, x, y); break;
            case 4: Add4(groups32, halves, w, x, y); break;
            case 2: Add2(groups32, halves, w, x, y); break;
            default: Add1(groups32, halves, w, x, y); break;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Add6(int groups32, int halves, PanelChunk w, TileRows x, float* y)
    {
        byte* codes = w.Codes;
        sbyte* bytes = x.Codes;
        int* starts = x.Starts;
        int steps = 8 / halves;
        for (int group = 0; group < groups32 * halves; group++, starts += 6)
        {
            T s0 = T.Start(starts[0]), s1 = T.Start(starts[1]), s2 = T.Start(starts[2]);
            T s3 = T.Start(starts[3]), s4 = T.Start(starts[4]), s5 = T.Start(starts[5]);
            for (int step = 0; step < steps; step++, codes += 64, bytes += 24)
            {
                T four = T.Load(codes);
                s0 = T.MultiplyAdd(s0, four, bytes);
                s1 = T.MultiplyAdd(s1, four, bytes + 4);
                s2 = T.MultiplyAdd(s2, four, bytes + 8);
                s3 = T.MultiplyAdd(s3, four, bytes + 12);
                s4 = T.MultiplyAdd(s4, four, bytes + 16);
                s5 = T.MultiplyAdd(s5, four, bytes + 20);
            }

            float* scales = w.Scales + group * 16;
            float* factors = x.Scales + group / halves * 6;
            T.AddScaled(s0, scales, factors[0], y);
            T.AddScaled(s1, scales, factors[1], y + 16);
            T.AddScaled(s2, scales, factors[2], y + 32);
            T.AddScaled(s3, scales, factors[3], y + 48);
            T.AddScaled(s4, scales, factors[4], y + 64);
            T.AddScaled(s5, scales, factors[5], y + 80);
            AddMinimums(6, group, w, x, y);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Add4(int groups32, int halves, PanelChunk w, TileRows x, float* y)
    {
        byte* codes = w.Codes;
        sbyte* bytes = x.Codes;
        int* starts = x.Starts;
        int steps = 8 / halves;
        for (int group = 0; group < groups32 * halves; group++, starts += 4)
        {
            T s0 = T.Start(starts[0]), s1 = T.Start(starts[1]), s2 = T.Start(starts[2]), s3 = T.Start(starts[3]);
            for (int step = 0; step < steps; step++, codes += 64, bytes += 16)
            {
                T four = T.Load(codes);
                s0 = T.MultiplyAdd(s0, four, bytes);
                s1 = T.MultiplyAdd(s1, four, bytes + 4);
                s2 = T.MultiplyAdd(s2, four, bytes + 8);
                s3 = T.MultiplyAdd(s3, four, bytes + 12);
            }

            float* scales = w.Scales + group * 16;
            float* factors = x.Scales + group / halves * 4;
            T.AddScaled(s0, scales, factors[0], y);
            T.AddScaled(s1, scales, factors[1], y + 16);
            T.AddScaled(s2, scales, factors[2], y + 32);
            T.AddScaled(s3, scales, factors[3], y + 48);
            AddMinimums(4, group, w, x, y);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Add2(int groups32, int halves, PanelChunk w, TileRows x, float* y)
    {
        byte* codes = w.Codes;
        sbyte* bytes = x.Codes;
        int* starts = x.Starts;
        int steps = 8 / halves;
        for (int group = 0; group < groups32 * halves; group++, starts += 2)
        {
            T s0 = T.Start(starts[0]), s1 = T.Start(starts[1]);
            for (int step = 0; step < steps; step++, codes += 64, bytes += 8)
            {
                T four = T.Load(codes);
                s0 = T.MultiplyAdd(s0, four, bytes);
                s1 = T.MultiplyAdd(s1, four, bytes + 4);
            }

            float* scales = w.Scales + group * 16;
            float* factors = x.Scales + group / halves * 2;
            T.AddScaled(s0, scales, factors[0], y);
            T.AddScaled(s1, scales, factors[1], y + 16);
            AddMinimums(2, group, w, x, y);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Add1(int groups32, int halves, PanelChunk w, TileRows x, float* y)
    {
        byte* codes = w.Codes;
        sbyte* bytes = x.Codes;
        int* starts = x.Starts;
        int steps = 8 / halves;
        for (int group = 0; group < groups32 * halves; group++)
        {
            T sums = T.Start(starts[group]);
            for (int step = 0; step < steps; step++, codes += 64, bytes += 4)
                sums = T.MultiplyAdd(sums, T.Load(codes), bytes);
            T.AddScaled(sums, w.Scales + group * 16, x.Scales[group / halves], y);
            AddMinimums(1, group, w, x, y);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddMinimums(int tileRows, int group, in PanelChunk w, in TileRows x, float* y)
    {
        if (w.Minimums == null)
            return;
        for (int row = 0; row < tileRows; row++)
            T.AddMinimums(w.Minimums + group * 16, x.Sums[group * tileRows + row], y + row * 16);
    }
}

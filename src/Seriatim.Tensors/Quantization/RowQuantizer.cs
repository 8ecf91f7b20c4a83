using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <summary>
/// Quantises 256 inputs of the rows of a tile, as <see cref="QuantizedRows"/> describes it. Both ways give the same bits.
/// </summary>
internal static unsafe class RowQuantizer
{
    private const int Inputs = PanelChunk.Inputs;
    private const int Blocks = Inputs / 32;
    private const int MaxRows = QuantizedRows.MaxTileRows;

    /// <summary>The two codes of the largest magnitude that are tried.</summary>
    private const float First = QuantizedRows.MaxCode;
    private const float Second = QuantizedRows.MaxCode - 1;

    /// <summary>Squared unit of the second over that of the first.</summary>
    private const float UnitRatio = First * First / (Second * Second);

    /// <summary>A block of values that are not larger counts as zeros.</summary>
    private const float Smallest = 1e-36f;

    /// <summary>Where each of the 48 words of a block of 6 rows comes from: rows 0 to 3.</summary>
    private static readonly Vector512<int>[] FourRows =
        [.. Enumerable.Range(0, 3).Select(part => Words(part, (row, step, _) => row < 4 ? row * 8 + step : 0))];

    /// <summary>The same: rows 4 and 5, the others stay.</summary>
    private static readonly Vector512<int>[] TwoRows =
        [.. Enumerable.Range(0, 3).Select(part => Words(part, (row, step, i) => row < 4 ? i : 16 + (row - 4) * 8 + step))];

    /// <summary>Quantises a tile.</summary>
    /// <param name="x">Where each row begins; null for a row that does not exist and gets zeros.</param>
    /// <param name="rows">Rows of the tile: 1, 2, 4 or 6.</param>
    /// <param name="blocks">Number of 32 inputs, at most 8.</param>
    /// <param name="codes">Codes <c>[inputs / 4][rows][4]</c>.</param>
    /// <param name="scales">d of each block <c>[blocks][rows]</c>.</param>
    /// <param name="sums16">Sums of 16 codes <c>[2 blocks][rows]</c>.</param>
    /// <param name="sums32">Sums of 32 codes <c>[blocks][rows]</c>.</param>
    public static void Tile(float** x, int rows, int blocks, sbyte* codes, float* scales, int* sums16, int* sums32)
    {
        sbyte* rowCodes = stackalloc sbyte[MaxRows * Inputs];
        float* rowScales = stackalloc float[Blocks];
        int* rowSums = stackalloc int[2 * Blocks];
        // A whole number of four blocks of one row is written where it belongs.
        if (rows == 1 && blocks % 4 == 0)
            rowCodes = codes;
        for (int row = 0; row < rows; row++)
        {
            Row(x[row], blocks, rowCodes + row * Inputs, rowScales, rowSums);
            for (int block = 0; block < blocks; block++)
            {
                int low = rowSums[2 * block], high = rowSums[2 * block + 1];
                scales[block * rows + row] = rowScales[block];
                sums16[2 * block * rows + row] = low;
                sums16[(2 * block + 1) * rows + row] = high;
                sums32[block * rows + row] = low + high;
            }
        }

        if (rowCodes == codes)
            return;
        if (rows == 1)
            new ReadOnlySpan<sbyte>(rowCodes, blocks * 32).CopyTo(new Span<sbyte>(codes, blocks * 32));
        else if (rows == MaxRows && Avx512F.IsSupported)
            InterleaveSix(rowCodes, blocks, codes);
        else
            Interleave(rowCodes, rows, blocks, codes);
    }

    private static void Row(float* x, int blocks, sbyte* codes, float* scales, int* sums)
    {
        if (x == null)
        {
            new Span<sbyte>(codes, Inputs).Clear();
            new Span<float>(scales, Blocks).Clear();
            new Span<int>(sums, 2 * Blocks).Clear();
        }
        else if (Avx512BW.IsSupported)
        {
            Row512(x, blocks, codes, scales, sums);
        }
        else
        {
            for (int block = 0; block < blocks; block++)
                scales[block] = Block(x + block * 32, codes + block * 32, sums + 2 * block);
        }
    }

    private static void Interleave(sbyte* from, int rows, int blocks, sbyte* to)
    {
        int* words = (int*)to;
        for (int row = 0; row < rows; row++)
        {
            int* own = (int*)(from + row * Inputs);
            for (int i = 0; i < blocks * 8; i++)
                words[i * rows + row] = own[i];
        }
    }

    private static void InterleaveSix(sbyte* from, int blocks, sbyte* to)
    {
        Vector512<int> a0 = FourRows[0], a1 = FourRows[1], a2 = FourRows[2], b0 = TwoRows[0], b1 = TwoRows[1], b2 = TwoRows[2];
        for (int block = 0; block < blocks; block++, from += 32, to += 6 * 32)
        {
            Vector512<int> first = TwoOf(from), second = TwoOf(from + 2 * Inputs), third = TwoOf(from + 4 * Inputs);
            Avx512F.PermuteVar16x32x2(Avx512F.PermuteVar16x32x2(first, a0, second), b0, third).Store((int*)to);
            Avx512F.PermuteVar16x32x2(Avx512F.PermuteVar16x32x2(first, a1, second), b1, third).Store((int*)(to + 64));
            Avx512F.PermuteVar16x32x2(Avx512F.PermuteVar16x32x2(first, a2, second), b2, third).Store((int*)(to + 128));
        }
    }

    /// <summary>The same 32 codes of two rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> TwoOf(sbyte* row) =>
        Vector256.Load((int*)row).ToVector512Unsafe().WithUpper(Vector256.Load((int*)(row + Inputs)));

    private static Vector512<int> Words(int part, Func<int, int, int, int> index) =>
        Vector512.Create([.. Enumerable.Range(0, 16).Select(i => index((part * 16 + i) % 6, (part * 16 + i) / 6, i))]);

    /// <summary>
    /// A row, four blocks at a time; what is missing of the last four repeats a block and is written behind the results.
    /// </summary>
    private static void Row512(float* x, int blocks, sbyte* codes, float* scales, int* sums)
    {
        for (int first = 0; first < blocks; first += 4, x += 4 * 32, codes += 4 * 32, scales += 4, sums += 8)
        {
            int last = blocks - first - 1;
            float* x1 = x + 32 * Math.Min(1, last), x2 = x + 32 * Math.Min(2, last), x3 = x + 32 * Math.Min(3, last);
            Vector128<float> most = Largest(Magnitudes(x), Magnitudes(x1), Magnitudes(x2), Magnitudes(x3));
            Vector128<float> isFinite = Vector128.LessThan(most, Vector128.Create(float.PositiveInfinity));
            Vector128<float> counts = Vector128.GreaterThan(most, Vector128.Create(Smallest)) & isFinite;
            Vector128<float> unit = most / Vector128.Create(First), second = most / Vector128.Create(Second);
            Vector128<float> inverse = Vector128.Create(First) / most & counts, finer = Vector128.Create(Second) / most & counts;
            Fits(x, x1, x2, x3, inverse, out Vector128<float> dot, out Vector128<float> squares);
            Fits(x, x1, x2, x3, finer, out Vector128<float> otherDot, out Vector128<float> otherSquares);
            Vector128<float> factor = dot / squares, otherFactor = otherDot / otherSquares;
            Vector128<float> better = Vector128.GreaterThan(otherDot * otherFactor * Vector128.Create(UnitRatio), dot * factor);
            Vector128<float> fitted = Vector128.ConditionalSelect(better, otherFactor * second, factor * unit);
            Vector128.ConditionalSelect(counts, fitted, unit & ~isFinite).Store(scales);
            inverse = Vector128.ConditionalSelect(better, finer, inverse);
            Vector256<sbyte> c0 = Codes(x, inverse[0]), c1 = Codes(x1, inverse[1]), c2 = Codes(x2, inverse[2]),
                c3 = Codes(x3, inverse[3]);
            c0.Store(codes);
            c1.Store(codes + 32);
            c2.Store(codes + 64);
            c3.Store(codes + 96);
            Vector256<int> all = Avx2.HorizontalAdd(Avx2.HorizontalAdd(Fours(c0), Fours(c1)),
                Avx2.HorizontalAdd(Fours(c2), Fours(c3)));
            // The lower half has the first 16 of each block, the upper one the last.
            Sse2.UnpackLow(all.GetLower(), all.GetUpper()).Store(sums);
            Sse2.UnpackHigh(all.GetLower(), all.GetUpper()).Store(sums + 4);
        }
    }

    /// <summary>
    /// For each of four blocks, with y = x · inverse and q its codes: <c>Σ y q</c> and <c>Σ q²</c>. The best d for the codes is
    /// the first over the second, in units of 1 / inverse, and it leaves the error <c>Σ y² - (Σ y q)² / Σ q²</c>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fits(
        float* x, float* x1, float* x2, float* x3, Vector128<float> inverse, out Vector128<float> dot,
        out Vector128<float> squares)
    {
        Fit(x, inverse[0], out Vector256<float> dot0, out Vector256<float> squares0);
        Fit(x1, inverse[1], out Vector256<float> dot1, out Vector256<float> squares1);
        Fit(x2, inverse[2], out Vector256<float> dot2, out Vector256<float> squares2);
        Fit(x3, inverse[3], out Vector256<float> dot3, out Vector256<float> squares3);
        dot = Sums(dot0, dot1, dot2, dot3);
        squares = Sums(squares0, squares1, squares2, squares3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fit(float* x, float inverse, out Vector256<float> dot, out Vector256<float> squares)
    {
        Vector512<float> factor = Vector512.Create(inverse);
        Vector512<float> low = Vector512.Load(x) * factor, high = Vector512.Load(x + 16) * factor;
        Vector512<float> lowCodes = Vector512.Round(low), highCodes = Vector512.Round(high);
        Vector512<float> products = Vector512.FusedMultiplyAdd(high, highCodes, low * lowCodes);
        Vector512<float> codes = Vector512.FusedMultiplyAdd(highCodes, highCodes, lowCodes * lowCodes);
        dot = products.GetLower() + products.GetUpper();
        squares = codes.GetLower() + codes.GetUpper();
    }

    /// <summary>The sums of four vectors: <c>((v0 + v2) + (v1 + v3)) + ((v4 + v6) + (v5 + v7))</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Sums(Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d)
    {
        Vector256<double> ab = (Avx.UnpackLow(a, b) + Avx.UnpackHigh(a, b)).AsDouble();
        Vector256<double> cd = (Avx.UnpackLow(c, d) + Avx.UnpackHigh(c, d)).AsDouble();
        Vector256<float> all = Avx.UnpackLow(ab, cd).AsSingle() + Avx.UnpackHigh(ab, cd).AsSingle();
        return all.GetLower() + all.GetUpper();
    }

    /// <summary>
    /// Rounded to even; what is not finite becomes 0, because the last byte of the number that stands for it is.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<sbyte> Codes(float* x, float inverse)
    {
        Vector512<float> factor = Vector512.Create(inverse);
        Vector128<sbyte> low = Avx512F.ConvertToVector128SByte(Avx512F.ConvertToVector512Int32(Vector512.Load(x) * factor));
        return low.ToVector256Unsafe()
            .WithUpper(Avx512F.ConvertToVector128SByte(Avx512F.ConvertToVector512Int32(Vector512.Load(x + 16) * factor)));
    }

    /// <summary>
    /// The larger magnitudes of 32 values. As integers, magnitudes have the order of their values, and NaN is the largest.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Magnitudes(float* x)
    {
        Vector512<int> mask = Vector512.Create(int.MaxValue);
        Vector512<int> most = Vector512.Max(Vector512.Load(x).AsInt32() & mask, Vector512.Load(x + 16).AsInt32() & mask);
        return Vector256.Max(most.GetLower(), most.GetUpper());
    }

    /// <summary>The largest of each of four vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Largest(Vector256<int> a, Vector256<int> b, Vector256<int> c, Vector256<int> d)
    {
        Vector256<long> ab = Vector256.Max(Avx2.UnpackLow(a, b), Avx2.UnpackHigh(a, b)).AsInt64();
        Vector256<long> cd = Vector256.Max(Avx2.UnpackLow(c, d), Avx2.UnpackHigh(c, d)).AsInt64();
        Vector256<int> all = Vector256.Max(Avx2.UnpackLow(ab, cd).AsInt32(), Avx2.UnpackHigh(ab, cd).AsInt32());
        return Vector128.Max(all.GetLower(), all.GetUpper()).AsSingle();
    }

    /// <summary>Sums of each 4 codes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Fours(Vector256<sbyte> codes) =>
        Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(Vector256.Create((byte)1), codes), Vector256.Create((short)1));

    /// <summary>32 values with the vectors of any machine; returns d.</summary>
    private static float Block(float* x, sbyte* codes, int* sums)
    {
        Vector256<float> a = Vector256.Load(x), b = Vector256.Load(x + 8), c = Vector256.Load(x + 16), d = Vector256.Load(x + 24);
        Vector256<int> eight = Vector256.Max(Vector256.Max(Bits(a), Bits(b)), Vector256.Max(Bits(c), Bits(d)));
        Vector128<int> four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        Vector128<int> two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        float most = BitConverter.Int32BitsToSingle(Math.Max(two[0], two[1]));
        if (!(most > Smallest && float.IsFinite(most)))
        {
            new Span<sbyte>(codes, 32).Clear();
            sums[0] = sums[1] = 0;
            return float.IsFinite(most) ? 0 : most / First;
        }

        float inverse = First / most, finer = Second / most;
        Fit(a, b, c, d, inverse, out float dot, out float squares);
        Fit(a, b, c, d, finer, out float otherDot, out float otherSquares);
        float factor = dot / squares, otherFactor = otherDot / otherSquares;
        bool better = otherDot * otherFactor * UnitRatio > dot * factor;
        if (better)
            inverse = finer;
        Vector256<int> ia = Round(a, inverse), ib = Round(b, inverse), ic = Round(c, inverse), id = Round(d, inverse);
        sums[0] = Vector256.Sum(ia + ib);
        sums[1] = Vector256.Sum(ic + id);
        Vector256.Narrow(Vector256.Narrow(ia, ib), Vector256.Narrow(ic, id)).Store(codes);
        return better ? otherFactor * (most / Second) : factor * (most / First);
    }

    /// <summary>What <see cref="Fits"/> computes, in the same order.</summary>
    private static void Fit(
        Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d, float inverse, out float dot,
        out float squares)
    {
        Vector256<float> factor = Vector256.Create(inverse);
        (a, b, c, d) = (a * factor, b * factor, c * factor, d * factor);
        Vector256<float> qa = Vector256.Round(a), qb = Vector256.Round(b), qc = Vector256.Round(c), qd = Vector256.Round(d);
        dot = Sum(Vector256.FusedMultiplyAdd(c, qc, a * qa) + Vector256.FusedMultiplyAdd(d, qd, b * qb));
        squares = Sum(Vector256.FusedMultiplyAdd(qc, qc, qa * qa) + Vector256.FusedMultiplyAdd(qd, qd, qb * qb));
    }

    private static float Sum(Vector256<float> v) => v[0] + v[2] + (v[1] + v[3]) + (v[4] + v[6] + (v[5] + v[7]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Bits(Vector256<float> x) => x.AsInt32() & Vector256.Create(int.MaxValue);

    /// <summary>Codes, at most 127 in magnitude, so that no machine's way to convert what does not fit matters.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Round(Vector256<float> x, float inverse) =>
        Vector256.ConvertToInt32Native(Vector256.Round(x * Vector256.Create(inverse)));
}

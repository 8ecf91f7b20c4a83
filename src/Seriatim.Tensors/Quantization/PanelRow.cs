using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <summary>
/// One row, or a few, against a packed panel, with AVX-512BW: codes go from their planes to the products in registers, where
/// <see cref="PanelLayout{TFormat}.Open"/> would write them to memory first. The order of all that is
/// rounded is that of <see cref="DotTile{T}"/>.
/// </summary>
/// <remarks>
/// Codes of up to 6 bits, and of tables that small, are multiplied as in <see cref="WordTile"/>: two steps of 4 inputs always fit
/// into 16 bits. Codes of 8 bits are taken by AVX-VNNI, or as two of 4 bits.
/// </remarks>
internal static unsafe class PanelRow<TFormat>
    where TFormat : struct, IBlockFormat
{
    private const int Lanes = PanelChunk.Outputs;
    private const int StepBytes = PanelLayout<TFormat>.StepBytes;

    /// <summary>
    /// How many rows the kernel is for, on this machine; 0 for none. From 24 on, <see cref="WordTile"/> is faster with what
    /// was opened in memory, except for 6 bits.
    /// </summary>
    public static int MaxRows =>
        !Avx512BW.IsSupported ? 0 : !Words ? 1 : TFormat.CodeBits == 6 ? int.MaxValue : 24;

    private static bool Words
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => BlockFacts.WordStepsOf<TFormat>() >= 2;
    }

    /// <summary>Adds a chunk.</summary>
    /// <param name="packed">The chunk.</param>
    /// <param name="groups32">Number of 32 inputs in it.</param>
    /// <param name="rows">Rows of all tiles, at most <see cref="MaxRows"/>.</param>
    /// <param name="x">The tiles.</param>
    /// <param name="ahead">How far ahead of the packed bytes memory is asked for.</param>
    /// <param name="y">Running results <c>[rows][16]</c>.</param>
    public static void Add(byte* packed, int groups32, int rows, in TileRows x, nint ahead, float* y)
    {
        if (rows == 1)
            AddOne(packed, groups32, x, ahead, y);
        else
            AddFew(packed, groups32, rows, x, ahead, y);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddOne(byte* packed, int groups32, in TileRows x, nint ahead, float* y)
    {
        Begin(packed, groups32, ahead, out int blocks, out byte* scales, out byte* integers, out byte* floors, out byte* codes);
        sbyte* bytes = x.Codes;
        float* factors = x.Scales, sums = x.Sums;
        int* starts = x.Starts;
        Vector512<float> sum = Vector512.Load(y);
        for (int block = 0; block < blocks; block++, scales += PanelLayout<TFormat>.ScaleStep)
        {
            Vector512<float> scale = TFormat.Scales(scales);
            Vector512<float> minimum = Minimums(scales, blocks);
            for (int part = 0; part < TFormat.Values / 32; part++, bytes += 32, factors++)
            {
                Multiply(codes, bytes, ahead, out Vector512<int> low, out Vector512<int> high);
                codes += PanelLayout<TFormat>.CodeBytes;
                if (TFormat.GroupValues == 32)
                {
                    sum = AddGroup(low + high, starts++, factors, sums++, Scaled(scale, integers), Minimum(minimum, floors), sum);
                    integers += Lanes;
                    floors += Lanes;
                }
                else
                {
                    sum = AddGroup(low, starts, factors, sums, Scaled(scale, integers), Minimum(minimum, floors), sum);
                    Vector512<float> nextScale = Scaled(scale, integers + Lanes), nextMinimum = Minimum(minimum, floors + Lanes);
                    sum = AddGroup(high, starts + 1, factors, sums + 1, nextScale, nextMinimum, sum);
                    starts += 2;
                    sums += 2;
                    integers += 2 * Lanes;
                    floors += 2 * Lanes;
                }
            }
        }

        sum.Store(y);
    }

    /// <summary>The codes of 32 inputs stay in registers while all rows meet them.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddFew(byte* packed, int groups32, int rows, in TileRows x, nint ahead, float* y)
    {
        Begin(packed, groups32, ahead, out int blocks, out byte* scales, out byte* integers, out byte* floors, out byte* codes);
        int group32 = 0;
        for (int block = 0; block < blocks; block++, scales += PanelLayout<TFormat>.ScaleStep)
        {
            Vector512<float> scale = TFormat.Scales(scales);
            Vector512<float> minimum = Minimums(scales, blocks);
            for (int part = 0; part < TFormat.Values / 32; part++, group32++, codes += PanelLayout<TFormat>.CodeBytes)
            {
                Prefetch(codes + ahead);
                Open(codes, out Vector512<byte> c0, out Vector512<byte> c1, out Vector512<byte> c2, out Vector512<byte> c3,
                    out Vector512<byte> c4, out Vector512<byte> c5, out Vector512<byte> c6, out Vector512<byte> c7);
                Vector512<float> lowScale = Scaled(scale, integers), lowMinimum = Minimum(minimum, floors);
                Vector512<float> highScale = default, highMinimum = default;
                integers += Lanes;
                floors += Lanes;
                if (TFormat.GroupValues == 16)
                {
                    (highScale, highMinimum) = (Scaled(scale, integers), Minimum(minimum, floors));
                    integers += Lanes;
                    floors += Lanes;
                }

                float* to = y;
                for (int first = 0; first < rows; first += QuantizedRows.MaxTileRows)
                {
                    int tileRows = Math.Min(QuantizedRows.MaxTileRows, rows - first);
                    nint stride = 4 * tileRows;
                    int at = first * groups32 + group32 * tileRows;
                    sbyte* bytes = x.Codes + at * 32;
                    float* factors = x.Scales + at;
                    int groups = TFormat.GroupValues == 32 ? at : first * 2 * groups32 + 2 * group32 * tileRows;
                    int* starts = x.Starts + groups;
                    float* sums = x.Sums + groups;
                    for (int row = 0; row < tileRows; row++, bytes += 4, to += Lanes, factors++, starts++, sums++)
                    {
                        Vector512<int> low = Half(c0, c1, c2, c3, bytes, stride),
                            high = Half(c4, c5, c6, c7, bytes + 4 * stride, stride);
                        Vector512<float> sum = Vector512.Load(to);
                        if (TFormat.GroupValues == 32)
                        {
                            sum = AddGroup(low + high, starts, factors, sums, lowScale, lowMinimum, sum);
                        }
                        else
                        {
                            sum = AddGroup(low, starts, factors, sums, lowScale, lowMinimum, sum);
                            sum = AddGroup(high, starts + tileRows, factors, sums + tileRows, highScale, highMinimum, sum);
                        }

                        sum.Store(to);
                    }
                }
            }
        }
    }

    /// <summary>Finds the parts of a chunk and asks for the header of the one that comes later.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Begin(
        byte* packed, int groups32, nint ahead,
        out int blocks, out byte* scales, out byte* integers, out byte* floors, out byte* codes)
    {
        blocks = groups32 * 32 / TFormat.Values;
        scales = packed;
        integers = packed + PanelLayout<TFormat>.GroupScalesAt(blocks);
        floors = integers + Lanes * PanelLayout<TFormat>.GroupsPerBlock * blocks;
        codes = packed + PanelLayout<TFormat>.HeaderBytes(groups32);
        for (byte* at = packed; at < codes; at += 64)
            Sse.Prefetch0(at + ahead);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Scaled(Vector512<float> scale, byte* integers) =>
        PanelLayout<TFormat>.Scaled(scale, integers);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Minimums(byte* scales, int blocks) =>
        TFormat.HasMinimums ? TFormat.Scales(scales + PanelLayout<TFormat>.ScaleStep * blocks) : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Minimum(Vector512<float> minimum, byte* integers) =>
        TFormat.HasMinimums && TFormat.HasGroupScales ? minimum * ScaleCodes.Unsigned(integers) : minimum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> AddGroup(
        Vector512<int> products, int* start, float* factor, float* total, Vector512<float> scale, Vector512<float> minimum,
        Vector512<float> sum)
    {
        sum = Vector512.FusedMultiplyAdd(scale * Vector512.Create(*factor),
            Vector512.ConvertToSingle(products + Vector512.Create(*start)), sum);
        return TFormat.HasMinimums ? Vector512.FusedMultiplyAdd(minimum, Vector512.Create(*total), sum) : sum;
    }

    /// <summary>Asks for the codes of 32 inputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* codes)
    {
        Sse.Prefetch0(codes);
        Sse.Prefetch0(codes + StepBytes);
        if (TFormat.CodeBits > 2)
            Sse.Prefetch0(codes + 2 * StepBytes);
        if (TFormat.CodeBits > 3)
            Sse.Prefetch0(codes + 3 * StepBytes);
        if (TFormat.CodeBits > 4)
            Sse.Prefetch0(codes + 4 * StepBytes);
        if (TFormat.CodeBits > 5)
            Sse.Prefetch0(codes + 5 * StepBytes);
        if (TFormat.CodeBits != 8)
            return;
        Sse.Prefetch0(codes + 6 * StepBytes);
        Sse.Prefetch0(codes + 7 * StepBytes);
    }

    /// <summary>Sums of products of the first and of the last 16 of 32 inputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply(byte* codes, sbyte* x, nint ahead, out Vector512<int> low, out Vector512<int> high)
    {
        Prefetch(codes + ahead);
        if (TFormat.CodeBits == 8)
        {
            low = Bytes(codes, x);
            high = Bytes(codes + 4 * StepBytes, x + 16);
        }
        else
        {
            Open(codes, out Vector512<byte> c0, out Vector512<byte> c1, out Vector512<byte> c2, out Vector512<byte> c3,
                out Vector512<byte> c4, out Vector512<byte> c5, out Vector512<byte> c6, out Vector512<byte> c7);
            low = Half(c0, c1, c2, c3, x, 4);
            high = Half(c4, c5, c6, c7, x + 16, 4);
        }
    }

    /// <summary>Codes of the eight steps of 32 inputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Open(
        byte* codes, out Vector512<byte> c0, out Vector512<byte> c1, out Vector512<byte> c2, out Vector512<byte> c3,
        out Vector512<byte> c4, out Vector512<byte> c5, out Vector512<byte> c6, out Vector512<byte> c7)
    {
        if (PanelLayout<TFormat>.Plane4)
        {
            PanelLayout<TFormat>.Steps4(codes, 0, out c0, out c4);
            PanelLayout<TFormat>.Steps4(codes, 1, out c1, out c5);
            PanelLayout<TFormat>.Steps4(codes, 2, out c2, out c6);
            PanelLayout<TFormat>.Steps4(codes, 3, out c3, out c7);
        }
        else
        {
            c0 = PanelLayout<TFormat>.Step2(codes, 0, 0);
            c1 = PanelLayout<TFormat>.Step2(codes, 1, 0);
            c2 = PanelLayout<TFormat>.Step2(codes, 0, 2);
            c3 = PanelLayout<TFormat>.Step2(codes, 1, 2);
            c4 = PanelLayout<TFormat>.Step2(codes, 0, 4);
            c5 = PanelLayout<TFormat>.Step2(codes, 1, 4);
            c6 = PanelLayout<TFormat>.Step2(codes, 0, 6);
            c7 = PanelLayout<TFormat>.Step2(codes, 1, 6);
        }
    }

    /// <summary>Four steps of codes of 8 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Bytes(byte* codes, sbyte* x)
    {
        if (!DotVnni.IsSupported)
            return Halved(Vector512.Load(codes), Vector512.Load(codes + StepBytes), Vector512.Load(codes + 2 * StepBytes),
                Vector512.Load(codes + 3 * StepBytes), x, 4);
        DotVnni sums = DotVnni.MultiplyAdd(DotVnni.Start(0), DotVnni.Load(codes), x);
        sums = DotVnni.MultiplyAdd(sums, DotVnni.Load(codes + StepBytes), x + 4);
        sums = DotVnni.MultiplyAdd(sums, DotVnni.Load(codes + 2 * StepBytes), x + 8);
        return DotVnni.MultiplyAdd(sums, DotVnni.Load(codes + 3 * StepBytes), x + 12).Sums;
    }

    /// <summary>Four steps, with <paramref name="stride"/> bytes from one to the next in the row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Half(Vector512<byte> a, Vector512<byte> b, Vector512<byte> c, Vector512<byte> d,
        sbyte* x, nint stride)
    {
        if (!Words && !DotVnni.IsSupported)
            return Halved(a, b, c, d, x, stride);
        if (!Words)
        {
            DotVnni sums = DotVnni.MultiplyAdd(DotVnni.Start(0), DotVnni.Of(a), x);
            sums = DotVnni.MultiplyAdd(sums, DotVnni.Of(b), x + stride);
            sums = DotVnni.MultiplyAdd(sums, DotVnni.Of(c), x + 2 * stride);
            return DotVnni.MultiplyAdd(sums, DotVnni.Of(d), x + 3 * stride).Sums;
        }

        Vector512<short> ones = Vector512.Create((short)1);
        Vector512<short> first = Products(a, x) + Products(b, x + stride),
            second = Products(c, x + 2 * stride) + Products(d, x + 3 * stride);
        return BlockFacts.WordStepsOf<TFormat>() >= 4
            ? Avx512BW.MultiplyAddAdjacent(first + second, ones)
            : Avx512BW.MultiplyAddAdjacent(first, ones) + Avx512BW.MultiplyAddAdjacent(second, ones);
    }

    /// <summary>Four steps of codes of 8 bits, each taken as two of 4 bits (<see cref="WordTile.Split"/>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Halved(
        Vector512<byte> a, Vector512<byte> b, Vector512<byte> c, Vector512<byte> d, sbyte* x, nint stride)
    {
        Vector512<short> low = Products(Lower(a), x) + Products(Lower(b), x + stride) + Products(Lower(c), x + 2 * stride)
            + Products(Lower(d), x + 3 * stride);
        Vector512<short> high = Products(Upper(a), x) + Products(Upper(b), x + stride) + Products(Upper(c), x + 2 * stride)
            + Products(Upper(d), x + 3 * stride);
        return Avx512BW.MultiplyAddAdjacent(low, Vector512.Create((short)1))
            + Avx512BW.MultiplyAddAdjacent(high, Vector512.Create((short)16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Lower(Vector512<byte> codes) => codes & Vector512.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Upper(Vector512<byte> codes) =>
        Vector512.ShiftRightLogical(codes.AsUInt16(), 4).AsByte() & Vector512.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Products(Vector512<byte> codes, sbyte* x) =>
        Avx512BW.MultiplyAddAdjacent(codes, Vector512.Create(*(int*)x).AsSByte());
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <summary>
/// One row against a packed panel, with AVX-512BW: codes go from their planes to the products in registers, where
/// <see cref="PanelLayout{TFormat}.Open"/> would write them to memory first. The order of all that is rounded is that of <see cref="DotTile{T}"/>.
/// </summary>
/// <remarks>Codes of up to 6 bits are multiplied as in <see cref="WordTile"/>: two steps of 4 inputs always fit into 16 bits.</remarks>
internal static unsafe class PanelRow<TFormat>
    where TFormat : struct, IBlockFormat
{
    private const int Lanes = PanelChunk.Outputs;
    private const int StepBytes = PanelLayout<TFormat>.StepBytes;

    /// <summary>Whether there is a kernel for this format and machine.</summary>
    public static bool IsSupported => Avx512BW.IsSupported && (BlockFacts.Of<TFormat>().WordSteps > 0 || AvxVnni.IsSupported);

    private static bool Words
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.CodeBits < 8 && TFormat.Levels.IsEmpty;
    }

    /// <summary>Adds a chunk.</summary>
    /// <param name="packed">The chunk.</param>
    /// <param name="groups32">Number of 32 inputs in it.</param>
    /// <param name="x">The row: a tile of one.</param>
    /// <param name="ahead">How far ahead of the packed bytes memory is asked for.</param>
    /// <param name="y">Running results <c>[16]</c>.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Add(byte* packed, int groups32, in TileRows x, nint ahead, float* y)
    {
        int blocks = groups32 * 32 / TFormat.Values, kinds = TFormat.HasMinimums ? 2 : 1, perBlock = PanelLayout<TFormat>.GroupsPerBlock;
        int header = PanelLayout<TFormat>.HeaderBytes(groups32);
        for (int at = 0; at < header; at += 64)
            Sse.Prefetch0(packed + ahead + at);
        ushort* halves = (ushort*)packed;
        byte* integers = packed + 2 * Lanes * blocks * kinds;
        byte* floors = integers + Lanes * perBlock * blocks;
        byte* codes = packed + header;
        sbyte* bytes = x.Codes;
        float* factors = x.Scales, sums = x.Sums;
        int* starts = x.Starts;
        Vector512<float> sum = Vector512.Load(y);
        for (int block = 0; block < blocks; block++, halves += Lanes)
        {
            Vector512<float> scale = PanelLayout<TFormat>.Singles(halves);
            Vector512<float> minimum = TFormat.HasMinimums ? PanelLayout<TFormat>.Singles(halves + Lanes * blocks) : default;
            for (int part = 0; part < TFormat.Values / 32; part++, codes += PanelLayout<TFormat>.CodeBytes, bytes += 32, factors++)
            {
                Multiply(codes, bytes, ahead, out Vector512<int> low, out Vector512<int> high);
                if (TFormat.GroupValues == 32)
                {
                    sum = AddGroup(low + high, starts++, factors, sums++, scale, minimum, integers, floors, sum);
                    integers += Lanes;
                    floors += Lanes;
                }
                else
                {
                    sum = AddGroup(low, starts, factors, sums, scale, minimum, integers, floors, sum);
                    sum = AddGroup(high, starts + 1, factors, sums + 1, scale, minimum, integers + Lanes, floors + Lanes, sum);
                    starts += 2;
                    sums += 2;
                    integers += 2 * Lanes;
                    floors += 2 * Lanes;
                }
            }
        }

        sum.Store(y);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> AddGroup(
        Vector512<int> products, int* start, float* factor, float* total, Vector512<float> scale, Vector512<float> minimum, byte* integers, byte* floors, Vector512<float> sum)
    {
        if (TFormat.HasGroupScales)
            scale *= PanelLayout<TFormat>.Signed((sbyte*)integers);
        sum = Vector512.FusedMultiplyAdd(scale * Vector512.Create(*factor), Vector512.ConvertToSingle(products + Vector512.Create(*start)), sum);
        if (!TFormat.HasMinimums)
            return sum;
        if (TFormat.HasGroupScales)
            minimum *= PanelLayout<TFormat>.Unsigned(floors);
        return Vector512.FusedMultiplyAdd(minimum, Vector512.Create(*total), sum);
    }

    /// <summary>Sums of products of the first and of the last 16 of 32 inputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply(byte* codes, sbyte* x, nint ahead, out Vector512<int> low, out Vector512<int> high)
    {
        Sse.Prefetch0(codes + ahead);
        Sse.Prefetch0(codes + ahead + StepBytes);
        if (TFormat.CodeBits > 2)
            Sse.Prefetch0(codes + ahead + 2 * StepBytes);
        if (TFormat.CodeBits > 3)
            Sse.Prefetch0(codes + ahead + 3 * StepBytes);
        if (TFormat.CodeBits > 4)
            Sse.Prefetch0(codes + ahead + 4 * StepBytes);
        if (TFormat.CodeBits > 5)
            Sse.Prefetch0(codes + ahead + 5 * StepBytes);
        if (TFormat.CodeBits == 8)
        {
            Sse.Prefetch0(codes + ahead + 6 * StepBytes);
            Sse.Prefetch0(codes + ahead + 7 * StepBytes);
            low = Bytes(codes, x);
            high = Bytes(codes + 4 * StepBytes, x + 16);
        }
        else if (PanelLayout<TFormat>.Plane4)
        {
            PanelLayout<TFormat>.Steps4(codes, 0, out Vector512<byte> c0, out Vector512<byte> c4);
            PanelLayout<TFormat>.Steps4(codes, 1, out Vector512<byte> c1, out Vector512<byte> c5);
            PanelLayout<TFormat>.Steps4(codes, 2, out Vector512<byte> c2, out Vector512<byte> c6);
            PanelLayout<TFormat>.Steps4(codes, 3, out Vector512<byte> c3, out Vector512<byte> c7);
            low = Half(c0, c1, c2, c3, x);
            high = Half(c4, c5, c6, c7, x + 16);
        }
        else
        {
            low = Half(PanelLayout<TFormat>.Step2(codes, 0, 0), PanelLayout<TFormat>.Step2(codes, 1, 0),
                PanelLayout<TFormat>.Step2(codes, 0, 2), PanelLayout<TFormat>.Step2(codes, 1, 2), x);
            high = Half(PanelLayout<TFormat>.Step2(codes, 0, 4), PanelLayout<TFormat>.Step2(codes, 1, 4),
                PanelLayout<TFormat>.Step2(codes, 0, 6), PanelLayout<TFormat>.Step2(codes, 1, 6), x + 16);
        }
    }

    /// <summary>Four steps of codes of 8 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Bytes(byte* codes, sbyte* x)
    {
        DotVnni sums = DotVnni.MultiplyAdd(DotVnni.Start(0), DotVnni.Load(codes), x);
        sums = DotVnni.MultiplyAdd(sums, DotVnni.Load(codes + StepBytes), x + 4);
        sums = DotVnni.MultiplyAdd(sums, DotVnni.Load(codes + 2 * StepBytes), x + 8);
        return DotVnni.MultiplyAdd(sums, DotVnni.Load(codes + 3 * StepBytes), x + 12).Sums;
    }

    /// <summary>Four steps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Half(Vector512<byte> a, Vector512<byte> b, Vector512<byte> c, Vector512<byte> d, sbyte* x)
    {
        if (!Words)
        {
            DotVnni sums = DotVnni.MultiplyAdd(DotVnni.Start(0), DotVnni.Of(a), x);
            sums = DotVnni.MultiplyAdd(sums, DotVnni.Of(b), x + 4);
            sums = DotVnni.MultiplyAdd(sums, DotVnni.Of(c), x + 8);
            return DotVnni.MultiplyAdd(sums, DotVnni.Of(d), x + 12).Sums;
        }

        Vector512<short> ones = Vector512.Create((short)1);
        Vector512<short> first = Products(a, x) + Products(b, x + 4), second = Products(c, x + 8) + Products(d, x + 12);
        return TFormat.CodeBits <= 5
            ? Avx512BW.MultiplyAddAdjacent(first + second, ones)
            : Avx512BW.MultiplyAddAdjacent(first, ones) + Avx512BW.MultiplyAddAdjacent(second, ones);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Products(Vector512<byte> codes, sbyte* x) =>
        Avx512BW.MultiplyAddAdjacent(codes, Vector512.Create(*(int*)x).AsSByte());
}

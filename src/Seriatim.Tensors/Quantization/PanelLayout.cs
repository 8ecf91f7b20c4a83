using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <summary>
/// The packed order of a format: panels of 16 outputs, cut into chunks of 256 inputs, each
/// <c>[S of each block][M][g of each group][h][codes]</c> with 16 outputs side by side, scales as the format stores them. The
/// codes of 32 inputs are bit planes of 4, 2 and 1 bits, each <c>[..][16 outputs][4 inputs]</c>, so that 16 outputs of 4 inputs
/// come out of one shift and one mask.
/// </summary>
/// <remarks>
/// Step s stands for inputs 4 s to 4 s + 3 of 32. Plane of 4 bits: row j holds step j in the low and step j + 4 in the high
/// halves. Plane of 2 bits: row j holds the steps j, j + 2, j + 4, j + 6 from low to high. Plane of 1 bit: step s is bit s. Codes
/// of 8 bits lie as <see cref="PanelChunk.Codes"/> wants them and are not copied.
/// <para>
/// Vectors here are 64 bytes whatever the lanes of the ops are, and the lane trait is not asked: a step of codes is 64 bytes on
/// every machine and .NET makes narrower instructions of it. Nothing is rounded but products of two scales, lane by lane, so bits
/// do not depend on it. Where instructions matter, in the products, <see cref="IDotLanes{T}"/> is the trait.
/// </para>
/// </remarks>
internal static unsafe class PanelLayout<TFormat>
    where TFormat : struct, IBlockFormat
{
    /// <summary>Bytes of one step: 4 inputs of 16 outputs.</summary>
    public const int StepBytes = 4 * Lanes;

    private const int Lanes = PanelChunk.Outputs;
    private const int GroupCodes = 8 * StepBytes;

    /// <summary>Whether codes have a plane of 4 bits.</summary>
    public static bool Plane4
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.CodeBits is 4 or 5 or 6;
    }

    private static bool Plane2
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.CodeBits is 2 or 3 or 6;
    }

    private static bool Plane1
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.CodeBits is 3 or 5;
    }

    public static int GroupsPerBlock
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.Values / TFormat.GroupValues;
    }

    /// <summary>Bytes of the codes of 32 inputs.</summary>
    public static int CodeBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => StepBytes * TFormat.CodeBits;
    }

    public static int ChunkBytes(int groups32) => HeaderBytes(groups32) + groups32 * CodeBytes;

    public static long PanelBytes(int columns) =>
        columns / PanelChunk.Inputs * (long)ChunkBytes(8)
            + (columns % PanelChunk.Inputs is > 0 and var rest ? ChunkBytes(rest / 32) : 0);

    /// <summary>Packs the rows of one panel; a null row is one that does not exist.</summary>
    public static void Pack(byte** rows, int columns, byte* panel)
    {
        new Span<byte>(panel, (int)PanelBytes(columns)).Clear();
        BlockParts parts;
        for (int first = 0; first < columns; first += PanelChunk.Inputs)
        {
            int groups32 = Math.Min(PanelChunk.Inputs, columns - first) / 32;
            int blocks = groups32 * 32 / TFormat.Values;
            for (int lane = 0; lane < Lanes; lane++)
            {
                for (int block = 0; block < blocks && rows[lane] != null; block++)
                {
                    TFormat.Open(rows[lane] + (first / TFormat.Values + block) * (long)TFormat.Bytes, &parts);
                    PackBlock(&parts, panel, groups32, block, lane);
                }
            }

            panel += ChunkBytes(groups32);
        }
    }

    /// <summary>Copies what one lane holds to a lane of another panel, which holds zeros.</summary>
    public static void CopyLane(byte* from, int lane, int columns, byte* to, int toLane)
    {
        for (int first = 0; first < columns; first += PanelChunk.Inputs)
        {
            int groups32 = Math.Min(PanelChunk.Inputs, columns - first) / 32;
            int blocks = groups32 * 32 / TFormat.Values;
            int kinds = TFormat.HasMinimums ? 2 : 1;
            for (int i = 0; i < kinds * blocks; i++)
            {
                int at = i * ScaleStep;
                new Span<byte>(from + at + lane * TFormat.ScaleBytes, TFormat.ScaleBytes)
                    .CopyTo(new Span<byte>(to + at + toLane * TFormat.ScaleBytes, TFormat.ScaleBytes));
            }

            int integers = GroupScalesAt(blocks);
            for (int i = 0; TFormat.HasGroupScales && i < kinds * blocks * GroupsPerBlock; i++)
                to[integers + i * Lanes + toLane] = from[integers + i * Lanes + lane];
            int codes = HeaderBytes(groups32);
            for (int at = codes; at < codes + groups32 * CodeBytes; at += StepBytes)
                ((uint*)(to + at))[toLane] = ((uint*)(from + at))[lane];
            from += ChunkBytes(groups32);
            to += ChunkBytes(groups32);
        }
    }

    /// <summary>Opens a packed chunk; scales and codes narrower than 8 bits go to the scratch memory.</summary>
    public static void Open(byte* packed, int groups32, in PanelScratch scratch, out PanelChunk chunk)
    {
        chunk = PanelChunk.In(scratch, TFormat.HasMinimums);
        byte* codes = packed + HeaderBytes(groups32);
        if (TFormat.CodeBits == 8)
            chunk.Codes = codes;
        else
            for (int group = 0; group < groups32; group++)
                OpenCodes(codes + group * CodeBytes, chunk.Codes + group * GroupCodes);
        int blocks = groups32 * 32 / TFormat.Values;
        byte* integers = packed + GroupScalesAt(blocks);
        OpenScales(packed, integers, blocks, chunk.Scales);
        if (TFormat.HasMinimums)
            OpenMinimums(packed + ScaleStep * blocks, integers + Lanes * GroupsPerBlock * blocks, blocks, chunk.Minimums);
    }

    /// <summary>Fills one lane of a chunk straight from a row of blocks; a null row gets scale 0.</summary>
    public static void FillLane(byte* row, int groups32, int lane, in PanelChunk chunk)
    {
        BlockParts parts = default;
        for (int block = 0; block < groups32 * 32 / TFormat.Values; block++)
        {
            if (row != null)
                TFormat.Open(row + block * TFormat.Bytes, &parts);
            float scale = row == null ? 0 : TFormat.Scale(parts.Scale);
            float minimum = TFormat.HasMinimums ? TFormat.Scale(parts.Minimum) : 0;
            for (int group = 0; group < GroupsPerBlock; group++)
            {
                int at = (block * GroupsPerBlock + group) * Lanes + lane;
                chunk.Scales[at] = TFormat.HasGroupScales ? scale * TFormat.GroupScale(parts.GroupScales[group]) : scale;
                if (TFormat.HasMinimums)
                    chunk.Minimums[at] = minimum * parts.GroupMinimums[group];
            }

            byte* codes = chunk.Codes + block * TFormat.Values * Lanes + lane * 4;
            for (int i = 0; i < TFormat.Values; i++)
                codes[i / 4 * StepBytes + i % 4] = ByteCode(parts.Codes[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int HeaderBytes(int groups32)
    {
        int blocks = groups32 * 32 / TFormat.Values;
        int kinds = TFormat.HasMinimums ? 2 : 1;
        int bytes = kinds * blocks * Lanes * (TFormat.ScaleBytes + (TFormat.HasGroupScales ? GroupsPerBlock : 0));
        return (bytes + 63) / 64 * 64;
    }

    /// <summary>Bytes of the S of 16 outputs.</summary>
    public static int ScaleStep
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Lanes * TFormat.ScaleBytes;
    }

    /// <summary>Where g begins in a chunk.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int GroupScalesAt(int blocks) => ScaleStep * blocks * (TFormat.HasMinimums ? 2 : 1);

    /// <summary><c>S · g</c>, or S alone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Scaled(Vector512<float> scale, byte* groupScales) => !TFormat.HasGroupScales ? scale
        : TFormat.ScaleBytes == 0 ? TFormat.GroupScales(groupScales) : scale * TFormat.GroupScales(groupScales);

    private static byte ByteCode(byte code) => TFormat.Levels.IsEmpty ? code : (byte)(TFormat.Levels[code] + TFormat.Bias);

    private static void PackBlock(BlockParts* parts, byte* chunk, int groups32, int block, int lane)
    {
        int blocks = groups32 * 32 / TFormat.Values;
        StoreScale(parts->Scale, chunk + block * ScaleStep, lane);
        if (TFormat.HasMinimums)
            StoreScale(parts->Minimum, chunk + (blocks + block) * ScaleStep, lane);
        byte* integers = chunk + GroupScalesAt(blocks);
        for (int group = 0; TFormat.HasGroupScales && group < GroupsPerBlock; group++)
        {
            int at = (block * GroupsPerBlock + group) * Lanes + lane;
            integers[at] = (byte)parts->GroupScales[group];
            if (TFormat.HasMinimums)
                integers[GroupsPerBlock * blocks * Lanes + at] = parts->GroupMinimums[group];
        }

        byte* codes = chunk + HeaderBytes(groups32) + block * (TFormat.Values / 32) * CodeBytes;
        for (int i = 0; i < TFormat.Values; i++)
            PackCode(parts->Codes[i], codes + i / 32 * CodeBytes, i % 32 / 4, lane * 4 + i % 4);
    }

    private static void StoreScale(uint stored, byte* scales, int lane)
    {
        switch (TFormat.ScaleBytes)
        {
            case 1: scales[lane] = (byte)stored; break;
            case 2: ((ushort*)scales)[lane] = (ushort)stored; break;
            case 4: ((uint*)scales)[lane] = stored; break;
        }
    }

    private static void PackCode(int code, byte* planes, int step, int at)
    {
        if (TFormat.CodeBits == 8)
        {
            planes[step * StepBytes + at] = (byte)code;
            return;
        }

        if (Plane4)
        {
            planes[step % 4 * StepBytes + at] |= (byte)((code & 15) << (step / 4 * 4));
            planes += 4 * StepBytes;
            code >>= 4;
        }

        if (Plane2)
        {
            planes[step % 2 * StepBytes + at] |= (byte)((code & 3) << (step / 2 * 2));
            planes += 2 * StepBytes;
            code >>= 2;
        }

        if (Plane1)
            planes[at] |= (byte)((code & 1) << step);
    }

    /// <summary>Codes of 32 inputs from their planes: a step of 4 inputs is one vector of 64 bytes.</summary>
    /// <remarks>
    /// Not inlined: the JIT has a budget for each method, and what it leaves out becomes a call in the middle of registers.
    /// </remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void OpenCodes(byte* planes, byte* codes)
    {
        if (Plane4)
        {
            Open4(planes, codes, 0);
            Open4(planes, codes, 1);
            Open4(planes, codes, 2);
            Open4(planes, codes, 3);
        }
        else
        {
            for (int half = 0; half < 2; half++)
            {
                Step2(planes, half, 0).Store(codes + half * StepBytes);
                Step2(planes, half, 2).Store(codes + (half + 2) * StepBytes);
                Step2(planes, half, 4).Store(codes + (half + 4) * StepBytes);
                Step2(planes, half, 6).Store(codes + (half + 6) * StepBytes);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Open4(byte* planes, byte* codes, int j)
    {
        Steps4(planes, j, out Vector512<byte> low, out Vector512<byte> high);
        low.Store(codes + j * StepBytes);
        high.Store(codes + (j + 4) * StepBytes);
    }

    /// <summary>Codes of the steps j and j + 4 of a format with a plane of 4 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Steps4(byte* planes, int j, out Vector512<byte> low, out Vector512<byte> high)
    {
        Vector512<byte> both = Vector512.Load(planes + j * StepBytes);
        low = both & Vector512.Create((byte)15);
        high = Shifted(both, 4) & Vector512.Create((byte)15);
        if (Plane2)
        {
            Vector512<byte> pairs = Vector512.Load(planes + (4 + j % 2) * StepBytes);
            low |= Shifted(pairs, j / 2 * 2 - 4) & Vector512.Create((byte)0x30);
            high |= Shifted(pairs, j / 2 * 2) & Vector512.Create((byte)0x30);
        }

        if (Plane1)
        {
            Vector512<byte> bits = Vector512.Load(planes + 4 * StepBytes);
            low |= Shifted(bits, j - 4) & Vector512.Create((byte)0x10);
            high |= Shifted(bits, j) & Vector512.Create((byte)0x10);
        }

        low = ByteCodes(low);
        high = ByteCodes(high);
    }

    /// <summary>Codes of the step <c>half + shift</c> of a format whose codes have fewer than 4 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Step2(byte* planes, int half, int shift)
    {
        Vector512<byte> code = Shifted(Vector512.Load(planes + half * StepBytes), shift) & Vector512.Create((byte)3);
        if (Plane1)
            code |= Vector512.ShiftLeft(
                Vector512.ShiftRightLogical(Vector512.Load(planes + 2 * StepBytes).AsUInt16(), half + shift), 2).AsByte()
                & Vector512.Create((byte)4);
        return code;
    }

    /// <summary>Shifts right (left if negative); bits of the neighbouring byte come in and must be masked away.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Shifted(Vector512<byte> bytes, int count) => count == 0 ? bytes
        : count > 0 ? Vector512.ShiftRightLogical(bytes.AsUInt16(), count).AsByte()
        : Vector512.ShiftLeft(bytes.AsUInt16(), -count).AsByte();

    /// <summary>The byte codes of 64 codes: themselves, or looked up in each quarter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> ByteCodes(Vector512<byte> codes)
    {
        if (TFormat.Levels.IsEmpty)
            return codes;
        Vector128<byte> table = Vector128.Create(TFormat.Levels).AsByte() + Vector128.Create((byte)TFormat.Bias);
        var tables = Vector256.Create(table, table);
        if (Avx512BW.IsSupported)
            return Avx512BW.Shuffle(Vector512.Create(tables, tables), codes);
        return Vector512.Create(Looked(table, codes.GetLower()), Looked(table, codes.GetUpper()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Looked(Vector128<byte> table, Vector256<byte> codes) =>
        Vector256.Create(Vector128.Shuffle(table, codes.GetLower()), Vector128.Shuffle(table, codes.GetUpper()));

    private static void OpenScales(byte* stored, byte* groupScales, int blocks, float* scales)
    {
        int groups = GroupsPerBlock;
        for (int block = 0; block < blocks; block++)
        {
            Vector512<float> scale = TFormat.Scales(stored + block * ScaleStep);
            for (int group = 0; group < groups; group++, scales += Lanes, groupScales += Lanes)
                Scaled(scale, groupScales).Store(scales);
        }
    }

    private static void OpenMinimums(byte* stored, byte* integers, int blocks, float* minimums)
    {
        int groups = GroupsPerBlock;
        for (int block = 0; block < blocks; block++)
        {
            Vector512<float> minimum = TFormat.Scales(stored + block * ScaleStep);
            for (int group = 0; group < groups; group++, minimums += Lanes, integers += Lanes)
            {
                if (TFormat.HasGroupScales)
                    (minimum * ScaleCodes.Unsigned(integers)).Store(minimums);
                else
                    minimum.Store(minimums);
            }
        }
    }
}

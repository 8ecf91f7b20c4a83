using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>
/// What a kernel of <see cref="PanelCode"/> is called with; its only argument. The kernel moves what belongs to the rows behind
/// them, so that the next call goes on.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 18 * 8)]
internal unsafe struct PanelCall
{
    /// <summary>The parts of the first chunk, as <see cref="PanelLayout{TFormat}"/> has them: S.</summary>
    [FieldOffset(ScalesAt)]
    public byte* Scales;

    /// <summary>M.</summary>
    [FieldOffset(MinimumsAt)]
    public byte* Minimums;

    /// <summary>g.</summary>
    [FieldOffset(IntegersAt)]
    public byte* Integers;

    /// <summary>h.</summary>
    [FieldOffset(FloorsAt)]
    public byte* Floors;

    /// <summary>The planes of the codes.</summary>
    [FieldOffset(CodesAt)]
    public byte* Codes;

    /// <summary>The rows, as <see cref="TileRows"/> has them.</summary>
    [FieldOffset(XAt)]
    public sbyte* X;

    [FieldOffset(FactorsAt)]
    public float* Factors;

    [FieldOffset(StartsAt)]
    public int* Starts;

    [FieldOffset(SumsAt)]
    public float* Sums;

    /// <summary>Running results <c>[rows][16]</c>.</summary>
    [FieldOffset(YAt)]
    public float* Y;

    /// <summary>The last tile, if it has fewer rows than the others (<see cref="PanelTilesCode"/>).</summary>
    [FieldOffset(LastXAt)]
    public sbyte* LastX;

    [FieldOffset(LastXAt + 8)]
    public float* LastFactors;

    [FieldOffset(LastXAt + 16)]
    public int* LastStarts;

    [FieldOffset(LastXAt + 24)]
    public float* LastSums;

    /// <summary>What the kernel counts.</summary>
    [FieldOffset(LeftAt)]
    public nint Left;

    /// <summary>How many chunks, at least 1; 0 afterwards. More than one: chunks of 256 inputs.</summary>
    [FieldOffset(ChunksAt)]
    public nint Chunks;

    /// <summary>Blocks in each, at least 1; for <see cref="PanelTilesCode"/> 32 inputs each.</summary>
    [FieldOffset(BlocksAt)]
    public nint Blocks;

    /// <summary>Number of 32 inputs in a block.</summary>
    [FieldOffset(PartsAt)]
    public nint Parts;

    public const int ScalesAt = 0;
    public const int MinimumsAt = 8;
    public const int IntegersAt = 16;
    public const int FloorsAt = 24;
    public const int CodesAt = 32;
    public const int XAt = 40;
    public const int FactorsAt = 48;
    public const int StartsAt = 56;
    public const int SumsAt = 64;
    public const int YAt = 72;
    public const int ChunksAt = 80;
    public const int BlocksAt = 88;
    public const int PartsAt = 96;
    public const int LastXAt = 104;
    public const int LeftAt = 136;
}

using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>
/// What a kernel of <see cref="TileCode"/> is called with; its only argument. The kernel moves what belongs to the tiles behind
/// them, so that the next call goes on.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 18 * 8)]
internal unsafe struct TileCall
{
    /// <summary>Codes, scales and minimums of the first panel, as <see cref="PanelChunk"/> has them.</summary>
    [FieldOffset(CodesAt)]
    public byte* Codes;

    [FieldOffset(ScalesAt)]
    public float* Scales;

    [FieldOffset(MinimumsAt)]
    public float* Minimums;

    /// <summary>The second panel.</summary>
    [FieldOffset(SecondAt + CodesAt)]
    public byte* SecondCodes;

    [FieldOffset(SecondAt + ScalesAt)]
    public float* SecondScales;

    [FieldOffset(SecondAt + MinimumsAt)]
    public float* SecondMinimums;

    /// <summary>The tiles, as <see cref="TileRows"/> has them.</summary>
    [FieldOffset(XAt)]
    public sbyte* X;

    [FieldOffset(FactorsAt)]
    public float* Factors;

    [FieldOffset(StartsAt)]
    public int* Starts;

    [FieldOffset(SumsAt)]
    public float* Sums;

    /// <summary>Running results of the first panel.</summary>
    [FieldOffset(YAt)]
    public float* Y;

    /// <summary>Running results of the second panel.</summary>
    [FieldOffset(ZAt)]
    public float* Z;

    /// <summary>How many tiles, at least 1; 0 afterwards.</summary>
    [FieldOffset(TilesAt)]
    public nint Tiles;

    /// <summary>Number of 32 inputs, at least 1.</summary>
    [FieldOffset(Groups32At)]
    public nint Groups32;

    /// <summary>Memory that is asked for while the first tile is multiplied, a line for every 4 inputs.</summary>
    [FieldOffset(SoonAt)]
    public byte* Soon;

    /// <summary>Bytes from one such line to the next.</summary>
    [FieldOffset(StrideAt)]
    public nint Stride;

    /// <summary>Bytes from there to what is asked for of the second panel.</summary>
    [FieldOffset(LaterAt)]
    public nint Later;

    public const int CodesAt = 0;
    public const int ScalesAt = 8;
    public const int MinimumsAt = 16;

    /// <summary>What the second panel has lies this much behind the same of the first.</summary>
    public const int SecondAt = 24;
    public const int XAt = 48;
    public const int FactorsAt = 56;
    public const int StartsAt = 64;
    public const int SumsAt = 72;
    public const int YAt = 80;
    public const int ZAt = 88;
    public const int TilesAt = 96;
    public const int Groups32At = 104;
    public const int SoonAt = 112;
    public const int StrideAt = 120;
    public const int LaterAt = 128;
}

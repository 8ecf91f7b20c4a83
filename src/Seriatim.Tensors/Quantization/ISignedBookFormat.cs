using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// What the formats of two bits a value and a sign have in common: <c>value = d / 8 · (2 s + 1) · ±level</c> with d binary16,
/// s of 4 bits for each group, and levels of 8, 25 and 43.
/// </summary>
internal unsafe interface ISignedBookFormat : ICodeBookFormat
{
    static int IBlockFormat.Values => 256;

    static int IBlockFormat.CodeBits => 4;

    static int IBlockFormat.Bias => 43;

    static ReadOnlySpan<sbyte> IBlockFormat.Levels => [8, 25, 43, 0, 0, 0, 0, 0, -8, -25, -43, 0, 0, 0, 0, 0];

    static bool IBlockFormat.HasGroupScales => true;

    static bool IBlockFormat.HasMinimums => false;

    static string IBlockFormat.LargestScale => "an eighth of a binary16, holds up to 8188";

    static float IBlockFormat.Scale(uint stored) => SixteenBits.FromHalf((ushort)stored) * 0.125f;

    static uint IBlockFormat.NearestScale(float value) => SixteenBits.ToHalf(value / 0.125f);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> IBlockFormat.Scales(byte* stored) => ScaleCodes.Halves(stored) * Vector512.Create(0.125f);

    static int ICodeBookFormat.LargestStep => 15;

    static ReadOnlySpan<float> ICodeBookFormat.Tops => [43, 39, 34, 30, 25, 8];
}

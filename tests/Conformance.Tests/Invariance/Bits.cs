using System.Runtime.InteropServices;

namespace Seriatim.Conformance.Tests;

/// <summary>Equality of bits, not of numbers.</summary>
internal static class Bits
{
    public static void Equal(float[][] expected, float[][] actual, string what)
    {
        Assert.True(expected.Length == actual.Length, $"{what}: {actual.Length} rows, expected {expected.Length}");
        for (int row = 0; row < expected.Length; row++)
            Equal(expected[row], actual[row], $"{what}, row {row}");
    }

    public static void Equal(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        ReadOnlySpan<int> a = MemoryMarshal.Cast<float, int>(expected);
        ReadOnlySpan<int> b = MemoryMarshal.Cast<float, int>(actual);
        int same = a.CommonPrefixLength(b);
        Assert.True(same == a.Length && a.Length == b.Length,
            $"{what}: value {same} is {(same < b.Length ? actual[same] : float.NaN):G9}, expected {(same < a.Length ? expected[same] : float.NaN):G9}");
        for (int i = 0; i < expected.Length; i++)
            Assert.False(float.IsNaN(expected[i]), $"{what}: value {i} is not a number");
    }
}

using System.Runtime.InteropServices;

namespace Seriatim.Formats.Tests;

public sealed class ElementReaderTests
{
    private const float Ulp = 1f / (1 << 23);

    private static unsafe float[] Read<T>(SafetensorsType type, T[] values)
        where T : unmanaged
    {
        // One byte in, to show that alignment does not matter.
        var bytes = new byte[1 + values.Length * sizeof(T)];
        MemoryMarshal.AsBytes(values.AsSpan()).CopyTo(bytes.AsSpan(1));
        var result = new float[values.Length];
        fixed (byte* source = bytes)
            ElementReader.ReadF32(type, source + 1, result);
        return result;
    }

    private static uint[] Bits(float[] values) => values.Select(BitConverter.SingleToUInt32Bits).ToArray();

    [Fact]
    public void EveryF16IsExact()
    {
        var halves = Enumerable.Range(0, 65536).Select(i => (ushort)i).ToArray();
        var values = Read(SafetensorsType.F16, halves);
        foreach (var half in halves)
        {
            var expected = (float)BitConverter.UInt16BitsToHalf(half);
            if (float.IsNaN(expected))
                Assert.True(float.IsNaN(values[half]) && float.IsNegative(values[half]) == float.IsNegative(expected));
            else
                Assert.Equal(BitConverter.SingleToUInt32Bits(expected), BitConverter.SingleToUInt32Bits(values[half]));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(17)]
    [InlineData(63)]
    public void TheEndOfARowIsConvertedToo(int length)
    {
        var stored = Enumerable.Range(0, length).Select(i => (ushort)(0x3c01 + i)).ToArray();
        Assert.Equal(stored.Select(bits => (float)BitConverter.UInt16BitsToHalf(bits)), Read(SafetensorsType.F16, stored));
        Assert.Equal(
            stored.Select(bits => (uint)bits << 16), Bits(Read(SafetensorsType.BF16, stored)));
    }

    [Fact]
    public void EveryBF16IsTheUpperHalf()
    {
        var stored = Enumerable.Range(0, 65536).Select(i => (ushort)i).ToArray();
        Assert.Equal(stored.Select(bits => (uint)bits << 16), Bits(Read(SafetensorsType.BF16, stored)));
    }

    [Fact]
    public void F32KeepsItsBits()
    {
        uint[] bits = [0, 0x80000000, 1, 0x7f800000, 0xff800000, 0x7f800001, 0x7fc12345, 0x3f800001];
        Assert.Equal(bits, Bits(Read(SafetensorsType.F32, bits)));
    }

    [Fact]
    public void F64IsRoundedOnceToNearestEven()
    {
        Assert.Equal(
            [1f, 1f + Ulp, 1f, 1f + 2 * Ulp, float.PositiveInfinity, float.MaxValue, 0f, float.Epsilon],
            Read(SafetensorsType.F64, new[]
            {
                1.0, 1 + Ulp, 1 + Ulp / 2.0, 1 + Ulp * 1.5, 1e300, (double)float.MaxValue, 1e-60, 1.4e-45,
            }));
    }

    [Fact]
    public void IntegersAreExactOrRoundedOnce()
    {
        Assert.Equal([0f, 1f, 255f], Read(SafetensorsType.U8, new byte[] { 0, 1, 255 }));
        Assert.Equal([0f, 1f], Read(SafetensorsType.Bool, new byte[] { 0, 1 }));
        Assert.Equal([-128f, 127f], Read(SafetensorsType.I8, new sbyte[] { -128, 127 }));
        Assert.Equal([-32768f, 32767f], Read(SafetensorsType.I16, new short[] { -32768, 32767 }));
        Assert.Equal([65535f], Read(SafetensorsType.U16, new ushort[] { 65535 }));
        Assert.Equal([16777216f, 16777220f, -2147483648f], Read(SafetensorsType.I32, [16777217, 16777219, int.MinValue]));
        Assert.Equal([4294967296f, 16777216f], Read(SafetensorsType.U32, new uint[] { uint.MaxValue, 16777217 }));
        Assert.Equal([-9223372036854775808f, -1f], Read(SafetensorsType.I64, [long.MinValue, -1L]));
        Assert.Equal([18446744073709551616f, 9223372036854775808f], Read(SafetensorsType.U64, [ulong.MaxValue, 1UL << 63]));
    }

    [Fact]
    public void WideIntegersAreNotRoundedTwice()
    {
        // Just over halfway between two floats: a detour through a double would land on the tie and round down.
        const long JustOver = (1L << 62) + (1L << 38) + 1;
        const ulong JustOverUnsigned = (1UL << 63) + (1UL << 39) + 1;
        Assert.Equal([0x5e800001u, 0xde800001u], Bits(Read(SafetensorsType.I64, [JustOver, -JustOver])));
        Assert.Equal([0x5f000001u], Bits(Read(SafetensorsType.U64, [JustOverUnsigned])));
        Assert.Equal([0x5f000000u], Bits(Read(SafetensorsType.U64, [JustOverUnsigned - 1])));
    }

    [Fact]
    public void EightBitFloatsFollowTheirDefinition()
    {
        var all = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray();
        var e4m3 = Read(SafetensorsType.F8E4M3, all);
        var e5m2 = Read(SafetensorsType.F8E5M2, all);
        foreach (var bits in all)
        {
            var sign = (bits & 0x80) != 0 ? -1.0 : 1.0;
            Assert.Equal((float)(sign * E4M3(bits & 0x7f)), e4m3[bits]);
            Assert.Equal((float)(sign * E5M2(bits & 0x7f)), e5m2[bits]);
        }
        Assert.Equal(448f, e4m3[0x7e]);
        Assert.Equal(57344f, e5m2[0x7b]);

        static double E4M3(int m) => m == 0x7f ? double.NaN : Value(m >> 3, m & 7, 3, 7);
        static double E5M2(int m) => m >> 2 == 31
            ? (m & 3) == 0 ? double.PositiveInfinity : double.NaN
            : Value(m >> 2, m & 3, 2, 15);
        static double Value(int exponent, int mantissa, int bits, int bias) => exponent == 0
            ? mantissa * Math.Pow(2, 1 - bias - bits)
            : (1 + mantissa / Math.Pow(2, bits)) * Math.Pow(2, exponent - bias);
    }

    [Fact]
    public void IntegersThatDoNotFitAreNamed()
    {
        using var folder = new TempFolder();
        var header = "{" + SafetensorsBytes.Entry("ids", "U64", "2", "0,16") + "," + SafetensorsBytes.Entry("w", "F32", "1", "16,20") + "}";
        byte[] data = [.. BitConverter.GetBytes(5UL), .. BitConverter.GetBytes(1UL << 63), 0, 0, 0, 0];
        using var file = SafetensorsFile.Open(folder.Write("a", SafetensorsBytes.Make(header, data)));
        var wide = Assert.Throws<ModelFormatException>(() => file.ReadI64(file["ids"]));
        Assert.Contains("9223372036854775808", wide.Message, StringComparison.Ordinal);
        Assert.Contains("element 1", wide.Message, StringComparison.Ordinal);
        Assert.Throws<ModelFormatException>(() => file.ReadI32(file["ids"]));
        Assert.Contains("F32", Assert.Throws<ModelFormatException>(() => file.ReadI64(file["w"])).Message, StringComparison.Ordinal);
        Assert.Throws<ModelFormatException>(() => file.ReadI32(file["w"], new int[1]));
    }

    [Theory]
    [InlineData("I32", new byte[] { 255, 255, 255, 255 }, -1)]
    [InlineData("U32", new byte[] { 255, 255, 255, 127 }, int.MaxValue)]
    [InlineData("I8", new byte[] { 128 }, -128)]
    [InlineData("U8", new byte[] { 128 }, 128)]
    [InlineData("BOOL", new byte[] { 1 }, 1)]
    [InlineData("I16", new byte[] { 0, 128 }, -32768)]
    [InlineData("U16", new byte[] { 0, 128 }, 32768)]
    [InlineData("I64", new byte[] { 0, 0, 0, 128, 255, 255, 255, 255 }, int.MinValue)]
    public void EveryIntegerTypeReadsAsIntegers(string type, byte[] data, int expected)
    {
        using var folder = new TempFolder();
        var header = "{" + SafetensorsBytes.Entry("a", type, "1", $"0,{data.Length}") + "}";
        using var file = SafetensorsFile.Open(folder.Write("a", SafetensorsBytes.Make(header, data)));
        Assert.Equal([expected], file.ReadI32(file["a"]));
        Assert.Equal([(long)expected], file.ReadI64(file["a"]));
    }

    [Theory]
    [InlineData("U32", new byte[] { 255, 255, 255, 255 })]
    [InlineData("I64", new byte[] { 0, 0, 0, 128, 0, 0, 0, 0 })]
    [InlineData("I64", new byte[] { 255, 255, 255, 127, 255, 255, 255, 255 })]
    [InlineData("U64", new byte[] { 255, 255, 255, 255, 255, 255, 255, 255 })]
    public void ValuesOutsideThirtyTwoBitsAreRefused(string type, byte[] data)
    {
        using var folder = new TempFolder();
        var header = "{" + SafetensorsBytes.Entry("a", type, "1", $"0,{data.Length}") + "}";
        using var file = SafetensorsFile.Open(folder.Write("a", SafetensorsBytes.Make(header, data)));
        Assert.Throws<ModelFormatException>(() => file.ReadI32(file["a"]));
    }
}

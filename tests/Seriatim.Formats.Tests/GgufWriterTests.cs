using System.Collections.Immutable;

namespace Seriatim.Formats.Tests;

public sealed class GgufWriterTests
{
    public static TheoryData<string> GoodFiles =>
        Shared.Files("golden", "*.gguf", "/negative/bad", "/negative/trunc", "/negative/over", "/negative/dup", "/negative/un", "/negative/huge", "/negative/tensor");

    [SharedTheory]
    [MemberData(nameof(GoodFiles))]
    public void AFileRewrittenHasTheSameBytes(string relative)
    {
        using var folder = new TempFolder();
        using var source = GgufFile.Open(Shared.Path(relative));
        using (var writer = GgufWriter.Create(folder["copy"], source.Metadata, Specs(source), source.Version))
        {
            foreach (var entry in source.Entries.Reverse())
                writer.Append(entry.Name, source.Bytes(entry));
            Assert.False(File.Exists(folder["copy"]));
            writer.Complete();
        }
        Assert.True(File.ReadAllBytes(source.Path).AsSpan().SequenceEqual(File.ReadAllBytes(folder["copy"])));
    }

    private static IEnumerable<GgufTensorSpec> Specs(GgufFile file) =>
        file.Entries.Select(entry => new GgufTensorSpec(entry.Name, entry.Type, entry.Shape));

    private static readonly KeyValuePair<string, object>[] EveryType =
    [
        new("z.u8", (byte)255), new("i8", (sbyte)-1), new("u16", (ushort)65535), new("i16", (short)-2), new("u32", 7u), new("i32", -3),
        new("f32", 1.5f), new("yes", true), new("no", false), new("text", "größer\0😀"), new("empty", ""), new("u64", ulong.MaxValue),
        new("i64", long.MinValue), new("f64", double.Epsilon), new("general.alignment", 8u),
        new("a.u8", new byte[] { 1, 2 }), new("a.i8", new sbyte[] { -1 }), new("a.u16", new ushort[] { 1 }), new("a.i16", new short[] { -1 }),
        new("a.u32", new uint[] { 1 }), new("a.i32", new[] { -1, 5 }), new("a.f32", new[] { float.NaN, -0f }), new("a.bool", new[] { true, false }),
        new("a.text", new[] { "", "▁a" }), new("a.u64", new ulong[] { 1 }), new("a.i64", new long[] { -1 }), new("a.f64", new[] { 0.1 }),
        new("a.none", Array.Empty<string>()), new("a.nested.none", Array.Empty<Array>()),
        new("a.nested", new Array[] { new[] { 1, 2 }, Array.Empty<float>(), new Array[] { new[] { "x" }, Array.Empty<Array>() } }),
    ];

    [Theory]
    [InlineData(2u)]
    [InlineData(3u)]
    public void EveryMetadataTypeSurvives(uint version)
    {
        using var folder = new TempFolder();
        ImmutableArray<long> shape = [3, 2, 32];
        var specs = new GgufTensorSpec[] { new("q", GgmlType.Q8_0, shape), new("e", GgmlType.F32, [0]), new("s", GgmlType.I8, []), new("f", GgmlType.F16, [3]) };
        using (var writer = GgufWriter.Create(folder["a"], EveryType, specs, version))
        {
            writer.Append("f", [1, 2, 3, 4]);
            writer.Append("q", Enumerable.Repeat((byte)9, 6 * 34).ToArray());
            writer.Append("f", [5, 6]);
            writer.Append("s", [7]);
            writer.Complete();
        }
        using var file = GgufFile.Open(folder["a"]);
        Assert.Equal((version, 8u), (file.Version, file.Alignment));
        Assert.Equal(EveryType.Select(pair => pair.Key), file.Metadata.Keys);
        foreach (var (key, value) in EveryType)
        {
            Assert.Equal(value.GetType(), file.Metadata[key].GetType());
            Assert.Equal(value, file.Metadata[key]);
        }
        Assert.Equal(specs.Select(spec => spec.Name), file.Entries.Select(entry => entry.Name));
        Assert.Equal([3L, 2L, 32L], file["q"].Shape.ToArray());
        Assert.Equal([1, 2, 3, 4, 5, 6], file.Bytes(file["f"]).ToArray());
        Assert.Equal([7], file.Bytes(file["s"]).ToArray());
        Assert.All(file.Bytes(file["q"]).ToArray(), value => Assert.Equal(9, value));
        Assert.Equal(0, new FileInfo(folder["a"]).Length % 8);
    }

    [Fact]
    public void AnUnfinishedFileDoesNotAppear()
    {
        using var folder = new TempFolder();
        using (var writer = GgufWriter.Create(folder["a"], [], [new("x", GgmlType.F32, [1])]))
        {
            writer.Append("x", [1]);
            Assert.Contains("'x' lacks 3", Assert.Throws<InvalidOperationException>(writer.Complete).Message, StringComparison.Ordinal);
            Assert.Throws<ArgumentException>(() => writer.Append("y", [1]));
            Assert.Throws<ArgumentException>(() => writer.Append("x", new byte[4]));
        }
        Assert.Empty(Directory.GetFiles(folder.Root));
    }

    [Fact]
    public void WhatCannotBeWrittenIsNamed()
    {
        using var folder = new TempFolder();
        RefuseValue("", 1);
        RefuseValue("a", 'c');
        RefuseValue("a", new object());
        RefuseValue("a", new decimal[1]);
        RefuseValue("a", new int[1, 1]);
        RefuseValue("a", new[] { DayOfWeek.Friday });
        RefuseValue("a", new string[1]);
        RefuseValue("a", "\ud800");
        RefuseValue("\ud800", 1);
        RefuseValue("general.alignment", 32);
        RefuseValue("general.alignment", 12u);
        RefuseValue("general.alignment", 0u);
        RefuseTensors(new GgufTensorSpec("x", GgmlType.Q4_0, [33]));
        RefuseTensors(new GgufTensorSpec("x", GgmlType.F32, [1, 1, 1, 1, 1]));
        RefuseTensors(new GgufTensorSpec("x", GgmlType.F32, [-1]));
        RefuseTensors(new GgufTensorSpec("x", GgmlType.F32, [1L << 32, 1L << 32]));
        RefuseTensors(new GgufTensorSpec("x", (GgmlType)5, [1]));
        RefuseTensors(new GgufTensorSpec("x", GgmlType.F32, default));
        RefuseTensors(new GgufTensorSpec(new string('x', 65), GgmlType.F32, [1]));
        RefuseTensors(new GgufTensorSpec("x", GgmlType.F32, [1]), new GgufTensorSpec("x", GgmlType.F32, [1]));
        Assert.Throws<ArgumentException>(() => GgufWriter.Create(folder["a"], [new("a", 1), new("a", 1)], []));
        Assert.Throws<ArgumentOutOfRangeException>(() => GgufWriter.Create(folder["a"], [], [], version: 1));
        Assert.Empty(Directory.GetFiles(folder.Root));

        void RefuseValue(string key, object value) =>
            Assert.Throws<ArgumentException>(() => GgufWriter.Create(folder["a"], [new(key, value)], []));
        void RefuseTensors(params GgufTensorSpec[] specs) =>
            Assert.Throws<ArgumentException>(() => GgufWriter.Create(folder["a"], [], specs));
    }
}

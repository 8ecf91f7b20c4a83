using System.Collections.Immutable;
using System.Text;

namespace Seriatim.Formats.Tests;

public sealed class SafetensorsWriterTests
{
    public static TheoryData<string> CanonicalFiles => Shared.Files("", "model.safetensors");

    /// <summary>The golden models were written by the reference library.</summary>
    [SharedTheory]
    [MemberData(nameof(CanonicalFiles))]
    public void AModelFileRewrittenHasTheSameBytes(string relative)
    {
        using var folder = new TempFolder();
        using var source = SafetensorsFile.Open(Shared.Path(relative));
        Rewrite(source, folder["copy"], source.Entries.Reverse());
        Assert.True(File.ReadAllBytes(source.Path).AsSpan().SequenceEqual(File.ReadAllBytes(folder["copy"])));
        Assert.Single(Directory.GetFiles(folder.Root));
    }

    public static TheoryData<string> OtherFiles => Shared.Files("", "*.safetensors", "/negative/st-", "/model.safetensors");

    [SharedTheory]
    [MemberData(nameof(OtherFiles))]
    public void EveryFileSurvivesARoundTrip(string relative)
    {
        using var folder = new TempFolder();
        using var source = SafetensorsFile.Open(Shared.Path(relative));
        Rewrite(source, folder["copy"], source.Entries);
        using var copy = SafetensorsFile.Open(folder["copy"]);
        Assert.Equal(source.Metadata, copy.Metadata);
        Assert.Equal(source.Entries.Count, copy.Entries.Count);
        foreach (var entry in source.Entries)
        {
            var found = copy[entry.Name];
            Assert.True(found.IsAligned);
            Assert.Equal(entry.ToString(), found.ToString());
            Assert.True(source.Bytes(entry).SequenceEqual(copy.Bytes(found)));
        }
    }

    private static void Rewrite(SafetensorsFile source, string path, IEnumerable<SafetensorsEntry> order)
    {
        var entries = order.ToArray();
        using var writer = SafetensorsWriter.Create(
            path,
            entries.Select(entry => new SafetensorsTensorSpec(entry.Name, entry.Type, entry.Shape)),
            source.Metadata.Count > 0 ? source.Metadata : null);
        foreach (var entry in entries)
            writer.Append(entry.Name, source.Bytes(entry));
        Assert.False(File.Exists(path));
        writer.Complete();
    }

    private static SafetensorsTensorSpec Spec(string name, SafetensorsType type, params long[] shape) =>
        new(name, type, [.. shape]);

    [Fact]
    public void TheBytesAreThoseOfTheFormat()
    {
        using var folder = new TempFolder();
        using (var writer = SafetensorsWriter.Create(
            folder["a"],
            [Spec("b", SafetensorsType.U8, 2), Spec("é\"\n\u0001", SafetensorsType.F32)],
            new Dictionary<string, string> { ["k"] = "v" }))
        {
            writer.Append("b", [1]);
            writer.AppendF32("é\"\n\u0001", [1f]);
            writer.Append("b", [2]);
            writer.Complete();
        }
        const string Header = "{'__metadata__':{'k':'v'},'é\\'\\n\\u0001':{'dtype':'F32','shape':[],'data_offsets':[0,4]},"
            + "'b':{'dtype':'U8','shape':[2],'data_offsets':[4,6]}}";
        var header = Encoding.UTF8.GetBytes(Header.Replace('\'', '"')).ToList();
        while (header.Count % 8 != 0)
            header.Add((byte)' ');
        Assert.Equal(SafetensorsBytes.Make([.. header], [0, 0, 128, 63, 1, 2]), File.ReadAllBytes(folder["a"]));
    }

    [Fact]
    public void AnEmptyFileIsAnEmptyObject()
    {
        using var folder = new TempFolder();
        using (var writer = SafetensorsWriter.Create(folder["a"], []))
            writer.Complete();
        Assert.Equal([8, 0, 0, 0, 0, 0, 0, 0, .. "{}      "u8], File.ReadAllBytes(folder["a"]));
    }

    [Fact]
    public void TensorsAreSortedByTypeThenByBytesOfTheName()
    {
        using var folder = new TempFolder();
        // U+FFFD sorts after U+1F600 in UTF-16 and before it in UTF-8.
        var specs = Enum.GetValues<SafetensorsType>().SelectMany(type => new[]
        {
            Spec($"{type}\U0001F600", type, 0), Spec($"{type}\uFFFD", type, 1), Spec($"{type}a", type, 3),
        }).ToArray();
        using (var writer = SafetensorsWriter.Create(folder["a"], specs))
        {
            foreach (var spec in specs)
                writer.Append(spec.Name, new byte[spec.Shape[0] * spec.Type.Size()]);
            writer.Complete();
        }
        using var file = SafetensorsFile.Open(folder["a"]);
        Assert.All(file.Entries, entry => Assert.True(entry.IsAligned));
        var expected = Enum.GetValues<SafetensorsType>().Reverse()
            .SelectMany(type => new[] { $"{type}a", $"{type}\uFFFD", $"{type}\U0001F600" });
        Assert.Equal(expected, file.Entries.Select(entry => entry.Name));
    }

    [Fact]
    public void FloatsAreRoundedToNearestEven()
    {
        using var folder = new TempFolder();
        var values = Enumerable.Range(0, 10_000).Select(i => BitConverter.UInt32BitsToSingle(0x3f800000u + (uint)i * 2048u))
            .Concat([0f, -0f, float.NaN, float.PositiveInfinity, float.MaxValue, 65520f, 1e-8f, BitConverter.UInt32BitsToSingle(0x7f800001)])
            .ToArray();
        using (var writer = SafetensorsWriter.Create(
            folder["a"], [Spec("h", SafetensorsType.F16, values.Length), Spec("b", SafetensorsType.BF16, values.Length)]))
        {
            writer.AppendF32("h", values);
            writer.AppendF32("b", values);
            writer.Complete();
        }
        using var file = SafetensorsFile.Open(folder["a"]);
        var halves = file.ReadF32(file["h"]);
        var brains = file.ReadF32(file["b"]);
        for (var i = 0; i < values.Length; i++)
        {
            Assert.Equal((float)(Half)values[i], halves[i]);
            Assert.Equal(NearestBF16(values[i]), brains[i]);
        }

        static float NearestBF16(float value)
        {
            if (!float.IsFinite(value))
                return value;
            var bits = BitConverter.SingleToUInt32Bits(value);
            double below = BitConverter.UInt32BitsToSingle(bits & 0xffff0000);
            var up = (bits & 0xffff0000) + 0x10000;
            double above = up == 0x7f800000 ? Math.Pow(2, 128) : BitConverter.UInt32BitsToSingle(up);
            var (down, over) = (Math.Abs(value - below), Math.Abs(above - value));
            var takeUpper = over < down || (over == down && (bits & 0x10000) != 0);
            return takeUpper ? BitConverter.UInt32BitsToSingle(up) : (float)below;
        }
    }

    [Fact]
    public void AnOldFileStaysUntilTheNewOneIsComplete()
    {
        using var folder = new TempFolder();
        var path = folder.Write("a", "old");
        using (var writer = SafetensorsWriter.Create(path, [Spec("x", SafetensorsType.U8, 2)]))
        {
            writer.Append("x", [1]);
            Assert.Contains("'x' lacks 1", Assert.Throws<InvalidOperationException>(writer.Complete).Message, StringComparison.Ordinal);
        }
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(folder.Root));
        using (var writer = SafetensorsWriter.Create(path, [Spec("x", SafetensorsType.U8, 2)]))
        {
            writer.Append("x", [1, 2]);
            writer.Complete();
            Assert.Throws<ObjectDisposedException>(() => writer.Complete());
        }
        using var file = SafetensorsFile.Open(path);
        Assert.Equal([1, 2], file.Bytes(file["x"]).ToArray());
    }

    [Fact]
    public void WrongUseIsNamed()
    {
        using var folder = new TempFolder();
        using var writer = SafetensorsWriter.Create(folder["a"], [Spec("x", SafetensorsType.I32, 2)]);
        Assert.Throws<ArgumentException>(() => writer.Append("y", [1]));
        Assert.Throws<ArgumentException>(() => writer.Append("x", new byte[9]));
        Assert.Throws<ArgumentException>(() => writer.AppendF32("x", [1f]));
        Refuse(Spec("x", SafetensorsType.U8, -1));
        Refuse(Spec("x", SafetensorsType.U8, long.MaxValue, 2));
        Refuse(Spec("x", SafetensorsType.U8, long.MaxValue));
        Refuse(Spec("__metadata__", SafetensorsType.U8, 1));
        Refuse(Spec("\ud800", SafetensorsType.U8, 1));
        Refuse(Spec("x", (SafetensorsType)15, 1));
        Refuse(new SafetensorsTensorSpec("x", SafetensorsType.U8, default(ImmutableArray<long>)));
        Refuse(Spec("x", SafetensorsType.U8, 1), Spec("x", SafetensorsType.U8, 1));
        Assert.Throws<DirectoryNotFoundException>(() => SafetensorsWriter.Create(folder["no/a"], []));

        void Refuse(params SafetensorsTensorSpec[] specs) =>
            Assert.Throws<ArgumentException>(() => SafetensorsWriter.Create(folder["b"], specs));
    }
}

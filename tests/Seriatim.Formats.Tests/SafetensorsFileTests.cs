using System.Text;

namespace Seriatim.Formats.Tests;

public sealed class SafetensorsFileTests
{
    public static TheoryData<string> GoodFiles => Shared.Files("", "*.safetensors", "/negative/st-");

    [SharedTheory]
    [MemberData(nameof(GoodFiles))]
    public void EverySharedFileOpens(string relative)
    {
        using var file = SafetensorsFile.Open(Shared.Path(relative));
        Assert.NotEmpty(file.Entries);
        var length = new FileInfo(file.Path).Length;
        Assert.Equal(length, file.Entries[^1].Offset + file.Entries[^1].ByteLength);
        foreach (var entry in file.Entries)
        {
            Assert.Same(entry, file[entry.Name]);
            Assert.Equal(entry.ByteLength, file.Bytes(entry).Length);
            Assert.Equal(entry.ElementCount, entry.Shape.Aggregate(1L, (a, b) => a * b));
            Assert.Equal(entry.ElementCount, file.ReadF32(entry).Length);
        }
    }

    [SharedFact]
    public void ControlFileHasTheTensorsItsReadmeNames()
    {
        using var file = SafetensorsFile.Open(Shared.Path("golden", "gguf", "negative", "control-valid.safetensors"));
        Assert.Equal(["a", "b", "c"], file.Entries.Select(entry => entry.Name));
        Assert.Equal((SafetensorsType.F32, 32L), (file["a"].Type, file["a"].ElementCount));
        Assert.Equal((SafetensorsType.F16, 16L), (file["b"].Type, file["b"].ElementCount));
        Assert.Equal((SafetensorsType.I32, 15L), (file["c"].Type, file["c"].ElementCount));
        Assert.Equal([3L, 5L], file["c"].Shape.ToArray());
    }

    [SharedFact]
    public void MetadataAndIdsOfAGoldenCaseAreRead()
    {
        using var model = SafetensorsFile.Open(Shared.Path("golden", "llama-mha", "model.safetensors"));
        Assert.Equal("pt", model.Metadata["format"]);
        using var expected = SafetensorsFile.Open(Shared.Path("golden", "llama-mha", "expected.safetensors"));
        var ids = expected["input_ids"];
        Assert.Equal(SafetensorsType.I64, ids.Type);
        Assert.Equal(expected.ReadI64(ids), expected.ReadI32(ids).Select(id => (long)id));
        Assert.All(expected.ReadI64(ids), id => Assert.InRange(id, 0, 95));
    }

    [Fact]
    public void BytesAndPointerShowTheSameData()
    {
        using var folder = new TempFolder();
        var header = "{" + SafetensorsBytes.Entry("a", "U8", "3", "0,3") + "}";
        using var file = SafetensorsFile.Open(folder.Write("a", SafetensorsBytes.Make(header, [7, 8, 9])));
        Assert.Equal([7, 8, 9], file.Bytes(file["a"]).ToArray());
        unsafe
        {
            Assert.Equal(9, file.Pointer(file["a"])[2]);
        }
    }

    [Fact]
    public void EmptyTensorsScalarsAndUnicodeNamesAreRead()
    {
        using var folder = new TempFolder();
        var header = "{\"__metadata__\":{},"
            + SafetensorsBytes.Entry("größe", "F32", "", "0,4") + ","
            + SafetensorsBytes.Entry("none", "F32", "0,9223372036854775807", "4,4") + ","
            + SafetensorsBytes.Entry("\\u0041\\ud83d\\ude00", "U8", "2", "4,6") + "}   ";
        using var file = SafetensorsFile.Open(folder.Write("a", SafetensorsBytes.Make(header, 6)));
        Assert.Equal(1, file["größe"].ElementCount);
        Assert.Empty(file["größe"].Shape);
        Assert.Equal(0, file["none"].ElementCount);
        Assert.Empty(file.ReadF32(file["none"]));
        Assert.Equal(2, file["A😀"].ByteLength);
    }

    [Fact]
    public void AFileWithoutTensorsIsValid()
    {
        using var folder = new TempFolder();
        using var file = SafetensorsFile.Open(folder.Write("a", SafetensorsBytes.Make("{}      ", 0)));
        Assert.Empty(file.Entries);
        Assert.Empty(file.Metadata);
    }

    [Fact]
    public void DataOfEarlyWritersMayStartAnywhere()
    {
        using var folder = new TempFolder();
        var header = "{" + SafetensorsBytes.Entry("a", "F64", "1", "0,8") + "}";
        while ((header.Length + 8) % 8 != 3)
            header += " ";
        using var file = SafetensorsFile.Open(folder.Write("a", SafetensorsBytes.Make(header, BitConverter.GetBytes(2.5))));
        Assert.False(file["a"].IsAligned);
        Assert.Equal([2.5f], file.ReadF32(file["a"]));
    }

    [Fact]
    public unsafe void TensorsOverTwoGigabytesAreReached()
    {
        const long Elements = 3_000_000_000;
        using var folder = new TempFolder();
        var header = "{" + SafetensorsBytes.Entry("a", "U8", $"{Elements}", $"0,{Elements}") + "}";
        var path = folder.Write("a", SafetensorsBytes.Make(header, 0));
        using (var stream = new FileStream(path, FileMode.Open))
        {
            // A hole: the file takes no room on the disk.
            stream.SetLength(stream.Length + Elements);
            stream.Seek(-2, SeekOrigin.End);
            stream.Write([6, 7]);
        }
        using var file = SafetensorsFile.Open(path);
        Assert.Equal(7, file.Pointer(file["a"])[Elements - 1]);
        Assert.Throws<OverflowException>(() => file.Bytes(file["a"]).Length);
        var last = new float[2];
        file.ReadF32(file["a"], Elements - 2, last);
        Assert.Equal([6f, 7f], last);
    }

    [Fact]
    public void AnEntryOfAnotherFileIsRefused()
    {
        using var folder = new TempFolder();
        var bytes = SafetensorsBytes.Make("{" + SafetensorsBytes.Entry("a", "U8", "3", "0,3") + "}", 3);
        using var one = SafetensorsFile.Open(folder.Write("one", bytes));
        using var two = SafetensorsFile.Open(folder.Write("two", bytes));
        Assert.Throws<ArgumentException>(() => one.Bytes(two["a"]).Length);
    }

    [Fact]
    public void AClosedFileSaysSo()
    {
        using var folder = new TempFolder();
        var bytes = SafetensorsBytes.Make("{" + SafetensorsBytes.Entry("a", "U8", "3", "0,3") + "}", 3);
        var file = SafetensorsFile.Open(folder.Write("one", bytes));
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Bytes(file["a"]).Length);
    }

    [Fact]
    public void AMissingTensorIsNamed()
    {
        using var folder = new TempFolder();
        using var file = SafetensorsFile.Open(folder.Write("a", SafetensorsBytes.Make("{}", 0)));
        Assert.False(file.TryGet("x", out _));
        Assert.Contains("'x'", Assert.Throws<ModelFormatException>(() => file["x"]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DestinationsOfAnotherLengthAreRefused()
    {
        using var folder = new TempFolder();
        var bytes = SafetensorsBytes.Make("{" + SafetensorsBytes.Entry("a", "U8", "3", "0,3") + "}", [1, 2, 3]);
        using var file = SafetensorsFile.Open(folder.Write("a", bytes));
        Assert.Throws<ArgumentException>(() => file.ReadF32(file["a"], new float[4]));
        Assert.Throws<ArgumentException>(() => file.ReadI64(file["a"], new long[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadF32(file["a"], 2, new float[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadF32(file["a"], -1, new float[2]));
        var part = new float[2];
        file.ReadF32(file["a"], 1, part);
        Assert.Equal([2f, 3f], part);
    }

    [Fact]
    public void NamesAndSizesOfAllTypes()
    {
        (int Size, string[] Names)[] groups =
        [
            (1, ["BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2"]),
            (2, ["I16", "U16", "F16", "BF16"]),
            (4, ["I32", "U32", "F32"]),
            (8, ["F64", "I64", "U64"]),
        ];
        var sizes = groups.SelectMany(group => group.Names.Select(name => (name, group.Size))).ToArray();
        Assert.Equal(sizes.Length, Enum.GetValues<SafetensorsType>().Length);
        foreach (var (name, size) in sizes)
        {
            Assert.True(SafetensorsTypes.TryParse(name, out var type));
            Assert.Equal((name, size), (type.Name(), type.Size()));
        }
        Assert.False(SafetensorsTypes.TryParse("f32", out _));
    }
}

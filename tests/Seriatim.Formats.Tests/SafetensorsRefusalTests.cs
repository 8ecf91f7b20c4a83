using System.Text;
using static Seriatim.Formats.Tests.SafetensorsBytes;

namespace Seriatim.Formats.Tests;

public sealed class SafetensorsRefusalTests
{
    public static TheoryData<string> NegativeFiles => Shared.Files("golden/gguf/negative", "st-*.safetensors");

    [SharedTheory]
    [MemberData(nameof(NegativeFiles))]
    public void EveryNegativeFileIsRefused(string relative)
    {
        var path = Shared.Path(relative);
        Refusal.Of(path, () => SafetensorsFile.Open(path).Dispose());
    }

    [SharedTheory]
    [InlineData("st-header-length-huge", "4611686018427387904", "100000000")]
    [InlineData("st-header-not-json", "not JSON")]
    [InlineData("st-overlapping-offsets", "'b'", "112", "128")]
    [InlineData("st-offsets-beyond-file", "'c'", "6160", "220")]
    [InlineData("st-shape-mismatch", "'a'", "144", "128")]
    [InlineData("st-duplicate-name", "'b'", "twice")]
    [InlineData("st-unknown-dtype", "'b'", "'Q17'")]
    public void TheMessageNamesOperandAndNumbers(string name, params string[] mentions)
    {
        var path = Shared.Path("golden", "gguf", "negative", name + ".safetensors");
        Refusal.Of(path, () => SafetensorsFile.Open(path).Dispose(), mentions);
    }

    public static TheoryData<string, string, int, string> BadHeaders => new()
    {
        { "hole", "{" + Entry("a", "U8", "2", "0,2") + "," + Entry("b", "U8", "2", "3,5") + "}", 5, "hole" },
        { "hole at the start", "{" + Entry("a", "U8", "2", "1,3") + "}", 3, "hole" },
        { "overlap", "{" + Entry("a", "U8", "3", "0,3") + "," + Entry("b", "U8", "3", "2,5") + "}", 5, "overlaps" },
        { "same place", "{" + Entry("a", "U8", "3", "0,3") + "," + Entry("b", "U8", "3", "0,3") + "}", 3, "overlaps" },
        { "trailing bytes", "{" + Entry("a", "U8", "3", "0,3") + "}", 4, "left over" },
        { "bytes without tensors", "{}", 1, "left over" },
        { "backwards", "{" + Entry("a", "U8", "3", "3,0") + "}", 3, "begins at byte 3" },
        { "beyond", "{" + Entry("a", "U8", "9", "0,9") + "}", 3, "9" },
        { "far beyond", "{" + Entry("a", "U8", "9223372036854775807", "0,9223372036854775807") + "}", 3, "9223372036854775807" },
        { "negative size", "{" + Entry("a", "U8", "-3", "0,3") + "}", 3, "shape" },
        { "negative offset", "{" + Entry("a", "U8", "3", "-3,0") + "}", 3, "data_offsets" },
        { "fraction", "{" + Entry("a", "U8", "1.5", "0,3") + "}", 3, "shape" },
        { "over 64 bits", "{" + Entry("a", "U8", "18446744073709551619", "0,3") + "}", 3, "shape" },
        { "product over 64 bits", "{" + Entry("a", "U8", "4294967296,4294967296", "0,0") + "}", 0, "2^63" },
        { "product of sizes and type", "{" + Entry("a", "F64", "2305843009213693952", "0,0") + "}", 0, "2^63" },
        { "wrong size", "{" + Entry("a", "F16", "3", "0,3") + "}", 3, "6 bytes" },
        { "text in shape", "{" + Entry("a", "U8", "\"3\"", "0,3") + "}", 3, "shape" },
        { "one offset", "{" + Entry("a", "U8", "3", "3") + "}", 3, "data_offsets" },
        { "three offsets", "{" + Entry("a", "U8", "3", "0,3,3") + "}", 3, "data_offsets" },
        { "65 axes", "{" + Entry("a", "U8", string.Join(",", Enumerable.Repeat("1", 65)), "0,1") + "}", 1, "64" },
        { "no dtype", "{\"a\":{\"shape\":[3],\"data_offsets\":[0,3]}}", 3, "lacks" },
        { "empty entry", "{\"a\":{}}", 3, "lacks" },
        { "numeric dtype", "{\"a\":{\"dtype\":3,\"shape\":[3],\"data_offsets\":[0,3]}}", 3, "dtype" },
        { "dtype twice", "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}", 3, "'dtype'" },
        { "unknown field", "{\"a\":{\"dtype\":\"U8\",\"scale\":2,\"shape\":[3],\"data_offsets\":[0,3]}}", 3, "'scale'" },
        { "entry is a number", "{\"a\":3}", 3, "'a'" },
        { "entry is an array", "{\"a\":[3]}", 3, "'a'" },
        { "duplicate by escape", "{" + Entry("a", "U8", "3", "0,3") + "," + Entry("\\u0061", "U8", "3", "3,6") + "}", 6, "twice" },
        { "metadata twice", "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "twice" },
        { "metadata key twice", "{\"__metadata__\":{\"a\":\"1\",\"a\":\"1\"}}", 0, "twice" },
        { "metadata number", "{\"__metadata__\":{\"a\":1}}", 0, "string" },
        { "metadata array", "{\"__metadata__\":[]}", 0, "object" },
        { "array header", "[]", 0, "'{'" },
        { "leading blank", " {}", 0, "'{'" },
        { "empty header", "", 0, "'{'" },
        { "two objects", "{}{}", 0, "not JSON" },
        { "cut", "{", 0, "not JSON" },
        { "comment", "{/* */}", 0, "not JSON" },
        { "trailing comma", "{" + Entry("a", "U8", "3", "0,3") + ",}", 3, "not JSON" },
        { "zero bytes after", "{}\0\0", 0, "not JSON" },
        { "half a surrogate pair", "{" + Entry("\\ud800", "U8", "3", "0,3") + "}", 3, "Unicode" },
        { "name too long", "{" + Entry(new string('n', 65536), "U8", "3", "0,3") + "}", 3, "65536" },
        { "dtype too long", "{" + Entry("a", new string('U', 3_000_000), "3", "0,3") + "}", 3, "dtype" },
        { "field too long", "{\"a\":{\"" + new string('f', 3_000_000) + "\":1}}", 3, "'a'" },
        { "deep", "{\"a\":" + new string('[', 100_000), 0, "'a'" },
        { "deep inside", "{\"a\":{\"shape\":" + new string('[', 100_000), 0, "JSON" },
    };

    [Theory]
    [MemberData(nameof(BadHeaders), DisableDiscoveryEnumeration = true)]
    public void BadHeadersAreRefused(string what, string header, int data, string mention)
    {
        using var folder = new TempFolder();
        var path = folder.Write(what, Make(header, data));
        Refusal.Of(path, () => SafetensorsFile.Open(path).Dispose(), mention);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void FilesTooShortForTheLengthAreRefused(int length)
    {
        using var folder = new TempFolder();
        var path = folder.Write("short", new byte[length]);
        Refusal.Of(path, () => SafetensorsFile.Open(path).Dispose(), $"has {length} bytes");
    }

    [Theory]
    [InlineData(3UL, "3")]
    [InlineData(100_000_000UL, "100000000")]
    [InlineData(100_000_001UL, "100000001")]
    [InlineData(ulong.MaxValue, "18446744073709551615")]
    [InlineData((ulong)long.MaxValue, "9223372036854775807")]
    public void HeaderLengthsOverTheFileAreRefused(ulong length, string mention)
    {
        using var folder = new TempFolder();
        var path = folder.Write("long", Make("{}"u8.ToArray(), [], length));
        Refusal.Of(path, () => SafetensorsFile.Open(path).Dispose(), mention);
    }

    [Fact]
    public void BytesThatAreNotUtf8AreRefused()
    {
        using var folder = new TempFolder();
        var header = Encoding.UTF8.GetBytes("{" + Entry("a?c", "U8", "3", "0,3") + "}");
        header[Array.IndexOf(header, (byte)'?')] = 0xff;
        var path = folder.Write("bytes", Make(header, new byte[3]));
        Refusal.Of(path, () => SafetensorsFile.Open(path).Dispose(), "Unicode");
    }

    [Fact]
    public void MissingFilesAndFoldersAreRefused()
    {
        using var folder = new TempFolder();
        Refusal.Of(folder["none"], () => SafetensorsFile.Open(folder["none"]).Dispose(), "no such file");
        Refusal.Of(folder["no/ne"], () => SafetensorsFile.Open(folder["no/ne"]).Dispose(), "no such file");
        Refusal.Of(folder.Root, () => SafetensorsFile.Open(folder.Root).Dispose(), "folder");
        Assert.Throws<ArgumentException>(() => SafetensorsFile.Open(""));
    }

    [Fact]
    public void ARefusedFileIsClosedAgain()
    {
        using var folder = new TempFolder();
        var path = folder.Write("bad", Make("[]", 0));
        Assert.Throws<ModelFormatException>(() => SafetensorsFile.Open(path));
        using var exclusive = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.Equal(10, exclusive.Length);
    }
}

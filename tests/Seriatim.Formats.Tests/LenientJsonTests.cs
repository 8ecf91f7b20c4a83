using System.Text;
using System.Text.Json;

namespace Seriatim.Formats.Tests;

public sealed class LenientJsonTests
{
    private static JsonDocument Parse(string text) => LenientJson.Parse(Encoding.UTF8.GetBytes(text), "config.json");

    [Fact]
    public void BareTokensAreRead()
    {
        using var document = Parse("""{"a": [NaN, Infinity,-Infinity, 1.5], "b":NaN , "NaN": "Infinity \" NaN, -Infinity", "c":-1}""");
        var root = document.RootElement;
        Assert.Equal(
            [double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1.5],
            root.GetProperty("a").EnumerateArray().Select(element => LenientJson.TryGetDouble(element, out var value) ? value : 99));
        Assert.True(LenientJson.TryGetDouble(root.GetProperty("b"), out var b) && double.IsNaN(b));
        Assert.Equal("Infinity \" NaN, -Infinity", root.GetProperty("NaN").GetString());
        Assert.False(LenientJson.TryGetDouble(root.GetProperty("NaN"), out _));
        Assert.True(LenientJson.TryGetDouble(root.GetProperty("c"), out var c) && c == -1);
        Assert.False(LenientJson.TryGetDouble(root.GetProperty("a"), out _));
    }

    [Theory]
    [InlineData("NaN", double.NaN)]
    [InlineData("-Infinity", double.NegativeInfinity)]
    public void ABareTokenMayBeTheWholeFile(string text, double expected)
    {
        using var document = Parse(text);
        Assert.True(LenientJson.TryGetDouble(document.RootElement, out var value));
        Assert.Equal(expected, value);
    }

    [Fact]
    public void AByteOrderMarkIsSkipped()
    {
        using var document = Parse("\uFEFF{\"a\":1}");
        Assert.Equal(1, document.RootElement.GetProperty("a").GetInt32());
    }

    public static TheoryData<string> SharedJson => Shared.Files("", "*.json");

    [SharedTheory]
    [MemberData(nameof(SharedJson))]
    public void EverySharedFileIsRead(string relative)
    {
        using var document = LenientJson.Parse(Shared.Path(relative));
        Assert.NotEqual(JsonValueKind.Undefined, document.RootElement.ValueKind);
    }

    [SharedFact]
    public void AMambaConfigHasItsInfinity()
    {
        using var document = LenientJson.Parse(Shared.Path("golden", "mamba2", "config.json"));
        var limits = document.RootElement.GetProperty("time_step_limit").EnumerateArray().ToArray();
        Assert.True(LenientJson.TryGetDouble(limits[1], out var upper));
        Assert.Equal(double.PositiveInfinity, upper);
    }

    [Theory]
    [InlineData("{\"a\":1,\n \"b\":2,\n  \"a\":3}", "line 3, column 3", "'a'")]
    [InlineData("{\"a\":{\"x\":1,\"\\u0078\":2}}", "line 1, column 13", "'x'")]
    [InlineData("{\"größe\":NaN,\n \"é\": NaN, \"ü\":[Infinity], \"x\":1, \"x\":2}", "line 2, column 35", "'x'")]
    [InlineData("{\"a\":1,}", "line 1, column 8", "not JSON")]
    [InlineData("{\"a\":1,\n\"é\":NaN x}", "line 2, column 9", "not JSON")]
    [InlineData("{\n\n  \"a\": tru }", "line 3", "not JSON")]
    [InlineData("", "line 1, column 1", "not JSON")]
    [InlineData("{\"a\":1", "line 1, column 7", "not JSON")]
    [InlineData("{\"a\":1}}", "line 1, column 8", "not JSON")]
    [InlineData("{/* */}", "line 1, column 2", "not JSON")]
    [InlineData("{NaN:1}", "line 1, column 2", "not JSON")]
    [InlineData("{\"a\":+Infinity}", "line 1, column 6", "not JSON")]
    [InlineData("{\"a\":NaNa}", "line 1, column 9", "not JSON")]
    [InlineData("{\"a\":nan}", "line 1, column 7", "not JSON")]
    [InlineData("{\"a\":\n \"\\ud800\"}", "line 2, column 2", "surrogate")]
    [InlineData("{\"\\udc00\":1}", "line 1, column 2", "surrogate")]
    public void ErrorsHaveLineAndColumn(string text, string place, string mention)
    {
        var exception = Assert.Throws<ModelFormatException>(() => Parse(text));
        Assert.StartsWith("config.json: ", exception.Message, StringComparison.Ordinal);
        Assert.Contains(place, exception.Message, StringComparison.Ordinal);
        Assert.Contains(mention, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("BytePositionInLine", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheSameKeyInTwoObjectsIsFine()
    {
        using var document = Parse("""{"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":2}]}""");
        Assert.Equal(2, document.RootElement.GetProperty("c").GetArrayLength());
    }

    [Fact]
    public void DeepFilesAreRefused()
    {
        var exception = Assert.Throws<ModelFormatException>(() => Parse(new string('[', 100_000)));
        Assert.Contains("depth", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BytesThatAreNotUtf8AreRefused()
    {
        using var folder = new TempFolder();
        var path = folder.Write("bad.json", [(byte)'"', 0xff, (byte)'"']);
        Refusal.Of(path, () => LenientJson.Parse(path).Dispose(), "UTF-8");
    }

    [Fact]
    public void MissingFilesAndFoldersAreRefused()
    {
        using var folder = new TempFolder();
        Refusal.Of(folder["none"], () => LenientJson.Parse(folder["none"]).Dispose(), "no such file");
        Refusal.Of(folder.Root, () => LenientJson.Parse(folder.Root).Dispose(), "folder");
    }
}

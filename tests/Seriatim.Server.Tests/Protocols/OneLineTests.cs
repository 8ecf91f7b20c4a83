using System.Text;
using System.Text.Json;

namespace Seriatim.Server.Tests;

/// <summary>Events and lines of JSON hold no sign at which a reader of lines begins another.</summary>
public sealed class OneLineTests
{
    [Theory]
    [InlineData("a\u2028b")]
    [InlineData("\u2029")]
    [InlineData("他说\u0085“是”")]
    public void A_sign_that_ends_a_line_is_escaped_and_read_back(string text)
    {
        byte[] json = JsonOutput.BytesOf(writer => writer.WriteStringValue(text));
        string line = Encoding.UTF8.GetString(JsonOutput.OneLine(json));
        Assert.Single(line.Split(['\n', '\u0085', '\u2028', '\u2029']));
        Assert.Equal(text, JsonSerializer.Deserialize<string>(line));
    }

    [Fact]
    public void What_has_none_is_the_same_memory()
    {
        byte[] json = "\"“他” é\""u8.ToArray();
        Assert.True(JsonOutput.OneLine(json) == json);
    }
}

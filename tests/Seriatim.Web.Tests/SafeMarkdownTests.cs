using Seriatim.Web.Shell;

namespace Seriatim.Web.Tests;

/// <summary>What models write is text, whatever it looks like.</summary>
public sealed class SafeMarkdownTests
{
    [Theory]
    [InlineData("<script>alert(1)</script>", "<script")]
    [InlineData("a <img src=x onerror=alert(1)> b", "<img")]
    [InlineData("<div onclick='x()'>\n\ntext\n\n</div>", "<div")]
    [InlineData("[a](javascript:alert(1))", "<a ")]
    [InlineData("[a](JaVaScRiPt:alert(1) \"t\")", "<a ")]
    [InlineData("[a]( data:text/html,<script>1</script>)", "<a ")]
    [InlineData("<javascript:alert(1)>", "<a ")]
    [InlineData("![p](http://evil.example/p.png)", "<img")]
    [InlineData("![p][1]\n\n[1]: http://evil.example/p.png", "<img")]
    [InlineData("[a](/api/pull)", "<a ")]
    [InlineData("```html\n<script>alert(1)</script>\n```", "<script")]
    [InlineData("`<b onmouseover=x>`", "<b ")]
    [InlineData("&lt;script&gt;", "<script")]
    [InlineData("[x](http://a.example/\"onmouseover=\"alert(1))", "\"onmouseover=\"")]
    public void Nothing_of_it_becomes_an_element_that_acts(string text, string forbidden) =>
        Assert.DoesNotContain(forbidden, SafeMarkdown.Render(text).Value, StringComparison.OrdinalIgnoreCase);

    [Theory]
    [InlineData("**bold** and `code`", "<p><strong>bold</strong> and <code>code</code></p>\n")]
    [InlineData("```csharp\nint x;\n```", "<pre><code class=\"language-csharp\">int x;\n</code></pre>\n")]
    [InlineData("- one\n- two", "<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n")]
    [InlineData("[site](https://example.org)",
        "<p><a href=\"https://example.org\" rel=\"noopener noreferrer\" target=\"_blank\">site</a></p>\n")]
    public void What_is_meant_is_kept(string text, string html) => Assert.Equal(html, SafeMarkdown.Render(text).Value);

    [Fact]
    public void Deep_nesting_ends()
    {
        Assert.NotNull(SafeMarkdown.Render(new string('>', 50_000) + "x").Value);
        Assert.NotNull(SafeMarkdown.Render(new string('[', 50_000)).Value);
        Assert.NotNull(SafeMarkdown.Render(string.Concat(Enumerable.Repeat("**a ", 20_000))).Value);
    }
}

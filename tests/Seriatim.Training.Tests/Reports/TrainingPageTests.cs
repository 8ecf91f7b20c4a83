using System.Xml.Linq;

namespace Seriatim.Training.Tests;

public sealed class TrainingPageTests
{
    [Fact]
    public void Text_is_escaped_and_nothing_is_fetched()
    {
        string page = TrainingPage.Make("<script>alert(1)</script>", [new("prefix", "a \"quoted\" <b>&amp;"), new("é", "我")],
        [
            Entry(1, ("loss", 3), ("learning_rate", 0.001), ("tokens_per_second", 12345)),
            Entry(2, ("loss", double.NaN), ("grad_norm", 1)),
            Entry(2, ("eval_loss", 2.5)),
        ]);
        Assert.DoesNotContain("<script", page);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", page);
        Assert.Contains("a &quot;quoted&quot; &lt;b&gt;&amp;amp;", page);
        Assert.DoesNotContain("http", page);
        Assert.DoesNotContain("NaN", page);
        Assert.Contains("prefers-color-scheme:dark", page);
    }

    [Fact]
    public void Every_drawing_is_well_formed_and_inside_its_frame()
    {
        LogEntry[] entries = [.. Enumerable.Range(1, 2000).Select(i => Entry(i * 50, ("loss", 3 + Math.Sin(i)), ("learning_rate", 1e-5 * i), ("grad_norm", 0)))];
        string page = TrainingPage.Make("run", [], entries);
        string[] drawings = [.. page.Split("<svg ").Skip(1).Select(part => "<svg " + part[..(part.IndexOf("</svg>", StringComparison.Ordinal) + 6)])];
        Assert.Equal(3, drawings.Length);
        foreach (string drawing in drawings)
        {
            XElement svg = XElement.Parse(drawing);
            string[] points = svg.Elements("polyline").Single().Attribute("points")!.Value.Split(' ');
            Assert.Equal(600, points.Length);
            Assert.All(points, point =>
            {
                string[] xy = point.Split(',');
                Assert.InRange(double.Parse(xy[0], System.Globalization.CultureInfo.InvariantCulture), 0, 560);
                Assert.InRange(double.Parse(xy[1], System.Globalization.CultureInfo.InvariantCulture), 0, 230);
            });
        }
    }

    [Fact]
    public void A_page_of_nothing_is_a_page() => Assert.EndsWith("</html>\n", TrainingPage.Make("empty", [], []));

    private static LogEntry Entry(long step, params (string Name, double Value)[] values) =>
        new(step, values.ToDictionary(v => v.Name, v => v.Value));
}

using System.Text.Json;
using System.Text.RegularExpressions;

namespace Seriatim.Training.Tests;

public sealed partial class TrainingPageTests
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
        Assert.DoesNotContain("<script>alert", page);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", page);
        Assert.Contains("a &quot;quoted&quot; &lt;b&gt;&amp;amp;", page);
        Assert.DoesNotMatch("(?i)(src|href)\\s*=\\s*[\"'](?!data:)", page);
        Assert.DoesNotMatch("(?i)@import|url\\(|fetch\\(|XMLHttpRequest", page);
        Assert.Contains("prefers-color-scheme:dark", page);
        Assert.Equal(ReportPage.HasCharts, page.Contains("Permission is hereby granted", StringComparison.Ordinal));
        Assert.DoesNotContain("NaN", string.Concat(Charts(page)));
    }

    [ChartFact]
    public void A_long_curve_is_drawn_by_the_means_of_neighbours()
    {
        LogEntry[] entries = [.. Enumerable.Range(1, 2400)
            .Select(i => Entry(i, ("loss", i % 4), ("learning_rate", 1e-5 * i), ("grad_norm", 0)))];
        string[] charts = [.. Charts(TrainingPage.Make("run", [], entries))];
        Assert.Equal(3, charts.Length);
        foreach (string chart in charts)
        {
            JsonElement series = JsonDocument.Parse(chart).RootElement.GetProperty("series")[0];
            Assert.Equal(600, series.GetProperty("x").GetArrayLength());
            Assert.Equal(600, series.GetProperty("y").GetArrayLength());
        }

        JsonElement loss = JsonDocument.Parse(charts[0]).RootElement.GetProperty("series")[0];
        Assert.Equal(2.5, loss.GetProperty("x")[0].GetDouble());
        Assert.All(loss.GetProperty("y").EnumerateArray(), y => Assert.Equal(1.5, y.GetDouble()));
    }

    /// <summary>Text in a chart cannot end the element that holds it.</summary>
    [ChartFact]
    public void Text_of_a_chart_stays_inside()
    {
        string page = new ReportPage("t").Figure(new Chart("</script><b>", "x", "y", [new("</script>", [1], [null])])).End();
        Assert.Equal("</script><b>",
            JsonDocument.Parse(Assert.Single(Charts(page))).RootElement.GetProperty("title").GetString());
    }

    [Fact]
    public void A_page_of_nothing_is_a_page() => Assert.EndsWith("</html>\n", TrainingPage.Make("empty", [], []));

    private static IEnumerable<string> Charts(string page) =>
        ChartData().Matches(page).Select(match => match.Groups[1].Value);

    [GeneratedRegex("<script type=\"application/json\" class=\"chart-data\">(.*?)</script>")]
    private static partial Regex ChartData();

    private sealed class ChartFactAttribute : FactAttribute
    {
        public ChartFactAttribute() =>
            Skip = ReportPage.HasCharts ? null : "This build was made without npm, from which it takes uPlot.";
    }

    private static LogEntry Entry(long step, params (string Name, double Value)[] values) =>
        new(step, values.ToDictionary(v => v.Name, v => v.Value));
}

using Seriatim.Lab;

namespace Seriatim.Cli.Tests;

/// <summary>Plots in characters.</summary>
public sealed class TextPlotTests
{
    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(200)]
    public void Lines_stand_where_their_numbers_say_and_fit(int width)
    {
        var plot = new LabPlot("t", "tokens", "ms", [new("one", [1, 2, 4], [1, 10, 100]), new("two", [1, 4], [100, 1])])
        {
            LogX = true,
            LogY = true,
        };
        string[] lines = [.. TextPlot.Draw(plot, width)];
        Assert.All(lines, line => Assert.True(line.Length <= Math.Min(width, 72), line));
        string[] frame = [.. lines.Where(line => line.Contains('│')).Select(line => line[(line.IndexOf('│') + 1)..])];
        Assert.Equal('b', frame[0][0]);
        Assert.Equal('a', frame[^1][0]);
        Assert.Equal('a', frame[0][^1]);
        Assert.Equal('b', frame[^1][^1]);
        Assert.StartsWith("100", lines[1].TrimStart());
        Assert.Contains("a one  b two", lines);
    }

    [Fact]
    public void Bars_are_as_long_as_their_numbers()
    {
        var plot = new LabPlot("t", "x", "y", [new("s", [0, 1, 2], [4, 2, 0])]) { Names = ["first", "second", "none"] };
        int[] lengths = [.. TextPlot.Draw(plot, 60).Skip(1).Select(line => line.Count(c => c == '█'))];
        Assert.Equal(lengths[0], 2 * lengths[1]);
        Assert.Equal(0, lengths[2]);
        Assert.True(lengths[0] > 20);
    }

    [Fact]
    public void A_plot_of_nothing_or_of_one_point_is_drawn()
    {
        Assert.Empty(TextPlot.Draw(new LabPlot("t", "x", "y", [new("s", [1], [double.NaN])]), 60));
        Assert.Contains("a", string.Concat(TextPlot.Draw(new LabPlot("t", "x", "y", [new("s", [1], [5])]), 60)));
    }
}

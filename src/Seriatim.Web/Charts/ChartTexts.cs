using Seriatim.Web.Texts;

namespace Seriatim.Web.Charts;

/// <summary>What is said of charts.</summary>
internal static class ChartTexts
{
    public static readonly Text None = new(
        "No chart: this build was made without npm, from which it takes uPlot.",
        "没有图表：此版本构建时没有 npm，无法取得 uPlot。");
}

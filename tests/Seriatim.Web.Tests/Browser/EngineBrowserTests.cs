using Microsoft.Playwright;
using Seriatim.Tests;

namespace Seriatim.Web.Tests;

/// <summary>The engine in a real browser.</summary>
[Collection(nameof(BrowserFixture))]
public sealed class EngineBrowserTests(BrowserFixture fixture)
{
    [BrowserTheory]
    [InlineData("en", "light", 1280)]
    [InlineData("zh", "dark", 390)]
    public async Task Load_is_made_and_seen_and_a_trace_of_it_is_opened_again(string language, string theme, int width)
    {
        await using Visitor visitor = await fixture.VisitAsync("engine", language, theme, width);
        IPage page = visitor.Page;
        Assert.Equal(language == "zh" ? "引擎" : "Engine", await page.InnerTextAsync("h1"));
        await page.SelectOptionAsync("#model", "stories");
        await page.ClickAsync("#engine-record");
        // Long enough to be seen on a machine that answers each request before the next one comes.
        await page.FillAsync("#engine-requests", "32");
        await page.PressAsync("#engine-requests", "Tab");
        await page.FillAsync("#engine-tokens", "120");
        await page.PressAsync("#engine-tokens", "Tab");
        await page.ClickAsync("#engine-load");
        await page.WaitForSelectorAsync(".grid tbody tr td:has-text('■')");
        await page.WaitForFunctionAsync("document.querySelectorAll('[data-maps] canvas').length === 1");
        await page.WaitForSelectorAsync("#engine-load");
        await page.WaitForFunctionAsync("document.querySelectorAll('[data-trees] rect').length > 0");

        // Somebody without a mouse asks who was in the last step.
        await page.FocusAsync("[data-lanes]");
        await page.PressAsync("[data-lanes]", "ArrowLeft");
        Assert.Matches("#\\d+", await page.InnerTextAsync("[data-tip]"));
        await visitor.IsAccessibleAsync();
        await visitor.FitsAsync();

        await page.ClickAsync("#engine-record");
        IDownload download = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync("#engine-download"));
        using var folder = new TempFolder();
        string file = Path.Combine(folder.Path, "trace.jsonl");
        await download.SaveAsAsync(file);
        Assert.Contains("\"engine.frame\"", await File.ReadAllTextAsync(file));
        await page.SetInputFilesAsync("#engine-trace", file);
        await page.WaitForSelectorAsync("#engine-live");
        await page.FocusAsync("input[type=range]");
        await page.PressAsync("input[type=range]", "ArrowLeft");
        await visitor.IsAccessibleAsync();
        await page.ClickAsync("#engine-live");
        await page.WaitForSelectorAsync("#engine-load");

        await File.WriteAllTextAsync(file, "no trace");
        await page.SetInputFilesAsync("#engine-trace", file);
        await page.WaitForSelectorAsync("[role=alert]:has-text('1')");
        visitor.IsContent();
    }
}

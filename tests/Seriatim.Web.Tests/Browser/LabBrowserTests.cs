using Microsoft.Playwright;
using Seriatim.Tests;

namespace Seriatim.Web.Tests;

/// <summary>The lab in a real browser.</summary>
[Collection(nameof(BrowserFixture))]
public sealed class LabBrowserTests(BrowserFixture fixture)
{
    [BrowserTheory]
    [InlineData("en", "dark", 390)]
    [InlineData("zh", "light", 1280)]
    public async Task An_experiment_is_chosen_watched_and_its_report_opened(string language, string theme, int width)
    {
        using var folder = new TempFolder();
        await using PageServer server = await PageServer.StartAsync(
            page: page => (page.AllowsTraining, page.DataFolder, page.OffersTinyLab) = (true, folder.Path, true));
        await using Visitor visitor = await fixture.VisitAsync("lab", language, theme, width, server: server);
        IPage page = visitor.Page;
        await visitor.IsAccessibleAsync();
        await visitor.FitsAsync();

        // What is wrong is said, and what was chosen stays.
        await page.ClickAsync("#lab-start");
        await page.WaitForSelectorAsync("#lab-wrong");
        await page.CheckAsync("#lab-residual");
        await page.FillAsync("#lab-seed", "x");
        await page.PressAsync("#lab-seed", "Tab");
        await page.ClickAsync("#lab-start");
        await page.WaitForSelectorAsync("#lab-wrong:has-text('x')");
        Assert.True(await page.IsCheckedAsync("#lab-residual"));
        await page.FillAsync("#lab-seed", "2");
        await page.PressAsync("#lab-seed", "Tab");
        await page.ClickAsync("#lab-start");
        await page.WaitForSelectorAsync("#lab-running");
        await page.ReloadAsync();
        await page.WaitForSelectorAsync("#lab-results .uplot", new() { Timeout = 60_000 });
        await visitor.IsAccessibleAsync();
        await visitor.FitsAsync();

        IPage report = await page.RunAndWaitForPopupAsync(() => page.ClickAsync(".open-report"));
        await report.WaitForSelectorAsync(".uplot");
        Assert.Equal(language == "zh" ? "Seriatim 实验室" : "Seriatim lab", await report.InnerTextAsync("h1"));
        visitor.IsContent();
    }
}

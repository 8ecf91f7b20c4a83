using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Seriatim.Tests;
using Seriatim.Web.Lab;

namespace Seriatim.Web.Tests;

/// <summary>The lab in a real browser.</summary>
[Collection(nameof(BrowserFixture))]
public sealed class LabBrowserTests(BrowserFixture fixture)
{
    [BrowserFact]
    public async Task An_experiment_is_chosen_watched_and_its_report_opened()
    {
        using var folder = new TempFolder();
        await using PageServer server = await PageServer.StartAsync(
            page: page => (page.AllowsTraining, page.DataFolder, page.OffersTinyLab) = (true, folder.Path, true));
        await using Visitor visitor = await fixture.VisitAsync("lab", server: server);
        IPage page = visitor.Page;
        await visitor.ShowAsync("lab");

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

        // The run stands still at its first experiment while it is looked at.
        using var still = new Standstill();
        LabWork work = server.Services.GetRequiredService<LabWork>();
        work.Changed += () =>
        {
            if (work.Now is not null)
                still.Here();
        };
        await page.ClickAsync("#lab-start");
        await still.ReachedAsync();
        await page.ReloadAsync();
        await page.WaitForSelectorAsync("#lab-running #lab-stop");
        await visitor.ShootAsync("lab-running-390-dark");
        await visitor.IsAccessibleAsync();
        still.Dispose();
        await page.WaitForSelectorAsync("#lab-results .uplot");
        await visitor.ShowAsync("lab-results");
        await visitor.SpeakAsync("实验室");

        IPage report = await page.RunAndWaitForPopupAsync(() => page.ClickAsync(".open-report"));
        await report.WaitForSelectorAsync(".uplot");
        Assert.Equal("Seriatim 实验室", await report.InnerTextAsync("h1"));
        visitor.IsContent();
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Seriatim.Tests;
using Seriatim.Web.Training;

namespace Seriatim.Web.Tests;

/// <summary>Training in a real browser.</summary>
[Collection(nameof(BrowserFixture))]
public sealed class TrainingBrowserTests(BrowserFixture fixture)
{
    [BrowserFact]
    public async Task A_text_is_trained_on_stopped_gone_on_with_and_the_model_is_talked_with()
    {
        using var folder = new TempFolder();
        await using PageServer server =
            await PageServer.StartAsync(page: page => (page.AllowsTraining, page.DataFolder) = (true, folder.Path));
        await using Visitor visitor = await fixture.VisitAsync("training", server: server);
        IPage page = visitor.Page;
        await PrepareAsync(page, folder.Path);
        await visitor.ShootAsync("training-ready-1280-light");

        // The run stands still at its first checkpoint while it is looked at.
        using var still = new Standstill();
        TrainingWork work = server.Services.GetRequiredService<TrainingWork>();
        work.Changed += () =>
        {
            if (work.Current is { Record.Samples.Count: > 0 })
                still.Here();
        };
        await page.ClickAsync("#training-start");
        await still.ReachedAsync();
        await page.WaitForSelectorAsync(".sample");
        await page.ReloadAsync();
        await page.WaitForSelectorAsync(".sample");
        await page.WaitForSelectorAsync(".uplot");
        await visitor.ShowAsync("training-running");
        await page.ClickAsync("#training-stop");
        await page.WaitForSelectorAsync("#training-stop:disabled");
        still.Dispose();
        await page.ClickAsync(".resume");
        await page.WaitForSelectorAsync(".use-in-chat");
        await page.ClickAsync("button[aria-expanded=false]");
        await page.WaitForSelectorAsync(".sample >> nth=1");
        await page.WaitForSelectorAsync(".uplot");
        await visitor.ShowAsync("training-done");
        await visitor.SpeakAsync("训练");
        await page.ClickAsync(".use-in-chat");
        await page.WaitForSelectorAsync("#say");
        Assert.Equal("cats", await page.InputValueAsync("#model"));
        visitor.IsContent();
    }

    [BrowserFact]
    public async Task A_gigabyte_is_refused_before_it_is_read()
    {
        using var folder = new TempFolder();
        await using PageServer server =
            await PageServer.StartAsync(page: page => (page.AllowsTraining, page.DataFolder) = (true, folder.Path));
        await using Visitor visitor = await fixture.VisitAsync("training", server: server);
        string file = Path.Combine(folder.Path, "big.txt");
        using (FileStream sparse = File.Create(file))
            sparse.SetLength(1L << 30);
        await visitor.Page.SetInputFilesAsync("#training-text", file);
        await visitor.Page.WaitForSelectorAsync("#training-wrong:has-text('1.1 GB')");
        visitor.IsContent();
    }

    /// <summary>Fills in the form; what is wrong is said, and what was typed stays.</summary>
    private static async Task PrepareAsync(IPage page, string folder)
    {
        await page.FillAsync("#training-title", "cats");
        await page.ClickAsync("#training-prepare");
        await page.WaitForSelectorAsync("#training-wrong");
        string file = Path.Combine(folder, "text.txt");
        await File.WriteAllTextAsync(file, "a");
        await page.SetInputFilesAsync("#training-text", file);
        await page.WaitForSelectorAsync("#training-wrong:has-text('2,000')");
        await File.WriteAllLinesAsync(file,
            Enumerable.Range(0, 120).Select(i => $"the cat number {i} sat on the mat and sang a song"));
        await page.SetInputFilesAsync("#training-text", file);
        await page.WaitForSelectorAsync("#training-chosen:has-text('text.txt')");
        Assert.Equal("cats", await page.InputValueAsync("#training-title"));
        await page.FillAsync("#training-steps", "50");
        await page.PressAsync("#training-steps", "Tab");
        await page.ClickAsync("#training-prepare");
        await page.WaitForSelectorAsync("#training-memory");
    }
}

using Microsoft.Playwright;
using Seriatim.Tests;

namespace Seriatim.Web.Tests;

/// <summary>Training in a real browser.</summary>
[Collection(nameof(BrowserFixture))]
public sealed class TrainingBrowserTests(BrowserFixture fixture)
{
    [BrowserTheory]
    [InlineData("en", "light", 1280)]
    [InlineData("zh", "dark", 390)]
    public async Task A_text_is_trained_on_and_the_model_is_talked_with(string language, string theme, int width)
    {
        using var folder = new TempFolder();
        await using PageServer server =
            await PageServer.StartAsync(page: page => (page.AllowsTraining, page.DataFolder) = (true, folder.Path));
        await using Visitor visitor = await fixture.VisitAsync("training", language, theme, width, server: server);
        IPage page = visitor.Page;
        await visitor.IsAccessibleAsync();

        // What is wrong is said, and what was typed stays.
        await page.FillAsync("#training-title", "cats");
        await page.ClickAsync("#training-prepare");
        await page.WaitForSelectorAsync("#training-wrong");
        string file = Path.Combine(folder.Path, "text.txt");
        await File.WriteAllTextAsync(file, "a");
        await page.SetInputFilesAsync("#training-text", file);
        await page.WaitForSelectorAsync("#training-wrong:has-text('2,000')");
        await File.WriteAllLinesAsync(file,
            Enumerable.Range(0, 120).Select(i => $"the cat number {i} sat on the mat and sang a song"));
        await page.SetInputFilesAsync("#training-text", file);
        await page.WaitForSelectorAsync("#training-chosen:has-text('text.txt')");
        Assert.Equal("cats", await page.InputValueAsync("#training-title"));
        await page.FillAsync("#training-steps", "16");
        await page.PressAsync("#training-steps", "Tab");
        await page.ClickAsync("#training-prepare");
        await page.WaitForSelectorAsync("#training-memory");
        await page.ClickAsync("#training-start");

        // It goes on when the page is loaded again.
        await page.ReloadAsync();
        await page.WaitForSelectorAsync(".use-in-chat", new() { Timeout = 60_000 });
        await page.ClickAsync("button[aria-expanded=false]");
        await page.WaitForSelectorAsync(".sample");
        await page.WaitForSelectorAsync(".uplot");
        await visitor.IsAccessibleAsync();
        await visitor.FitsAsync();
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
}

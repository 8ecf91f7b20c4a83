using Microsoft.Playwright;
using Seriatim.Tests;

namespace Seriatim.Web.Tests;

/// <summary>The engine in a real browser.</summary>
[Collection(nameof(BrowserFixture))]
public sealed class EngineBrowserTests(BrowserFixture fixture)
{
    [BrowserFact]
    public async Task Load_is_made_and_seen_and_a_trace_of_it_is_opened_again()
    {
        using HeldAnswers held = fixture.Server.Hold("/v1/completions");
        await using Visitor visitor = await fixture.VisitAsync("engine");
        IPage page = visitor.Page;
        Assert.Equal("Engine", await page.InnerTextAsync("h1"));
        await page.SelectOptionAsync("#model", "stories");
        await page.ClickAsync("#engine-record");

        // Somebody's requests whose answers nobody reads: the engine has them as long as the test looks at them.
        foreach (string end in (string[])["there was a dog.", "there was a cat."])
            await fixture.Server.AskAsync(held, "stories", "Once upon a time in a big green wood by the sea " + end);
        await page.WaitForSelectorAsync(".grid tbody tr:nth-child(2) td:has-text('set aside')");
        await MakeLoadAsync(page, held);
        await visitor.UntilAsync("document.querySelectorAll('[data-maps] canvas').length === 1");
        await visitor.UntilAsync("document.querySelectorAll('[data-trees] rect').length > 0");

        // Somebody without a mouse asks who was in the last step.
        await page.FocusAsync("[data-lanes]");
        await page.PressAsync("[data-lanes]", "ArrowLeft");
        Assert.Matches("#\\d+", await page.InnerTextAsync("[data-tip]"));
        await visitor.ShowAsync("engine");

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
        await visitor.SpeakAsync("引擎");
        await visitor.ShootAsync("engine-trace-390-zh");
        await page.ClickAsync("#engine-live");
        await page.WaitForSelectorAsync("#engine-load");

        await File.WriteAllTextAsync(file, "no trace");
        await page.SetInputFilesAsync("#engine-trace", file);
        await page.WaitForSelectorAsync("[role=alert]:has-text('1')");
        visitor.IsContent();
    }

    /// <summary>A load of three: the answer to the first comes, the others are stopped.</summary>
    private static async Task MakeLoadAsync(IPage page, HeldAnswers held)
    {
        foreach ((string field, string value) in ((string, string)[])[("#engine-requests", "3"), ("#engine-tokens", "24")])
        {
            await page.FillAsync(field, value);
            await page.PressAsync(field, "Tab");
        }

        await page.ClickAsync("#engine-load");
        (await held.NextAsync()).Open(); // The load asks first what the model can be asked.
        HeldAnswer[] load = [await held.NextAsync(), await held.NextAsync(), await held.NextAsync()];
        await page.WaitForSelectorAsync("#engine-load-stop:has-text('0 of 3')");
        load[0].Open();
        await page.WaitForSelectorAsync("#engine-load-stop:has-text('1 of 3')");
        await page.ClickAsync("#engine-load-stop");
        await page.WaitForSelectorAsync("#engine-load");
    }
}

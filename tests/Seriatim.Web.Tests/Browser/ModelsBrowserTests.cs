using Microsoft.Playwright;
using Seriatim.Tests;

namespace Seriatim.Web.Tests;

/// <summary>The models in a real browser.</summary>
[Collection(nameof(BrowserFixture))]
public sealed class ModelsBrowserTests(BrowserFixture fixture)
{
    [BrowserFact]
    public async Task A_model_is_loaded_quantised_used_and_unloaded()
    {
        using var folder = new TempFolder();
        string tiny = Path.Combine(folder.Path, "tiny");
        Directory.CreateDirectory(tiny);
        TinyModels.WriteLlama(tiny);
        await using PageServer server = await PageServer.StartAsync(options =>
        {
            options.BuiltInModels = false;
            options.ModelsFolder = folder.Path;
            options.AllowsPulling = true;
        });
        await using Visitor visitor = await fixture.VisitAsync("models", server: server);
        IPage page = visitor.Page;
        await page.ClickAsync("[data-model=tiny] button:has-text('Load')");
        await page.WaitForSelectorAsync("[data-model=tiny] .state.loaded");
        Assert.Contains("of memory, context 256", await page.InnerTextAsync("[data-model=tiny]"));
        await page.SelectOptionAsync("#mix-tiny", "q8_0");
        await page.ClickAsync("[data-model=tiny] button:has-text('Quantise')");
        await page.WaitForSelectorAsync("[data-model=tiny-q8_0]");
        Assert.True(File.Exists(Path.Combine(folder.Path, "tiny-q8_0.gguf")));
        await page.ClickAsync("[data-model=tiny-q8_0] button:has-text('Load')");
        await page.WaitForSelectorAsync("[data-model=tiny-q8_0] .state.loaded");
        await page.ClickAsync("[data-model=tiny] button:has-text('Quantise')");
        await page.WaitForSelectorAsync("[data-model=tiny] .failure");
        Assert.Contains("is there already", await page.InnerTextAsync("[data-model=tiny] .failure"));
        await page.ClickAsync("[data-model=tiny] button:has-text('Unload')");
        await page.WaitForSelectorAsync("[data-model=tiny] .state.unloaded");
        await visitor.ShowAsync("models");
        await visitor.SpeakAsync("模型");
        visitor.IsContent();
    }

    [BrowserFact]
    public async Task Nothing_is_fetched_where_it_is_not_allowed()
    {
        await using Visitor visitor = await fixture.VisitAsync("models", "zh", "dark", 390, 844);
        Assert.True(await visitor.Page.IsDisabledAsync("#pull"));
        Assert.Contains("--allow-pull", await visitor.Page.InnerTextAsync("main"));
        await visitor.IsAccessibleAsync();
        visitor.IsContent();
    }
}

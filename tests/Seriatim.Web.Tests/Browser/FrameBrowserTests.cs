using Microsoft.Playwright;
using Seriatim.Server;
using Seriatim.Web.Shell;

namespace Seriatim.Web.Tests;

/// <summary>The frame around the views: navigation, keys, lost connections.</summary>
[Collection(nameof(BrowserFixture))]
public sealed class FrameBrowserTests(BrowserFixture fixture)
{
    [BrowserTheory]
    [InlineData("en", "dark", 1280)]
    [InlineData("zh", "light", 390)]
    public async Task Every_view_is_reached_by_the_navigation_and_fits(string language, string theme, int width)
    {
        await using Visitor visitor = await fixture.VisitAsync("models", language, theme, width, 844);
        foreach (PageView view in PageViews.All)
        {
            string name = view.Name.In(language == "zh" ? Texts.Language.Chinese : Texts.Language.English);
            await visitor.Page.ClickAsync($"nav a:has-text('{name}')");
            await visitor.UntilAsync($"document.querySelector('h1')?.innerText === '{name}'");
            Assert.Equal($"{name} · Seriatim", await visitor.Page.TitleAsync());
            await visitor.FitsAsync();
            await visitor.IsAccessibleAsync();
        }

        visitor.IsContent();
    }

    [BrowserFact]
    public async Task A_key_is_asked_for_once()
    {
        await using PageServer server = await PageServer.StartAsync(
            options => options.ApiKeys.Add(new ApiKeyOptions { Key = "sk-right" }));
        await using Visitor visitor = await fixture.VisitAsync("models", server: server);
        IPage page = visitor.Page;
        await visitor.IsAccessibleAsync();
        await page.FillAsync("#key", "sk-wrong");
        await page.PressAsync("#key", "Enter");
        await page.WaitForSelectorAsync(".key-form .wrong");
        await page.FillAsync("#key", "sk-right");
        await page.PressAsync("#key", "Enter");
        await visitor.UntilAsync("document.querySelector('h1')?.innerText === 'Models'");
        await page.ReloadAsync();
        await visitor.UntilAsync("document.querySelector('h1')?.innerText === 'Models'");
        Assert.DoesNotContain("sk-right", await page.ContentAsync());
        Assert.DoesNotContain("seriatim-key", await page.EvaluateAsync<string>("() => document.cookie"));
        visitor.IsContent();
    }

    [BrowserFact]
    public async Task A_server_that_is_started_again_is_seen_and_what_was_typed_is_kept()
    {
        PageServer server = await PageServer.StartAsync();
        await using Visitor visitor = await fixture.VisitAsync(server: server);
        IPage page = visitor.Page;
        await page.FillAsync("#max-tokens", "7");
        await page.PressAsync("#max-tokens", "Tab");
        await page.Locator("#say").PressSequentiallyAsync("half a sent");
        await visitor.SpeakAsync("对话");
        int port = new Uri(server.Url).Port;
        await server.DisposeAsync();
        await page.WaitForSelectorAsync("#components-reconnect-modal.show");
        string told = await page.InnerTextAsync("#components-reconnect-modal");
        Assert.Contains("您输入的内容仍在", told);
        Assert.DoesNotContain("what you typed", told);
        await using PageServer again = await PageServer.StartAsync(port: port);

        // Somebody who does not wait for the next attempt.
        await page.EvaluateAsync("() => { const retry = document.getElementById('reconnect-retry'); "
            + "if (retry.checkVisibility()) retry.click(); }");
        await page.WaitForSelectorAsync("#components-reconnect-modal.restarted");
        visitor.Forgive();
        await page.ClickAsync("#reconnect-reload");
        await visitor.UntilAsync("document.getElementById('say')?.value === 'half a sent'");
        Assert.Equal("7", await page.InputValueAsync("#max-tokens"));
        visitor.IsContent();
    }
}

using System.Text.Json;
using Microsoft.Playwright;

namespace Seriatim.Web.Tests;

/// <summary>
/// Somebody who looks at the page. What the page must never do is noticed whatever he does: an error of its console, a request to
/// another host.
/// </summary>
internal sealed class Visitor : IAsyncDisposable
{
    /// <summary>Seconds that are waited for anything. Nobody waits so long unless the machine does much else.</summary>
    public const int Patience = 120;

    private readonly IBrowserContext _context;
    private readonly List<string> _wrong = [];

    private Visitor(IBrowserContext context, IPage page, string url) => (_context, Page, Url) = (context, page, url);

    public IPage Page { get; }

    public string Url { get; }

    public static async Task<Visitor> OpenAsync(
        IBrowser browser, string url, string path, string language, string theme, int width, int height)
    {
        IBrowserContext context = await browser.NewContextAsync(new()
        {
            ViewportSize = new() { Width = width, Height = height },
            ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(Patience * 1000);
        await context.AddCookiesAsync(
            [new() { Name = "seriatim-language", Value = language, Url = url },
            new() { Name = "seriatim-theme", Value = theme, Url = url }]);
        var visitor = new Visitor(context, await context.NewPageAsync(), url);
        string host = new Uri(url).Authority;
        visitor.Page.Console += (_, message) =>
        {
            if (message.Type is "error")
                visitor.Note($"console: {message.Text}");
        };
        visitor.Page.PageError += (_, error) => visitor.Note($"error: {error}");
        visitor.Page.Request += (_, request) =>
        {
            if (Uri.TryCreate(request.Url, UriKind.Absolute, out Uri? to)
                && to.Scheme is not ("data" or "blob") && to.Authority != host)
                visitor.Note($"another host: {request.Url}");
        };
        await visitor.Page.GotoAsync($"{url}/{path}");
        await visitor.Page.WaitForSelectorAsync("h1");
        return visitor;
    }

    /// <summary>Waits until something holds in the page. Its policy forbids what the library's own waiting does.</summary>
    public async Task UntilAsync(string holds, string? orElse = null)
    {
        for (long start = Environment.TickCount64; Environment.TickCount64 - start < Patience * 1000L; await Task.Delay(20))
        {
            try
            {
                if (await Page.EvaluateAsync<bool>($"() => Boolean({holds})"))
                    return;
            }
            catch (PlaywrightException)
            {
                // The page was being left for another one.
            }
        }

        Assert.Fail($"After {Patience} seconds it does not hold that {holds}:\n"
            + (orElse is null ? await Page.InnerTextAsync("body") : await Page.EvaluateAsync<string>(orElse)));
    }

    /// <summary>Says something in the chat, and waits until the answer has ended.</summary>
    public async Task SayAsync(string text)
    {
        int before = await Page.Locator(".turn.asked").CountAsync();
        await Page.FillAsync("#say", text);
        await Page.PressAsync("#say", "Enter");
        await UntilAsync($"document.querySelectorAll('.turn.asked').length > {before}");
        await Page.WaitForSelectorAsync("#say-send");
    }

    /// <summary>The id that this browser keeps its conversations by. The page gives it one once it is joined to its server.</summary>
    public async Task<string> BrowserIdAsync()
    {
        await UntilAsync("localStorage.getItem('seriatim-browser')");
        return await Page.EvaluateAsync<string>("() => localStorage.getItem('seriatim-browser')");
    }

    /// <summary>As on another screen.</summary>
    public Task ResizeAsync(int width, int height = 844) => Page.SetViewportSizeAsync(width, height);

    /// <summary>Makes the page light or dark.</summary>
    public async Task ShadeAsync(string theme)
    {
        if (await Page.EvaluateAsync<string>("() => document.documentElement.className") == theme)
            return;
        await Page.ClickAsync("#switch-theme");
        await UntilAsync($"document.documentElement.className === '{theme}' && "
            + $"document.querySelector('#switch-theme').ariaPressed === '{(theme == "dark" ? "true" : "false")}'");
    }

    /// <summary>
    /// A picture for whoever looks at it, into the folder that SERIATIM_SHOTS names; without one there is none.
    /// </summary>
    public async Task ShootAsync(string name, bool isWhole = true)
    {
        if (Environment.GetEnvironmentVariable("SERIATIM_SHOTS") is not { Length: > 0 } folder)
            return;
        await Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png"), FullPage = isWhole });
    }

    /// <summary>Nothing was wrong until now; what was is forgotten.</summary>
    public void IsContent()
    {
        lock (_wrong)
        {
            Assert.True(_wrong.Count == 0, string.Join('\n', _wrong));
            _wrong.Clear();
        }
    }

    /// <summary>What a lost connection is told by is not an error of the page.</summary>
    public void Forgive()
    {
        lock (_wrong)
            _wrong.Clear();
    }

    /// <summary>Nothing serious is in the way of people who see, hear or move otherwise.</summary>
    public async Task IsAccessibleAsync()
    {
        await Page.EvaluateAsync(await File.ReadAllTextAsync(Chromium.Axe));
        JsonElement result = await Page.EvaluateAsync<JsonElement>("() => axe.run()");
        string[] serious = [.. result.GetProperty("violations").EnumerateArray()
            .Where(found => found.GetProperty("impact").GetString() is "serious" or "critical")
            .Select(found => $"{found.GetProperty("id").GetString()}: "
                + $"{found.GetProperty("nodes")[0].GetProperty("html").GetString()}\n"
                + found.GetProperty("nodes")[0].GetProperty("failureSummary").GetString())];
        Assert.True(serious.Length == 0, string.Join('\n', serious));
    }

    /// <summary>Nothing stands out at the right, once what follows the page's width has followed.</summary>
    public Task FitsAsync() => UntilAsync("document.scrollingElement.scrollWidth <= innerWidth", orElse: """
        () => [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 0.5)
            .map(e => `${e.tagName}.${e.className} ends at ${e.getBoundingClientRect().right} of ${innerWidth}`).join('\n')
        """);

    /// <summary>
    /// The page as it is, light and dark, on a screen and on a phone: all of it fits, and nothing is in anybody's way.
    /// </summary>
    public async Task ShowAsync(string name)
    {
        foreach (string theme in (string[])["light", "dark"])
        {
            await ShadeAsync(theme);
            foreach (int width in (int[])[1280, 390])
            {
                await ResizeAsync(width);
                await FitsAsync();
                await ShootAsync($"{name}-{width}-{theme}");
                if ((theme, width) is ("light", 1280) or ("dark", 390))
                    await IsAccessibleAsync();
            }
        }
    }

    /// <summary>Has the page speak the other language: the view has that name in it.</summary>
    public async Task SpeakAsync(string view)
    {
        await Page.ClickAsync("#switch-language");
        await UntilAsync($"document.querySelector('h1')?.innerText === '{view}'");
        await FitsAsync();
        await IsAccessibleAsync();
    }

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();

    private void Note(string what)
    {
        lock (_wrong)
            _wrong.Add(what);
    }
}

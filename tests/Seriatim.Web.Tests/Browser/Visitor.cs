using System.Text.Json;
using Microsoft.Playwright;

namespace Seriatim.Web.Tests;

/// <summary>
/// Somebody who looks at the page. What the page must never do is noticed whatever he does: an error of its console, a request to
/// another host.
/// </summary>
internal sealed class Visitor : IAsyncDisposable
{
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
        context.SetDefaultTimeout(20_000);
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
    public async Task UntilAsync(string holds, int seconds = 20)
    {
        for (long start = Environment.TickCount64; Environment.TickCount64 - start < seconds * 1000L; await Task.Delay(40))
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

        Assert.Fail($"After {seconds} seconds it does not hold that {holds}:\n{await Page.InnerTextAsync("body")}");
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

    /// <summary>Nothing stands out at the right.</summary>
    public async Task FitsAsync() => Assert.True(
        await Page.EvaluateAsync<bool>("() => document.scrollingElement.scrollWidth <= innerWidth"),
        $"The page is {await Page.EvaluateAsync<int>("() => document.scrollingElement.scrollWidth")} wide.");

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();

    private void Note(string what)
    {
        lock (_wrong)
            _wrong.Add(what);
    }
}

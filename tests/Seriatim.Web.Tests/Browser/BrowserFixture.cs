using Microsoft.Playwright;

namespace Seriatim.Web.Tests;

/// <summary>One browser and one server with the page for all tests that need no server of their own.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private PageServer? _server;

    internal PageServer Server => _server!;

    public async Task InitializeAsync()
    {
        if (Chromium.Missing is not null)
            return;
        _playwright = await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout(Visitor.Patience * 1000);
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Chromium.Path,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        });
        _server = await PageServer.StartAsync();
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
        if (_server is not null)
            await _server.DisposeAsync();
    }

    /// <summary>Somebody with a browser of his own: no cookie of another's.</summary>
    internal Task<Visitor> VisitAsync(string path = "", string language = "en", string theme = "light", int width = 1280,
        int height = 800, PageServer? server = null) =>
        Visitor.OpenAsync(_browser!, (server ?? _server!).Url, path, language, theme, width, height);
}

using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using Seriatim.Server;
using Seriatim.Web.Shell;

namespace Seriatim.Web.Tests;

/// <summary>What is asked of the page over HTTP, without a browser.</summary>
public sealed class PageTests
{
    [Fact]
    public async Task Browsers_get_the_page_and_everybody_else_what_the_server_always_answered()
    {
        await using PageServer server = await PageServer.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        Assert.Contains("is running", await client.GetStringAsync("/"));
        using HttpResponseMessage head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/"));
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        foreach (PageView view in PageViews.All)
        {
            using HttpResponseMessage page = await GetAsync(client, view.Route, "text/html,application/xhtml+xml,*/*;q=0.8");
            Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
            Assert.Equal(PageGuard.Policy, page.Headers.GetValues("Content-Security-Policy").Single());
            if (view.Route != "/")
            {
                using HttpResponseMessage api = await GetAsync(client, view.Route, "application/json");
                Assert.Equal(HttpStatusCode.NotFound, api.StatusCode);
                Assert.Contains("unknown_url", await api.Content.ReadAsStringAsync());
            }
        }
    }

    [Fact]
    public async Task What_the_page_loads_lies_in_the_program()
    {
        await using PageServer server = await PageServer.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        using HttpResponseMessage page = await GetAsync(client, "/", "text/html");
        string html = await page.Content.ReadAsStringAsync();
        string[] files = [.. System.Text.RegularExpressions.Regex.Matches(html, "(?:src|href)=\"([^\"]+)\"")
            .Select(match => match.Groups[1].Value).Where(file => file != "/")];
        Assert.True(files.Length >= 6, html);
        foreach (string file in files)
        {
            Assert.StartsWith("page/assets/", file);
            using HttpResponseMessage answer = await GetAsync(client, file, "*/*", "gzip");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Contains("immutable", $"{answer.Headers.CacheControl}");
            Assert.Equal("gzip", answer.Content.Headers.ContentEncoding.Single());
        }

        using HttpResponseMessage none = await GetAsync(client, "/page/assets/x/nothing.js", "*/*");
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
    }

    [Theory]
    [InlineData("http://evil.example")]
    [InlineData("null")]
    public async Task Requests_of_other_sites_are_refused(string origin)
    {
        await using PageServer server = await PageServer.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        foreach (string path in (string[])["/_blazor/negotiate?negotiateVersion=1", PageKey.Path])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path);
            request.Headers.Add("Origin", origin);
            using HttpResponseMessage answer = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        }

        using var own = new HttpRequestMessage(HttpMethod.Post, "/_blazor/negotiate?negotiateVersion=1");
        own.Headers.Add("Origin", server.Url);
        using HttpResponseMessage taken = await client.SendAsync(own);
        Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
    }

    [Fact]
    public async Task Web_sockets_of_other_sites_are_refused()
    {
        await using PageServer server = await PageServer.StartAsync();
        var address = new Uri(server.Url.Replace("http://", "ws://", StringComparison.Ordinal) + "/_blazor");
        using var other = new ClientWebSocket();
        other.Options.CollectHttpResponseDetails = true;
        other.Options.SetRequestHeader("Origin", "http://evil.example");
        await Assert.ThrowsAsync<WebSocketException>(() => other.ConnectAsync(address, CancellationToken.None));
        Assert.Equal(HttpStatusCode.Forbidden, other.HttpStatusCode);
        using var own = new ClientWebSocket();
        own.Options.SetRequestHeader("Origin", server.Url);
        await own.ConnectAsync(address, CancellationToken.None);
        Assert.Equal(WebSocketState.Open, own.State);
    }

    [Fact]
    public async Task A_key_of_a_megabyte_is_refused()
    {
        await using PageServer server = await PageServer.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        using HttpResponseMessage answer = await SendKeyAsync(client, new string('k', 1 << 20));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task A_key_is_kept_where_no_script_reads_it_and_a_wrong_one_is_not_kept()
    {
        await using PageServer server = await PageServer.StartAsync(
            options => options.ApiKeys.Add(new ApiKeyOptions { Key = "sk-right" }));
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false })
        {
            BaseAddress = new Uri(server.Url),
        };
        using HttpResponseMessage wrong = await SendKeyAsync(client, "sk-wrong");
        Assert.False(wrong.Headers.Contains("Set-Cookie"));
        Assert.Equal("/translate?key=wrong", $"{wrong.Headers.Location}");
        using HttpResponseMessage right = await SendKeyAsync(client, "sk-right");
        string cookie = right.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("httponly", cookie);
        Assert.Contains("samesite=strict", cookie);
        Assert.DoesNotContain("sk-right", cookie);
        Assert.Equal("/translate", $"{right.Headers.Location}");
    }

    private static Task<HttpResponseMessage> SendKeyAsync(HttpClient client, string key) => client.PostAsync(PageKey.Path,
        new FormUrlEncodedContent([new("key", key), new("back", "translate")]));

    private static Task<HttpResponseMessage> GetAsync(HttpClient client, string path, string accept, string? encoding = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd(accept);
        if (encoding is not null)
            request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue(encoding));
        return client.SendAsync(request);
    }
}

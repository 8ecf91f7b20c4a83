using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Seriatim.Web.Calls;

namespace Seriatim.Web.Shell;

/// <summary><c>POST /page/key</c>: the form that asks for the server's key, once for each browser.</summary>
internal static class PageKey
{
    public const string Path = "/page/key";

    private const long MostBytes = 16 << 10;

    public static async Task HandleAsync(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body)
            body.MaxRequestBodySize = MostBytes;
        IFormCollection form = await http.Request.ReadFormAsync(http.RequestAborted).ConfigureAwait(false);
        string key = $"{form["key"]}".Trim();
        string back = PageViews.Of($"{form["back"]}".TrimStart('/'))?.Route ?? "/";
        bool isKnown = await http.RequestServices.GetRequiredService<ServerAddress>()
            .IsKeyAsync(key, http.RequestAborted).ConfigureAwait(false);
        if (isKnown)
            http.RequestServices.GetRequiredService<PageCookies>().WriteKey(http.Response, key);
        http.Response.Redirect(http.Request.PathBase + back + (isKnown ? "" : "?key=wrong"));
    }
}

using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Seriatim.Web.Calls;
using Seriatim.Web.Lab;
using Seriatim.Web.Shell;
using Seriatim.Web.Training;

namespace Seriatim.Web.Work;

/// <summary>
/// <c>GET /page/reports/{kind}/{id}</c>: reports that are files of their own, with their scripts in them. They run in a sandbox:
/// another origin than the page's, without anything of it, and without a network.
/// </summary>
internal static class PageReports
{
    public const string Route = "/page/reports/{kind}/{id}";

    private const string Policy = "sandbox allow-scripts allow-modals; default-src 'none'; script-src 'unsafe-inline'; "
        + "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'";

    /// <summary>The address of a report, relative to the page's.</summary>
    public static string Of(string kind, string id) => $"page/reports/{kind}/{Uri.EscapeDataString(id)}";

    public static async Task HandleAsync(HttpContext http)
    {
        HttpResponse response = http.Response;
        PageStart start = http.RequestServices.GetRequiredService<PageCookies>().Read(http.Request);
        if (!await http.RequestServices.GetRequiredService<ServerAddress>().IsKeyAsync(start.Key ?? "", http.RequestAborted)
            .ConfigureAwait(false))
        {
            response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        string id = $"{http.GetRouteValue("id")}";
        string? path = $"{http.GetRouteValue("kind")}" switch
        {
            "training" => http.RequestServices.GetRequiredService<TrainingWork>().Find(id) is { HasReport: true } run
                ? run.ReportPath : null,
            "lab" => http.RequestServices.GetRequiredService<LabWork>().Reports.PageOf(id, start.Language),
            _ => null,
        };
        if (path is null)
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            await response.WriteAsync("There is no such report any more.\n", http.RequestAborted).ConfigureAwait(false);
            return;
        }

        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.CacheControl = "no-store";
        response.ContentType = "text/html; charset=utf-8";
        await response.SendFileAsync(path, http.RequestAborted).ConfigureAwait(false);
    }
}

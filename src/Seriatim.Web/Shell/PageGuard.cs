using Microsoft.AspNetCore.Http;

namespace Seriatim.Web.Shell;

/// <summary>
/// What every answer of the page passes through: who asks from another site is refused, and the browser is told to load nothing
/// from anywhere else.
/// </summary>
internal static class PageGuard
{
    /// <summary>
    /// Styles may stand in elements: the components set widths and colours there. Scripts may not, so text that came from a model
    /// could not run even if it became an element.
    /// </summary>
    public const string Policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; "
        + "base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    public static RequestDelegate Around(RequestDelegate next) => async http =>
    {
        if (!IsOwn(http.Request))
        {
            http.Response.StatusCode = StatusCodes.Status403Forbidden;
            await http.Response.WriteAsync("The page answers to itself alone, and this request came from another site.\n",
                http.RequestAborted).ConfigureAwait(false);
            return;
        }

        http.Response.Headers.ContentSecurityPolicy = Policy;
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers["Referrer-Policy"] = "same-origin"; // Without any, forms would come from the origin null.
        await next(http).ConfigureAwait(false);
    };

    /// <summary>
    /// Browsers say where a request comes from with all that could change something, and with every web socket.
    /// </summary>
    private static bool IsOwn(HttpRequest request) =>
        $"{request.Headers.Origin}" is not { Length: > 0 } origin
            || (Uri.TryCreate(origin, UriKind.Absolute, out Uri? from) && from.Authority == Authority(request));

    private static string Authority(HttpRequest request) =>
        new Uri($"{request.Scheme}://{request.Host.ToUriComponent()}").Authority;
}

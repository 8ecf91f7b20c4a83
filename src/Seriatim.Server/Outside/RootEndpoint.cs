using System.Text;

namespace Seriatim.Server;

/// <summary><c>GET /</c>: what ollama's clients ask to find out whether somebody is there, and people in a browser.</summary>
internal sealed class RootEndpoint : Endpoint
{
    public override string Method => "GET";

    public override string Path => "/";

    public override string Summary => "Says that the server runs.";

    public override EndpointAccess Access => EndpointAccess.Open;

    public override async Task HandleAsync(ApiCall call)
    {
        call.Http.Response.ContentType = "text/plain; charset=utf-8";
        await call.Http.Response.Body.WriteAsync(
            Encoding.UTF8.GetBytes(
                $"Seriatim {ModelIdentity.Version} is running. /v1/models lists its models, /openapi.json all "
                    + "it can be asked.\n"),
            call.Http.RequestAborted).ConfigureAwait(false);
    }
}

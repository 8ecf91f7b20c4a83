namespace Seriatim.Server;

/// <summary><c>GET /metrics</c>: Prometheus' text, with vLLM's names, llama.cpp's, and ours.</summary>
internal sealed class MetricsEndpoint : Endpoint
{
    public override string Method => "GET";

    public override string Path => "/metrics";

    public override string Summary => "The server's numbers, as Prometheus reads them.";

    public override EndpointAccess Access => EndpointAccess.Open;

    public override async Task HandleAsync(ApiCall call)
    {
        string text = await MetricsPage.WriteAsync(call.Server).ConfigureAwait(false);
        await call.WriteTextAsync(text, "text/plain; version=0.0.4; charset=utf-8").ConfigureAwait(false);
    }
}

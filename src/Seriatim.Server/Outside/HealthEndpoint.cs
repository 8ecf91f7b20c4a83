namespace Seriatim.Server;

/// <summary><c>GET /health</c>: whether the server is alive.</summary>
internal sealed class HealthEndpoint : Endpoint
{
    public override string Method => "GET";

    public override string Path => "/health";

    public override string Summary => "Says that the server is alive.";

    public override EndpointAccess Access => EndpointAccess.Open;

    public override Task HandleAsync(ApiCall call) => call.WriteAsync(json =>
    {
        json.WriteStartObject();
        json.WriteString("status"u8, "ok"u8);
        json.WriteEndObject();
    });
}

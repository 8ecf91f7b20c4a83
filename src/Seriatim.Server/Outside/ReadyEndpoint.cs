namespace Seriatim.Server;

/// <summary>
/// <c>GET /ready</c>: whether requests may be sent. 503 while models are opened at the start, and once it stops.
/// </summary>
internal sealed class ReadyEndpoint : Endpoint
{
    public override string Method => "GET";

    public override string Path => "/ready";

    public override string Summary => "Says whether requests may be sent.";

    public override EndpointAccess Access => EndpointAccess.Open;

    public override Task HandleAsync(ApiCall call)
    {
        ServerState state = call.Server.State;
        bool isReady = state is { IsReady: true, IsDraining: false };
        return call.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("status"u8, state.IsDraining ? "stopping" : isReady ? "ready" : "starting");
            json.WriteNumber("requests_running"u8, state.Running);
            json.WriteEndObject();
        }, isReady ? 200 : 503);
    }
}

namespace Seriatim.Server;

/// <summary><c>GET /version</c>.</summary>
internal sealed class VersionEndpoint : Endpoint
{
    public override string Method => "GET";

    public override string Path => "/version";

    public override string Summary => "Tells the version.";

    public override EndpointAccess Access => EndpointAccess.Open;

    public override Task HandleAsync(ApiCall call) => call.WriteAsync(json =>
    {
        json.WriteStartObject();
        json.WriteString("version"u8, ModelIdentity.Version);
        json.WriteEndObject();
    });
}

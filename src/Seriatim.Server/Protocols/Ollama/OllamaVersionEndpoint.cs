namespace Seriatim.Server;

/// <summary><c>GET /api/version</c>.</summary>
internal sealed class OllamaVersionEndpoint : OllamaEndpoint
{
    public override string Method => "GET";

    public override string Path => "/api/version";

    public override string Summary => "Tells the version (ollama).";

    public override EndpointAccess Access => EndpointAccess.Open;

    public override Task HandleAsync(ApiCall call) => call.WriteAsync(json =>
    {
        json.WriteStartObject();
        json.WriteString("version"u8, ModelIdentity.Version);
        json.WriteEndObject();
    });
}

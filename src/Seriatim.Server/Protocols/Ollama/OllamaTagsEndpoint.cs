namespace Seriatim.Server;

/// <summary><c>GET /api/tags</c>: the models.</summary>
internal sealed class OllamaTagsEndpoint : OllamaEndpoint
{
    public override string Method => "GET";

    public override string Path => "/api/tags";

    public override string Summary => "Lists the models (ollama).";

    public override Task HandleAsync(ApiCall call) => call.WriteAsync(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("models"u8);
        foreach (ServedModel model in call.Server.Models.Models)
        {
            json.WriteStartObject();
            OllamaModel.WriteHead(json, model);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });
}

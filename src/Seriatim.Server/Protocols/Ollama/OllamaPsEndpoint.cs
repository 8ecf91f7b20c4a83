using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary><c>GET /api/ps</c>: the models that are open.</summary>
internal sealed class OllamaPsEndpoint : OllamaEndpoint
{
    public override string Method => "GET";

    public override string Path => "/api/ps";

    public override string Summary => "Lists the models that are open (ollama).";

    public override Task HandleAsync(ApiCall call) => call.WriteAsync(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("models"u8);
        foreach (ServedModel model in call.Server.Models.Models)
        {
            HostedModelStatus status = model.Status;
            if (status.State != HostedModelState.Ready)
                continue;
            json.WriteStartObject();
            OllamaModel.WriteHead(json, model);
            if (call.Server.Models.Host.UnloadsAt(model.HostName) is { } time)
                json.WriteString("expires_at"u8, time);
            json.WriteNumber("size_vram"u8, 0);
            json.WriteNumber("context_length"u8, model.Opened?.Model.Spec.Context ?? 0);
            json.WriteNumber("memory_bytes"u8, status.Bytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });
}

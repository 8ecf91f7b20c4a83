using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary><c>GET /v1/models</c>: what there is.</summary>
internal sealed class ModelsEndpoint : Endpoint
{
    public override string Method => "GET";

    public override string Path => "/v1/models";

    public override string Summary => "Lists the models.";

    public override Task HandleAsync(ApiCall call) => call.WriteAsync(json =>
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        foreach (ServedModel model in call.Server.Models.Models)
            Write(json, model);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>A model as OpenAI tells it, with its names and how it is.</summary>
    public static void Write(Utf8JsonWriter json, ServedModel model)
    {
        HostedModelStatus status = model.Status;
        json.WriteStartObject();
        json.WriteString("id"u8, model.Name);
        json.WriteString("object"u8, "model"u8);
        json.WriteNumber("created"u8, model.Created);
        json.WriteString("owned_by"u8, "seriatim"u8);
        json.WriteString("parent"u8, model.Parent?.Name);
        json.WriteStartArray("aliases"u8);
        foreach (string name in model.Names.Skip(1))
            json.WriteStringValue(name);
        json.WriteEndArray();
        if (model.Opened is { } opened)
            json.WriteNumber("max_model_len"u8, opened.Model.Spec.Context);
        json.WriteStartObject("status"u8);
        json.WriteString("value"u8, ValueOf(status));
        if (status.OpenFault is { } fault)
            json.WriteString("error"u8, fault.Message);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>As llama.cpp calls it.</summary>
    public static string ValueOf(HostedModelStatus status) => status.State switch
    {
        HostedModelState.Ready => "loaded",
        HostedModelState.Opening => "loading",
        HostedModelState.Closing => "unloading",
        _ => status.OpenFault is null ? "unloaded" : "failed",
    };
}

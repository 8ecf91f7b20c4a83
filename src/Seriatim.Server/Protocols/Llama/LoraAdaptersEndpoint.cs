namespace Seriatim.Server;

/// <summary>
/// <c>GET /lora-adapters</c>: the adapters of a model, as llama.cpp tells them. One takes part where it is asked for by its name,
/// and in no other request, which is what its scale says.
/// </summary>
internal sealed class LoraAdaptersEndpoint : Endpoint
{
    public override string Method => "GET";

    public override string Path => "/lora-adapters";

    public override string Summary => "Lists the adapters of a model (llama.cpp).";

    public override Task HandleAsync(ApiCall call)
    {
        ServedModel asked = LlamaQuery.Model(call);
        return call.WriteAsync(json =>
        {
            json.WriteStartArray();
            foreach ((int id, ServedModel adapter) in (asked.Parent ?? asked).Adapters.Index())
            {
                json.WriteStartObject();
                json.WriteNumber("id"u8, id);
                json.WriteString("name"u8, adapter.Name);
                json.WriteString("path"u8, adapter.Adapter!.Path);
                json.WriteNumber("scale"u8, adapter == asked ? 1 : 0);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }
}

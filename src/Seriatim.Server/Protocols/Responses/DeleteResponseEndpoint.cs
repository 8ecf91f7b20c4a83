namespace Seriatim.Server;

/// <summary><c>DELETE /v1/responses/{id}</c>: forgets a response; one under way is cancelled.</summary>
internal sealed class DeleteResponseEndpoint : Endpoint
{
    public override string Method => "DELETE";

    public override string Path => "/v1/responses/{id}";

    public override string Summary => "Forgets a response.";

    public override Task HandleAsync(ApiCall call)
    {
        StoredResponse response = ResponseEndpoint.Find(call);
        response.Ending.Cancel();
        call.Server.Responses.Remove(response);
        return call.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("id"u8, response.Id);
            json.WriteString("object"u8, "response.deleted"u8);
            json.WriteBoolean("deleted"u8, true);
            json.WriteEndObject();
        });
    }
}

namespace Seriatim.Server;

/// <summary><c>DELETE /v1/responses/{id}</c>: forgets a response; one under way is cancelled.</summary>
internal sealed class DeleteResponseEndpoint : Endpoint
{
    public override string Method => "DELETE";

    public override string Path => "/v1/responses/{id}";

    public override string Summary => "Forgets a response.";

    public override async Task HandleAsync(ApiCall call)
    {
        StoredResponse response = await ResponseEndpoint.FindAsync(call).ConfigureAwait(false);
        await response.Ending.CancelAsync().ConfigureAwait(false);
        call.Server.Responses.Remove(response);
        if (response.IsBackground && call.Server.Route is { } route && KeptResponses.NumberOf(response.Id) is { } number)
            await route.ForgetAsync(number).ConfigureAwait(false);
        await call.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("id"u8, response.Id);
            json.WriteString("object"u8, "response.deleted"u8);
            json.WriteBoolean("deleted"u8, true);
            json.WriteEndObject();
        }).ConfigureAwait(false);
    }
}

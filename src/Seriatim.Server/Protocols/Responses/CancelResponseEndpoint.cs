namespace Seriatim.Server;

/// <summary><c>POST /v1/responses/{id}/cancel</c>: ends a response that is made in the background.</summary>
internal sealed class CancelResponseEndpoint : Endpoint
{
    public override string Method => "POST";

    public override string Path => "/v1/responses/{id}/cancel";

    public override string Summary => "Cancels a response.";

    public override async Task HandleAsync(ApiCall call)
    {
        StoredResponse response = await ResponseEndpoint.FindAsync(call).ConfigureAwait(false);
        await response.Ending.CancelAsync().ConfigureAwait(false);
        await foreach (ResponseEvent _ in response.ReadAsync(-1, call.Aborted).ConfigureAwait(false))
        {
            // To the end, so that what is told is how it ended.
        }

        await call.WriteAsync(response.Write).ConfigureAwait(false);
    }
}

using System.Globalization;
using Microsoft.AspNetCore.Routing;

namespace Seriatim.Server;

/// <summary>
/// <c>GET /v1/responses/{id}</c>: a response as it is, or with <c>stream=true</c> its events, from the one after
/// <c>starting_after</c>.
/// </summary>
internal sealed class ResponseEndpoint : Endpoint
{
    public override string Method => "GET";

    public override string Path => "/v1/responses/{id}";

    public override string Summary => "Tells of a response, or streams its events again.";

    public override async Task HandleAsync(ApiCall call)
    {
        StoredResponse response = await FindAsync(call).ConfigureAwait(false);
        int after = -1;
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues value) in call.Http.Request.Query)
        {
            bool isKnown = name switch
            {
                "stream" => value is ["true" or "false"],
                "starting_after" => int.TryParse($"{value}", NumberStyles.None, CultureInfo.InvariantCulture, out after),
                "include" or "include[]" => value.All(item => item == ResponsesFields.Logprobs),
                "include_obfuscation" => value is ["false"],
                _ => false,
            };
            if (!isKnown)
                throw ApiException.Invalid($"{name}={value} is not taken here; stream and starting_after are.", name,
                    "invalid_value");
        }

        if (call.Http.Request.Query["stream"] is not ["true"])
        {
            await call.WriteAsync(response.Write).ConfigureAwait(false);
            return;
        }

        if (!response.HasEvents)
        {
            throw ApiException.Invalid($"The response {response.Id} was asked for without stream and background: it has no "
                + "events. Get it without stream.", "stream", "invalid_value");
        }

        await ResponsesEndpoint.StreamAsync(call, response, after).ConfigureAwait(false);
    }

    /// <summary>The response that a path names.</summary>
    public static Task<StoredResponse> FindAsync(ApiCall call) =>
        call.Server.KeptResponses.FindAsync(call, $"{call.Http.GetRouteValue("id")}");
}

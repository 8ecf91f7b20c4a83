using Microsoft.AspNetCore.Routing;

namespace Seriatim.Server;

/// <summary><c>GET /v1/requests/{id}</c>: what happened to a request, and what its answer follows from.</summary>
internal sealed class RequestEndpoint : Endpoint
{
    public override string Method => "GET";

    public override string Path => "/v1/requests/{id}";

    public override string Summary => "Tells what happened to a request, by its x-request-id or the id of its answer.";

    public override Task HandleAsync(ApiCall call)
    {
        RequestRecord record = Find(call);
        return call.WriteAsync(json => RequestJson.Write(json, record));
    }

    /// <summary>The request of the route's id.</summary>
    /// <exception cref="ApiException">It is not remembered, or another key's.</exception>
    public static RequestRecord Find(ApiCall call)
    {
        string id = $"{call.Http.GetRouteValue("id")}";
        return call.Server.Requests.Find(id) is { } record && record.Owner == call.Client.Owner ? record
            : throw new ApiException(new ApiError(404, ApiError.InvalidRequest,
                $"There is no request {id}. The last {call.Server.Options.RememberedRequests} are remembered, each for its "
                    + "own key.",
                "request_not_found", "id"));
    }
}

namespace Seriatim.Server;

/// <summary><c>GET /v1/cluster</c>: the servers that this one shares its requests with.</summary>
internal sealed class ClusterEndpoint : Endpoint
{
    public override string Method => "GET";

    public override string Path => "/v1/cluster";

    public override string Summary => "Tells which silos of a cluster there are, what they serve and how busy they are.";

    public override async Task HandleAsync(ApiCall call)
    {
        IRequestRoute route = call.Server.Route ?? throw new ApiException(new ApiError(404, ApiError.InvalidRequest,
            "This server is in no cluster; it was started without --cluster.", "no_cluster"));
        await call.WriteAsync(route.WriteStatus).ConfigureAwait(false);
    }
}

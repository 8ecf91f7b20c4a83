using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Seriatim.Server;

/// <summary><c>GET /v1/models/{id}</c>: one model.</summary>
internal sealed class ModelEndpoint : Endpoint
{
    public override string Method => "GET";

    public override string Path => "/v1/models/{**id}";

    public override string Summary => "Tells of one model.";

    public override Task HandleAsync(ApiCall call)
    {
        ServedModel model = call.Server.Models.Find($"{call.Http.GetRouteValue("id")}");
        return call.WriteAsync(json => ModelsEndpoint.Write(json, model));
    }
}

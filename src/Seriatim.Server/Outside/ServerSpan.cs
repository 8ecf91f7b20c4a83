using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>
/// A request as OpenTelemetry sees it from outside: a span of the kind server, by the conventions for HTTP and for generative AI.
/// Where somebody listens to ASP.NET Core's own spans, theirs is it, and there is no second one. Its parent is the client's
/// (<c>traceparent</c>). Nothing is measured unless somebody listens.
/// </summary>
internal sealed class ServerSpan : IDisposable
{
    private const string HostSource = "Microsoft.AspNetCore";

    private readonly Activity? _activity;
    private readonly bool _isOwn;

    private ServerSpan(Activity? activity, bool isOwn) => (_activity, _isOwn) = (activity, isOwn);

    /// <summary>Begins the span of a request; what it asks of models is measured with the server's address from now on.</summary>
    public static ServerSpan Start(HttpContext http, Endpoint endpoint)
    {
        HttpRequest request = http.Request;
        string address = request.Host.Host;
        int port = request.Host.Port ?? http.Connection.LocalPort;
        SeriatimTelemetry.Served.Value = address.Length > 0 ? new ServedAt(address, port) : null;
        Activity? host = http.Features.Get<IHttpActivityFeature>()?.Activity;
        if (host is { Source.Name: HostSource, IsAllDataRequested: true })
            return new ServerSpan(host, isOwn: false);
        if (!SeriatimTelemetry.Activities.HasListeners())
            return new ServerSpan(null, isOwn: false);

        // Not by what is current: that may be a span of ASP.NET Core's that nobody records, and a trace would be torn there.
        ActivityContext.TryParse(request.Headers.TraceParent, request.Headers.TraceState, isRemote: true,
            out ActivityContext parent);
        Activity? current = Activity.Current;
        Activity.Current = null;
        Activity? own = SeriatimTelemetry.Activities.StartActivity(
            $"{endpoint.Method} {endpoint.Path}", ActivityKind.Server, parent);
        if (own is null)
            Activity.Current = current;
        if (own is { IsAllDataRequested: true })
            Describe(own, http, endpoint, address, port);
        return new ServerSpan(own, isOwn: true);
    }

    /// <summary>What is asked of which model.</summary>
    public void Begin(string operation, string model) => _activity?.SetTag("gen_ai.operation.name", operation)
        .SetTag("gen_ai.provider.name", "seriatim").SetTag("gen_ai.request.model", model);

    /// <summary>What models gave.</summary>
    public void End(string model, string id, IReadOnlyList<GenerationResult> results)
    {
        if (_activity is not { IsAllDataRequested: true } activity)
            return;
        activity.SetTag("gen_ai.response.model", model).SetTag("gen_ai.response.id", id)
            .SetTag("gen_ai.usage.input_tokens", results.Sum(result => result.Usage.PromptTokens))
            .SetTag("gen_ai.usage.output_tokens", results.Sum(result => result.Usage.NewTokens))
            .SetTag("gen_ai.response.finish_reasons", results.SelectMany(result => result.Choices)
                .Select(choice => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{choice.Finish}")).ToArray());
    }

    /// <summary>Tokens that were read, where nothing is generated.</summary>
    public void Read(string model, int tokens) => _activity?.SetTag("gen_ai.request.model", model)
        .SetTag("gen_ai.response.model", model).SetTag("gen_ai.usage.input_tokens", tokens);

    /// <summary>How the request was answered.</summary>
    public void Answered(int status, ApiError? error)
    {
        if (_activity is not { } activity)
            return;
        if (_isOwn)
            activity.SetTag("http.response.status_code", status);
        if (error is null)
            return;
        activity.SetTag("error.type", error.Code ?? status.ToString(CultureInfo.InvariantCulture));
        if (status >= StatusCodes.Status500InternalServerError)
            activity.SetStatus(ActivityStatusCode.Error);
    }

    public void Dispose()
    {
        if (_isOwn)
            _activity?.Dispose();
    }

    private static void Describe(Activity own, HttpContext http, Endpoint endpoint, string address, int port)
    {
        HttpRequest request = http.Request;
        own.SetTag("http.request.method", request.Method).SetTag("http.route", endpoint.Path)
            .SetTag("url.path", $"{request.Path}").SetTag("url.scheme", request.Scheme)
            .SetTag("network.protocol.version", request.Protocol.Split('/')[^1])
            .SetTag("server.address", address).SetTag("server.port", port);
        if ($"{request.Headers.UserAgent}" is { Length: > 0 } agent)
            own.SetTag("user_agent.original", agent);
    }
}

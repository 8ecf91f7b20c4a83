using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Extensions.Primitives;

namespace Seriatim.Server;

/// <summary>
/// Requests that outlive the server they came to: those in the background, and streams that ask for it in a header. A client
/// whose stream broke off sends the same request once more to any server of the cluster, with the id of the last event it has.
/// </summary>
internal static class DurableCalls
{
    /// <summary>The header that asks for it, and in which the answer says that it is.</summary>
    public const string Header = "X-Seriatim-Durable";

    /// <summary>The header of a client that goes on.</summary>
    public const string LastId = "Last-Event-ID";

    /// <summary>Looks whether a request is durable, or goes on with one.</summary>
    /// <param name="call">The request.</param>
    /// <param name="body">Its body.</param>
    /// <exception cref="ApiException">It cannot be kept, or there is nothing to go on with.</exception>
    public static async Task OpenAsync(ApiCall call, JsonElement body)
    {
        IRequestRoute? route = call.Server.Route;
        StringValues asked = call.Http.Request.Headers[Header], last = call.Http.Request.Headers[LastId];
        bool isBackground = call.Endpoint.CanBeDurable && IsTrue(body, "background");
        bool wants = asked switch
        {
            [] => false,
            ["true"] => true,
            ["false"] => false,
            _ => throw ApiException.Invalid($"{Header} is {asked}; true or false is needed.", Header, "invalid_value"),
        };
        if (asked is ["false"])
            isBackground = false;
        if (!wants && last.Count == 0)
        {
            if (isBackground && route is not null)
                call.Keep(route.Keep(HeadOf(call, body, isBackground: true)));
            return;
        }

        Require(call, body, isBackground, last.Count > 0 ? LastId : Header);
        if (route is null)
        {
            throw ApiException.Unsupported("This server is in no cluster, so no request outlives it; it was started without "
                + "--cluster.", last.Count > 0 ? LastId : Header);
        }

        if (last.Count == 0)
            call.Keep(route.Keep(HeadOf(call, body, isBackground)));
        else
            await GoOnAsync(call, route, body, $"{last}").ConfigureAwait(false);
    }

    /// <summary>There is no such request.</summary>
    public static ApiException NotFound() => new(new ApiError(404, ApiError.InvalidRequest,
        $"There is no such durable request, or no longer: send it without {LastId} to ask anew.", "durable_not_found", LastId));

    private static async Task GoOnAsync(ApiCall call, IRequestRoute route, JsonElement body, string last)
    {
        (string number, int[] counts) = StreamPlace.Read(last);
        IKeptRequest kept = await route.TakeAsync(number, call.Client.Owner).ConfigureAwait(false) ?? throw NotFound();
        if (kept.Head.Path != call.Endpoint.Path || !kept.Head.Body.AsSpan().SequenceEqual(JsonMarshal.GetRawUtf8Value(body)))
        {
            throw ApiException.Invalid($"The request that {LastId} names was another one; send the same body to the same path.",
                LastId, "invalid_value");
        }

        call.Keep(kept, counts);
    }

    private static void Require(ApiCall call, JsonElement body, bool isBackground, string header)
    {
        if (!call.Endpoint.CanBeDurable)
        {
            throw ApiException.Unsupported($"{call.Endpoint.Path} has no durable requests; /v1/chat/completions, "
                + "/v1/completions, /v1/messages and /v1/responses have.", header);
        }

        if (header == LastId && isBackground)
        {
            throw ApiException.Invalid(
                "A response in the background goes on by GET /v1/responses/ID?stream=true&starting_after=N.", header,
                "invalid_value");
        }

        if (!isBackground && !IsTrue(body, "stream"))
        {
            throw ApiException.Invalid("A durable request is a stream, whose events have ids to go on from, or a response in the "
                + "background; set stream to true, or ask /v1/responses with background.", header, "invalid_value");
        }
    }

    private static KeptHead HeadOf(ApiCall call, JsonElement body, bool isBackground) => new(call.Number, call.Endpoint.Path,
        JsonMarshal.GetRawUtf8Value(body).ToArray(), call.Created, call.Client.Owner, isBackground);

    private static bool IsTrue(JsonElement body, string name) => body.ValueKind == JsonValueKind.Object
        && body.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;
}

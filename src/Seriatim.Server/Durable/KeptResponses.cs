using System.Collections.Concurrent;
using System.Text.Json;

namespace Seriatim.Server;

/// <summary>
/// Responses in the background that were asked for at another server: made here again, event by event, of what that one has kept
/// or tells, and gone on with where it is gone.
/// </summary>
/// <param name="server">The server.</param>
internal sealed class KeptResponses(ServerCore server)
{
    private const string Prefix = "resp_";

    /// <summary>Those that are being looked for: who asks for one at the same time gets the same.</summary>
    private readonly ConcurrentDictionary<string, Lazy<Task<StoredResponse?>>> _sought = new(StringComparer.Ordinal);

    /// <summary>The number of a response; null: it is no id of one.</summary>
    public static string? NumberOf(string id) =>
        id.StartsWith(Prefix, StringComparison.Ordinal) && id.Length == Prefix.Length + 32 ? id[Prefix.Length..] : null;

    /// <summary>A response of a client, from here or from elsewhere.</summary>
    /// <exception cref="ApiException">There is none of that id, or no longer, or it is another client's.</exception>
    public async Task<StoredResponse> FindAsync(ApiCall call, string id)
    {
        string owner = call.Client.Owner;
        if (server.Responses.TryFind(id, owner) is { } here)
            return here;
        if (server.Route is not { } route || NumberOf(id) is not { } number)
            return server.Responses.Find(id, owner);
        Lazy<Task<StoredResponse?>> sought = _sought.GetOrAdd($"{id} {owner}",
            _ => new Lazy<Task<StoredResponse?>>(() => TakeUpAsync(call, route, number, owner)));
        try
        {
            return await sought.Value.ConfigureAwait(false) ?? server.Responses.Find(id, owner);
        }
        finally
        {
            _sought.TryRemove(new($"{id} {owner}", sought));
        }
    }

    private async Task<StoredResponse?> TakeUpAsync(ApiCall call, IRequestRoute route, string number, string owner)
    {
        IKeptRequest? kept = await route.FindAsync(number, owner).ConfigureAwait(false);
        if (kept is not { Head.IsBackground: true })
            return null;
        using JsonDocument json = RequestBody.Parse(kept.Head.Body, server.Options.MaxJsonDepth);
        var request = new ResponsesRequest();
        ResponsesFields.Table.Read(json.RootElement, request);
        var own = new ApiCall(call.Http, server, call.Endpoint) { Client = call.Client };
        try
        {
            own.Keep(kept);
            own.Slot = RequestSlot.Take(own);
            StoredResponse response = await ResponsesEndpoint.BeginInBackgroundAsync(own, request).ConfigureAwait(false);

            // What was complete is so at once for whoever asks.
            if (kept.IsOver)
                await response.EndedAsync(call.Aborted).ConfigureAwait(false);
            return response;
        }
        catch
        {
            own.Slot?.Dispose();
            own.Dispose();
            throw;
        }
    }
}

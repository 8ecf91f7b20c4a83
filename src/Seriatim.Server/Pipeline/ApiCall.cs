using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Seriatim.Server;

/// <summary>A request to the server under way.</summary>
/// <param name="http">The request as ASP.NET Core has it.</param>
/// <param name="server">The server.</param>
/// <param name="endpoint">What is asked.</param>
internal sealed class ApiCall(HttpContext http, ServerCore server, Endpoint endpoint) : IDisposable
{
    private readonly CancellationTokenSource _ending =
        CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, server.State.Killed);

    public HttpContext Http => http;

    public ServerCore Server => server;

    public Endpoint Endpoint => endpoint;

    /// <summary>A number that no other request has; ids of answers are made of it.</summary>
    public string Number { get; private set; } = Guid.NewGuid().ToString("N");

    /// <summary>The client's id of the request if it sent one that can be told, else one of ours.</summary>
    public string Id => field ??= IdOf(http.Request.Headers["x-request-id"]) ?? $"req_{Number}";

    /// <summary>When it came, in ticks of the server's clock.</summary>
    public long Started { get; } = server.Clock.GetTimestamp();

    /// <summary>The same, in seconds since 1970.</summary>
    public long Created { get; private set; } = server.Clock.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>Whose key it showed; a client without one where none is needed.</summary>
    public ApiClient Client { get; set; } = ApiClient.Anybody;

    /// <summary>
    /// Its place among the requests that run; null: it needs none, or handed it over to what goes on after the answer.
    /// </summary>
    public RequestSlot? Slot { get; set; }

    /// <summary>What is remembered of it; null: it generates nothing, or nothing is remembered.</summary>
    public RequestRecord? Record { get; set; }

    /// <summary>Its span; null: it comes by another way than the pipeline.</summary>
    public ServerSpan? Span { get; init; }

    /// <summary>What is kept of it for other servers; null: it lives as long as its client's connection.</summary>
    public IKeptRequest? Kept { get; private set; }

    /// <summary>Of a stream that its client goes on with: how many events of each answer it has.</summary>
    public IReadOnlyList<int> Seen { get; private set; } = [];

    /// <summary>Which of its fields said which option.</summary>
    public SaidFields Said { get; } = new();

    /// <summary>Cancelled when the client has gone, or the server ends at once.</summary>
    public CancellationToken Aborted => _ending.Token;

    /// <summary>Whether the client has gone.</summary>
    public bool IsGone => http.RequestAborted.IsCancellationRequested;

    public TimeSpan Elapsed => server.Clock.GetElapsedTime(Started);

    /// <summary>
    /// Awaits what reads tokens and generates none, and counts them for its client and its model, unless they are refused.
    /// </summary>
    public async Task<T> CountAsync<T>(ModelUse use, int tokens, Task<T> reading)
    {
        try
        {
            return await reading.ConfigureAwait(false);
        }
        catch (SeriatimException)
        {
            tokens = 0;
            throw;
        }
        finally
        {
            Client.Budget?.Count(tokens);
            server.Metrics.CountRead(use.Name, tokens);
            Span?.Read(use.Name, tokens);
        }
    }

    /// <summary>Ends the request: what runs for it is cancelled.</summary>
    public void Cancel() => _ending.Cancel();

    /// <summary>Reads the body by a table.</summary>
    /// <exception cref="ApiException">It is no JSON, or a field is wrong.</exception>
    public async Task<T> ReadAsync<T>(FieldTable<T> table)
        where T : class, new()
    {
        using JsonDocument json = await ReadJsonAsync().ConfigureAwait(false);
        var request = new T();
        table.Read(json.RootElement, request, said: Said);
        return request;
    }

    /// <summary>The body as JSON.</summary>
    public async Task<JsonDocument> ReadJsonAsync()
    {
        JsonDocument json = await RequestBody.ReadAsync(http.Request, server.Options.MaxBodyBytes, server.Options.MaxJsonDepth,
            Aborted).ConfigureAwait(false);
        try
        {
            await DurableCalls.OpenAsync(this, json.RootElement).ConfigureAwait(false);
            return json;
        }
        catch
        {
            json.Dispose();
            throw;
        }
    }

    /// <summary>It is kept for other servers, or goes on with what was: then it is that request, by number and time.</summary>
    /// <param name="kept">What is kept.</param>
    /// <param name="seen">How many events of each answer its client has.</param>
    public void Keep(IKeptRequest kept, params IReadOnlyList<int> seen) =>
        (Kept, Number, Created, Seen) = (kept, kept.Head.Number, kept.Head.Created, seen);

    /// <summary>Hands the request's place over: whoever takes it disposes it.</summary>
    public RequestSlot? TakeSlot()
    {
        RequestSlot? slot = Slot;
        Slot = null;
        return slot;
    }

    /// <summary>Answers with JSON. It is written whole before any of it is sent: where that fails, an error can be.</summary>
    public async Task WriteAsync(Action<Utf8JsonWriter> write, int status = StatusCodes.Status200OK)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body, JsonOutput.Options))
            write(json);
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json; charset=utf-8";
        await http.Response.BodyWriter.WriteAsync(body.WrittenMemory, Aborted).ConfigureAwait(false);
    }

    /// <summary>Answers with text.</summary>
    public Task WriteTextAsync(string text, string type = "text/plain; charset=utf-8")
    {
        http.Response.ContentType = type;
        return http.Response.WriteAsync(text, Aborted);
    }

    public void Dispose() => _ending.Dispose();

    /// <summary>Ids go into headers and logs: what has other characters in it, or no end, is not taken.</summary>
    private static string? IdOf(StringValues header) =>
        header is [{ Length: > 0 and <= 128 } id]
            && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':' or '/')
            ? id : null;
}

using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Seriatim.Web.Shell;

namespace Seriatim.Web.Calls;

/// <summary>The server's HTTP API with the key of one session: the calls that anybody can make.</summary>
/// <param name="address">Where the server is.</param>
/// <param name="session">Whose key.</param>
public sealed class PageApi(ServerAddress address, PageSession session)
{
    /// <summary>Whether the server lets this session in; false: it wants a key.</summary>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task<bool> IsOpenAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await GetAsync("v1/models", cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (ApiFailure failure) when (failure.Status == 401)
        {
            return false;
        }
    }

    /// <summary>Gets JSON.</summary>
    /// <param name="path">Of the endpoint: <c>v1/models</c>.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <exception cref="ApiFailure">The server refuses it.</exception>
    public Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken = default) =>
        AskAsync(HttpMethod.Get, path, null, cancellationToken);

    /// <summary>Gets text.</summary>
    /// <param name="path">Of the endpoint: <c>metrics</c>.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <exception cref="ApiFailure">The server refuses it.</exception>
    public async Task<string> TextAsync(string path, CancellationToken cancellationToken = default)
    {
        using HttpClient client = address.Client(session.Key);
        using HttpResponseMessage answer =
            await SendAsync(client, HttpMethod.Get, path, null, cancellationToken).ConfigureAwait(false);
        return await TextOfAsync(answer, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Posts JSON and gets JSON.</summary>
    /// <param name="path">Of the endpoint.</param>
    /// <param name="body">The request.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <exception cref="ApiFailure">The server refuses it.</exception>
    public Task<JsonElement> PostAsync(string path, JsonNode body, CancellationToken cancellationToken = default) =>
        AskAsync(HttpMethod.Post, path, body, cancellationToken);

    /// <summary>Posts JSON and gets events, or lines of JSON, as they come.</summary>
    /// <param name="path">Of the endpoint.</param>
    /// <param name="body">The request.</param>
    /// <param name="cancellationToken">Ends the request, too.</param>
    /// <exception cref="ApiFailure">The server refuses it, or an event is an error.</exception>
    public async IAsyncEnumerable<JsonElement> StreamAsync(
        string path, JsonNode body, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using HttpClient client = address.Client(session.Key);
        using HttpResponseMessage answer =
            await SendAsync(client, HttpMethod.Post, path, body, cancellationToken).ConfigureAwait(false);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false));
        while (await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            string data = line.StartsWith("data:", StringComparison.Ordinal) ? line[5..].Trim() : line;
            if (data is "[DONE]")
                yield break;
            if (data.Length == 0 || data[0] != '{')
                continue;
            JsonElement read = JsonElement.Parse(data);
            if (read.TryGetProperty("error", out JsonElement error))
                throw FailureOf(500, error);
            yield return read;
        }
    }

    private async Task<JsonElement> AskAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken)
    {
        using HttpClient client = address.Client(session.Key);
        using HttpResponseMessage answer = await SendAsync(client, method, path, body, cancellationToken).ConfigureAwait(false);
        string text = await TextOfAsync(answer, cancellationToken).ConfigureAwait(false);
        return text.Length == 0 ? default : JsonElement.Parse(text);
    }

    /// <summary>The whole of an answer; a server that ends in the middle of it has not answered.</summary>
    private static async Task<string> TextOfAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            return await answer.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            throw new ApiFailure(0, null, failure.Message);
        }
    }

    private static async Task<HttpResponseMessage> SendAsync(
        HttpClient client, HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        HttpResponseMessage answer;
        try
        {
            answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (HttpRequestException failure)
        {
            throw new ApiFailure(0, null, failure.Message);
        }

        if (answer.IsSuccessStatusCode)
            return answer;
        using (answer)
        {
            string text = await answer.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
            throw FailureOf((int)answer.StatusCode, text);
        }
    }

    private static ApiFailure FailureOf(int status, string text)
    {
        try
        {
            JsonElement read = JsonElement.Parse(text);
            return FailureOf(status, read.TryGetProperty("error", out JsonElement error) ? error : read);
        }
        catch (JsonException)
        {
            return new ApiFailure(status, null, text);
        }
    }

    /// <summary>An error is an object with its parts (OpenAI) or a text (ollama).</summary>
    private static ApiFailure FailureOf(int status, JsonElement error) => error.ValueKind == JsonValueKind.Object
        ? new ApiFailure(status, Part(error, "code"), Part(error, "message") ?? error.GetRawText())
        : new ApiFailure(status, null, error.ToString());

    private static string? Part(JsonElement error, string name) =>
        error.TryGetProperty(name, out JsonElement part) && part.ValueKind == JsonValueKind.String ? part.GetString() : null;
}

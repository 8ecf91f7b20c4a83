using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Seriatim.Cluster.Storm;

/// <summary>A client that wants one answer, and comes again at another door as often as its connection breaks.</summary>
/// <param name="http">The connection.</param>
/// <param name="doors">The doors.</param>
/// <param name="random">Chooses among them.</param>
/// <param name="name">Which kind of request.</param>
/// <param name="path">What it asks.</param>
/// <param name="body">With what.</param>
internal sealed class StormClient(HttpClient http, Uri[] doors, Random random, string name, string path, string body)
{
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(250);

    /// <summary>After how long without a byte the connection is taken for dead: a door that is frozen says nothing.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly StormAnswer _answer = new();
    private long _last;
    private string? _response;
    private Uri _door = doors[0];

    /// <summary>How often it came again with what it had.</summary>
    public int Resumed { get; private set; }

    /// <summary>How often it had to ask anew, as nothing can be kept of its kind.</summary>
    public int Anew { get; private set; }

    /// <summary>The longest time without anything new, in seconds, once something had come.</summary>
    public double Still { get; private set; }

    public string Name => name;

    /// <summary>How often a stream was ended with an error by a door that had reason to.</summary>
    public int Errors { get; private set; }

    /// <summary>What doors that had none ended it with.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>Whether a door is at fault.</summary>
    public Func<Uri, bool> IsDisturbed { get; init; } = _ => false;

    /// <summary>Whether there is one server, in no cluster.</summary>
    public bool IsAlone { get; init; }

    private bool CanResume => !IsAlone && body.Contains("\"stream\": true", StringComparison.Ordinal);

    private bool IsBackground => body.Contains("\"background\": true", StringComparison.Ordinal);

    /// <summary>Asks until it has the whole answer.</summary>
    public async Task<StormAnswer> RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                _door = doors[random.Next(doors.Length)];
                if (await TryAsync(_door, cancellation))
                    return _answer;
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException or TimeoutException

                // What .NET's own HTTP connection throws, now and then, when it breaks off in the midst of a head.
                or ArgumentOutOfRangeException
                || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                // The door is gone, frozen, or was never there.
            }

            if (_answer.Events > 0 && _answer.LastId is null)
            {
                Anew++;
                _answer.Clear();
            }

            await Task.Delay(Again, cancellation);
        }
    }

    private async Task<bool> TryAsync(Uri door, CancellationToken cancellation)
    {
        if (IsBackground && _response is null)
        {
            using HttpResponseMessage begun = await SendAsync(new HttpRequestMessage(HttpMethod.Post, new Uri(door, path))
            {
                Content = new StringContent(body, Encoding.UTF8, "application/json"),
            }, cancellation);
            string text = await begun.Content.ReadAsStringAsync(cancellation);
            if (!begun.IsSuccessStatusCode)
                return Refused(begun, text);
            _response = JsonElement.Parse(text).GetProperty("id").GetString();
        }

        var request = IsBackground
            ? new HttpRequestMessage(HttpMethod.Get, new Uri(door, $"{path}/{_response}?stream=true"
                + (_answer.LastId is { } after ? $"&starting_after={after}" : "")))
            : new HttpRequestMessage(HttpMethod.Post, new Uri(door, path))
            {
                Content = new StringContent(body, Encoding.UTF8, "application/json"),
            };
        if (!IsBackground && CanResume)
            request.Headers.Add("X-Seriatim-Durable", "true");
        if (!IsBackground && _answer.LastId is { } last)
            request.Headers.Add("Last-Event-ID", last);
        if (_answer.LastId is not null)
            Resumed++;
        using HttpResponseMessage answer = await SendAsync(request, cancellation);
        if (!answer.IsSuccessStatusCode)
            return Refused(answer, await answer.Content.ReadAsStringAsync(cancellation));
        await using Stream stream = await answer.Content.ReadAsStreamAsync(cancellation);
        using var reader = new StreamReader(stream);
        return answer.Content.Headers.ContentType?.MediaType == "text/event-stream"
            ? await EventsAsync(reader, cancellation) : await LinesAsync(reader, answer.Content.Headers, cancellation);
    }

    /// <summary>Server-sent events, up to the one that is the last.</summary>
    private async Task<bool> EventsAsync(StreamReader reader, CancellationToken cancellation)
    {
        string? id = null, data = null;
        while (await LineAsync(reader, cancellation) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
                id = line[4..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
                data = line[6..];
            if (line.Length > 0 || data is null)
                continue;
            if (IsError(data))
                return false;
            if (IsBackground)
                id = $"{JsonElement.Parse(data).GetProperty("sequence_number").GetInt32()}";
            Take(id, data);
            if (data == "[DONE]" || data.Contains("\"type\":\"message_stop\"", StringComparison.Ordinal)
                || data.StartsWith("{\"type\":\"response.completed\"", StringComparison.Ordinal)
                || data.StartsWith("{\"type\":\"response.incomplete\"", StringComparison.Ordinal))
            {
                return true;
            }

            (id, data) = (null, null);
        }

        return false;
    }

    /// <summary>Lines of JSON, or one answer; none can be gone on with.</summary>
    private async Task<bool> LinesAsync(StreamReader reader, HttpContentHeaders headers, CancellationToken cancellation)
    {
        _answer.Clear();
        bool isLines = headers.ContentType?.MediaType == "application/x-ndjson";
        while (await LineAsync(reader, cancellation) is { } line)
        {
            if (line.Length == 0)
                continue;
            if (IsError(line))
                return false;
            Take(null, line);
            if (!isLines || line.Contains("\"done\":true", StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    private void Take(string? id, string data)
    {
        if (_answer.Events > 0)
            Still = Math.Max(Still, Stopwatch.GetElapsedTime(_last).TotalSeconds);
        _last = Stopwatch.GetTimestamp();
        _answer.Add(id, data);
    }

    /// <summary>
    /// Whether a stream ends with an error. It may tell that the stream goes on elsewhere, where its client has come again, or
    /// that its server stops; all else is a fault that the storm is to show.
    /// </summary>
    private bool IsError(string data)
    {
        if (!data.StartsWith("{\"error\"", StringComparison.Ordinal)
            && !data.StartsWith("{\"type\":\"error\"", StringComparison.Ordinal)
            && !data.StartsWith("{\"type\":\"response.failed\"", StringComparison.Ordinal))
        {
            return false;
        }

        if (IsDisturbed(_door) || data.Contains("durable_elsewhere", StringComparison.Ordinal))
            Errors++;
        else
            Faults.Add($"{_door}: {data}");
        return true;
    }

    /// <summary>Whether a refusal passes; one that does not is a fault that the storm is to show.</summary>
    private bool Refused(HttpResponseMessage answer, string text)
    {
        // A door that was killed before it had stored anything had answered nothing.
        if ((int)answer.StatusCode is 503 or 409 or 502 or 504)
            return false;
        throw new InvalidOperationException($"{name}: {(int)answer.StatusCode} {text}");
    }

    private Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation) =>
        http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation)
            .WaitAsync(Patience * (IsBackground || CanResume ? 1 : 4), cancellation);

    private async Task<string?> LineAsync(StreamReader reader, CancellationToken cancellation) =>
        await reader.ReadLineAsync(cancellation).AsTask().WaitAsync(Patience, cancellation);
}

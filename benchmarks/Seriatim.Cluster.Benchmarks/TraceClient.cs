using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using Trace = Seriatim.Simulation.Trace;

namespace Seriatim.Cluster.Benchmarks;

/// <summary>
/// Clients that send the requests of a trace to doors: each conversation keeps its door, and goes on with what was said.
/// </summary>
/// <param name="doors">The doors.</param>
/// <param name="model">Name of the model.</param>
/// <param name="vocabulary">Ids that are asked are below it.</param>
internal sealed class TraceClient(HttpClient[] doors, string model, int vocabulary)
{
    private const int FirstId = 10;

    private readonly Lock _gate = new();

    /// <summary>Seconds to the first token of each request.</summary>
    public List<double> First { get; } = [];

    /// <summary>Seconds of a further token, the mean of each request.</summary>
    public List<double> Between { get; } = [];

    public long PromptTokens { get; private set; }

    public long CachedTokens { get; private set; }

    public long NewTokens { get; private set; }

    /// <summary>Sends all, and returns when the last answer is complete.</summary>
    /// <returns>Seconds from the beginning to the last answer.</returns>
    public async Task<double> RunAsync(Trace trace)
    {
        long begin = Stopwatch.GetTimestamp();
        await Task.WhenAll(trace.First.Select(first => Task.Run(() => TalkAsync(trace, first, begin))));
        return Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    /// <summary>One request alone.</summary>
    /// <returns>Seconds to its first token.</returns>
    public async Task<double> AskAsync(int door, int[] prompt, int tokens)
    {
        await AskAsync(doors[door], [.. prompt], tokens);
        return First[^1];
    }

    private async Task TalkAsync(Trace trace, int number, long begin)
    {
        var text = new List<int>();
        while (number >= 0)
        {
            TraceRequest request = trace.Requests[number];
            double wait = double.IsNaN(request.At) ? request.Think
                : request.At - Stopwatch.GetElapsedTime(begin).TotalSeconds;
            if (wait > 0)
                await Task.Delay(TimeSpan.FromSeconds(wait));
            while (text.Count < request.Length)
                text.Add(FirstId + Trace.TokenAt(request, text.Count) % (vocabulary - FirstId));
            text.AddRange(await AskAsync(doors[request.Conversation % doors.Length], text, request.Output));
            number = request.Next;
        }
    }

    private async Task<List<int>> AskAsync(HttpClient door, List<int> prompt, int tokens)
    {
        string body = $$$"""
            {"model": "{{{model}}}", "prompt": [{{{string.Join(',', prompt)}}}], "max_tokens": {{{tokens}}}, "ignore_eos": true,
            "temperature": 0, "stream": true, "return_token_ids": true, "stream_options": {"include_usage": true}}
            """;
        using var message = new HttpRequestMessage(HttpMethod.Post, "v1/completions")
        {
            Content = new StringContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        long start = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await door.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException(await response.Content.ReadAsStringAsync());
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var answer = new List<int>();
        (double first, double last, long cached) = (0, 0, 0);
        while (await reader.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith("data: {", StringComparison.Ordinal))
                continue;
            using JsonDocument chunk = JsonDocument.Parse(line.AsMemory(6));
            foreach (JsonElement choice in chunk.RootElement.GetProperty("choices").EnumerateArray())
            {
                if (choice.TryGetProperty("token_ids", out JsonElement ids) && ids.ValueKind == JsonValueKind.Array)
                    answer.AddRange(ids.EnumerateArray().Select(id => id.GetInt32()));
            }

            if (answer.Count > 0 && first == 0)
                first = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (answer.Count == tokens && last == 0)
                last = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (chunk.RootElement.TryGetProperty("usage", out JsonElement usage) && usage.ValueKind == JsonValueKind.Object)
                cached = usage.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt64();
        }

        if (answer.Count != tokens)
            throw new InvalidOperationException($"{answer.Count} tokens came; {tokens} were asked for.");
        lock (_gate)
        {
            First.Add(first);
            if (tokens > 1)
                Between.Add((last - first) / (tokens - 1));
            (PromptTokens, CachedTokens, NewTokens) = (PromptTokens + prompt.Count, CachedTokens + cached, NewTokens + tokens);
        }

        return answer;
    }
}

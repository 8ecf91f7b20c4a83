using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Seriatim.Server.Benchmarks;

/// <summary>One request of the load, and what it gets when it is alone.</summary>
/// <param name="Name">What messages call it.</param>
/// <param name="Path">Where it goes.</param>
/// <param name="Json">Its body.</param>
internal sealed partial record LoadCase(string Name, string Path, string Json)
{
    /// <summary>
    /// All requests: streams and whole answers, samples, beams, grammars, lists of prompts, embeddings, translations.
    /// </summary>
    public static IReadOnlyList<LoadCase> All { get; } =
    [
        .. Enumerable.Range(0, 12).Select(i => Story($"stream {i}", i, 20 + 12 * i, ("temperature", 0.9), ("stream", true))),
        .. Enumerable.Range(0, 12).Select(i => Story($"whole {i}", i, 10 + 9 * i, ("top_p", 0.9), ("logprobs", 2))),
        .. Enumerable.Range(0, 4).Select(i => Story($"n {i}", i, 24, ("n", 3))),
        .. Enumerable.Range(0, 4)
            .Select(i => Story($"schema {i}", i, 120, ("temperature", 1.3), ("response_format", JsonNode.Parse(Schema)))),
        .. Enumerable.Range(0, 4).Select(i => new LoadCase($"embed {i}", "v1/embeddings",
            new JsonObject { ["model"] = "stories", ["input"] = new JsonArray(Begin(i), Begin(i + 2)) }.ToJsonString())),
        .. Chinese.Select((text, i) => new LoadCase($"translate {i}", "v1/translate",
            new JsonObject { ["model"] = "zh-en", ["text"] = text, ["beams"] = 1 + i }.ToJsonString())),
    ];

    private const string Schema = """
        {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object", "properties": {
        "name": {"type": "string", "maxLength": 20}, "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "pets": {"type": "array", "maxItems": 3, "items": {"enum": ["cat", "dog"]}}},
        "required": ["name", "age", "pets"], "additionalProperties": false}}}
        """;

    private static IEnumerable<string> Chinese => ["我爱学习。", "你好。", "他在哪里？", "今天天气很好。"];

    /// <summary>Hash of the answer to this request alone.</summary>
    public string Expected { get; set; } = "";

    public bool Streams => Json.Contains("\"stream\":true", StringComparison.Ordinal);

    /// <summary>Asks.</summary>
    /// <returns>A hash of what the answer says, without ids and times.</returns>
    public async Task<string> AskAsync(HttpClient client, CancellationToken stop)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, Path)
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Json))
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
            },
        };
        using HttpResponseMessage response = await client.SendAsync(message, stop);
        string body = await response.Content.ReadAsStringAsync(stop);
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException($"{Name}: {(int)response.StatusCode} {body}");
        string said = Streams
            ? string.Concat(Texts().Matches(body).Select(match => match.Groups[1].Value))
                + (body.Contains("[DONE]", StringComparison.Ordinal) ? "" : " without an end")
            : Changing().Replace(body, "");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(said)))[..16];
    }

    /// <summary>The request as bytes of HTTP.</summary>
    public byte[] Raw(Uri address)
    {
        byte[] body = Encoding.UTF8.GetBytes(Json);
        byte[] head = Encoding.ASCII.GetBytes(
            $"POST /{Path} HTTP/1.1\r\nHost: {address.Authority}\r\nContent-Type: application/json\r\nContent-Length: "
                + $"{body.Length}\r\n\r\n");
        return [.. head, .. body];
    }

    private static LoadCase Story(string name, int i, int tokens, params (string Name, JsonNode? Value)[] fields)
    {
        var json = new JsonObject { ["model"] = "stories", ["prompt"] = Begin(i), ["max_tokens"] = tokens, ["seed"] = i };
        foreach ((string field, JsonNode? value) in fields)
            json[field] = value;
        return new LoadCase(name, "v1/completions", json.ToJsonString());
    }

    private static string Begin(int i) => ((string[])
        ["Once upon a time", "The dog", "Lily had a ball", "Tom and his mother went", "One day", "The sun was", "A small bird",
            "Ben saw"])[i % 8];

    [GeneratedRegex("\"text\":\"((?:[^\"\\\\]|\\\\.)*)\"")]
    private static partial Regex Texts();

    /// <summary>What is another each time: ids, times, how much was found in the cache.</summary>
    [GeneratedRegex("\"(id|created)\":(\"[^\"]*\"|[0-9]+),?|\"cached_tokens\":[0-9]+,?|\"timings\":\\{[^}]*\\},?")]
    private static partial Regex Changing();
}

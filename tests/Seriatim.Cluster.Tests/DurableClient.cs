using System.Text.Json;
using Seriatim.Server;

namespace Seriatim.Cluster.Tests;

/// <summary>What a client of durable requests does.</summary>
internal static class DurableClient
{
    public const string Input = """
        "model": "tiny", "input": "the cat number 7", "max_output_tokens": 140, "temperature": 0.9, "seed": 3
        """;

    public static readonly (string, string) Durable = (DurableCalls.Header, "true");

    public static async Task<string> BeginAsync(TestSilo silo, int tokens = 140)
    {
        using HttpResponseMessage begun = await silo.PostAsync("/v1/responses",
            $$"""{ {{Input}}, "background": true }""".Replace("140", $"{tokens}", StringComparison.Ordinal));
        Assert.Equal(["true"], begun.Headers.GetValues(DurableCalls.Header));
        return await IdOfAsync(begun);
    }

    public static async Task<string> IdOfAsync(HttpResponseMessage answer) =>
        JsonElement.Parse(await answer.Content.ReadAsStringAsync()).GetProperty("id").GetString()!;

    public static async Task<string?> StatusAsync(TestSilo silo, string id)
    {
        using HttpResponseMessage answer = await silo.Client.GetAsync($"/v1/responses/{id}");
        return answer.IsSuccessStatusCode
            ? JsonElement.Parse(await answer.Content.ReadAsStringAsync()).GetProperty("status").GetString() : null;
    }

    public static async Task IsAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
            await Task.Delay(20);
    }

    public static string Bare(string text) => TestSilo.Bare(text).Trim();

    public static async Task<string> TextAsync(HttpResponseMessage response)
    {
        using (response)
            return await response.Content.ReadAsStringAsync();
    }

    public static async Task<string[]> EventsAsync(HttpResponseMessage response)
    {
        string text = await TextAsync(response);
        Assert.True(response.IsSuccessStatusCode, text);
        return text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
    }

    public static async Task<string> EventAsync(StreamReader reader)
    {
        var lines = new List<string>();
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
            lines.Add(line);
        return string.Join('\n', lines);
    }

    public static string IdOf(string one) =>
        one.Split('\n').Single(line => line.StartsWith("id: ", StringComparison.Ordinal))[4..];

    /// <summary>An event without its id and without what every request has of its own.</summary>
    public static string Data(string one) =>
        Bare(string.Join('\n', one.Split('\n').Where(line => !line.StartsWith("id: ", StringComparison.Ordinal))));

    public static IEnumerable<string> Sorted(IEnumerable<string> events) => events.Select(Data).Order(StringComparer.Ordinal);
}

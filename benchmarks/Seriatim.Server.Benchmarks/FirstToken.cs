using System.Diagnostics;
using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server.Benchmarks;

/// <summary>
/// The time to the first token through HTTP against the library, by turns, and where it goes. Each side is read to its end before
/// the other begins: what is cancelled goes on to the end of its step, and the other would wait for it.
/// </summary>
internal static class FirstToken
{
    private const int Warm = 40;

    public static async Task MeasureAsync(LanguageModel library, HttpClient client, int rounds, int newTokens)
    {
        var marks = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        var own = new List<double>();
        var through = new List<double>();
        var later = new List<double>();
        for (int i = -Warm; i < rounds; i++)
        {
            bool isFirst = i % 2 == 0;
            double mine = isFirst ? await LibraryAsync(library, i, newTokens) : 0;
            (double http, string id) = await HttpAsync(client, i, newTokens);
            mine = isFirst ? mine : await LibraryAsync(library, i, newTokens);
            if (i < 0)
                continue;
            own.Add(mine);
            through.Add(http);
            later.Add(http - mine);
            await NoteAsync(client, id, http, marks);
        }

        Console.WriteLine($"first token ({newTokens} new): library {Median(own):F2} ms, HTTP {Median(through):F2} ms; "
            + $"{Median(through) - Median(own):F2} ms later (medians of {rounds}), "
            + $"median of the differences {Median(later):F2} ms");
        Console.WriteLine("  " + string.Join(", ", marks.Select(mark => $"{mark.Key} {Median(mark.Value):F2}")));
    }

    private static async Task<double> LibraryAsync(LanguageModel library, int round, int newTokens)
    {
        GenerationRequest request =
            HttpOverhead.Request(library, 1000 * newTokens + Warm + round, 1) with { MaxNewTokens = newTokens };
        double first = 0;
        long start = Stopwatch.GetTimestamp();
        await foreach (GenerationUpdate _ in library.Submit(request))
            first = first > 0 ? first : Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        return first;
    }

    private static async Task<(double First, string Id)> HttpAsync(HttpClient client, int round, int newTokens)
    {
        byte[] json = HttpOverhead.Json(1000 * newTokens + Warm + round, 1, newTokens);
        long start = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await HttpOverhead.PostAsync(client, json);
        await using Stream body = await response.Content.ReadAsStreamAsync();
        await body.ReadExactlyAsync(new byte[6]);
        double first = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        await body.CopyToAsync(Stream.Null);
        return (first, response.Headers.GetValues("x-request-id").First());
    }

    /// <summary>The server's own time line of a request: what is left of the whole was before it, or behind it.</summary>
    private static async Task NoteAsync(HttpClient client, string id, double whole, Dictionary<string, List<double>> marks)
    {
        using JsonDocument record = JsonDocument.Parse(await client.GetStringAsync($"v1/requests/{id}"));
        double last = 0;
        foreach (JsonElement line in record.RootElement.GetProperty("timeline").EnumerateArray())
        {
            string name = line.GetProperty("event").GetString()!;
            double at = line.GetProperty("at_ms").GetDouble();
            if (name is not ("queued" or "admitted" or "first_token"))
                continue;
            Add($"to {name}", at - last);
            last = at;
        }

        Add("outside of these", whole - last);

        void Add(string name, double value)
        {
            if (!marks.TryGetValue(name, out List<double>? values))
                marks.Add(name, values = []);
            values.Add(value);
        }
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}

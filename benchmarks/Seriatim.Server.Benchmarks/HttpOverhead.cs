using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Server.Benchmarks;

/// <summary>
/// Streams through HTTP against streams of the library, by turns, with the same requests and the same model file.
/// </summary>
internal static class HttpOverhead
{
    private const int Rounds = 7;
    private const int PromptTokens = 32;
    public const int NewTokens = 96;
    private const int FirstTokens = 40;

    /// <summary>Times alone to the first token.</summary>
    public static Task<int> FirstAsync(int rounds) => WithBothAsync(async (library, client) =>
    {
        await FirstToken.MeasureAsync(library, client, rounds, 1);
        await FirstToken.MeasureAsync(library, client, rounds, 8);
    });

    public static Task<int> RunAsync(int[] streams) => WithBothAsync(async (library, client) =>
    {
        Console.WriteLine($"{PromptTokens} tokens read, {NewTokens} written by each stream; {Rounds} rounds by turns");
        await HttpAsync(client, 2, 0);
        await LibraryAsync(library, 2, 0);
        foreach (int count in streams)
            await ThroughputAsync(library, client, count);
        await FirstToken.MeasureAsync(library, client, FirstTokens, 2);
    });

    public static async Task<int> WithBothAsync(Func<LanguageModel, HttpClient, Task> measure)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("seriatim-server-bench-");
        try
        {
            string file = ShapeFile.Write(folder.FullName, ShapeFile.Small);
            var options = new LanguageModelOptions { Engine = new EngineOptions { MaxSequences = 64, TokenBudget = 512 } };
            using LanguageModel library = await LanguageModel.OpenAsync(file, options);
            await using RunningServer server = await RunningServer.StartAsync(server => server.Models.Add(
                new ServedModelOptions { Model = file, Name = "shape", Options = options, Preload = true }));
            Limits();
            Console.WriteLine(Path.GetFileName(file));
            await measure(library, server.Client);
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Limits()
    {
        using var team = new WorkerTeam(Environment.ProcessorCount);
        using var read = new ReadProbe(256L << 20);
        double bytes = 0, flops = 0;
        for (int i = 0; i < 5; i++)
        {
            bytes = Math.Max(bytes, read.MeasureOnce(team));
            flops = Math.Max(flops, FmaProbe.MeasureOnce(team, rounds: 50_000));
        }

        Console.WriteLine(
            $"limits: {bytes / 1e9:F1} GB/s of reads, {flops / 1e9:F0} GFLOP/s of fused multiply-adds, "
                + $"{Environment.ProcessorCount} threads");
    }

    private static async Task ThroughputAsync(LanguageModel library, HttpClient client, int count)
    {
        var ratios = new List<double>();
        var own = new List<double>();
        var through = new List<double>();
        for (int round = 0; round < Rounds; round++)
        {
            // The one goes first in one round, the other in the next: neither always has the cooler machine.
            double first = round % 2 == 0 ? await LibraryAsync(library, count, round) : await HttpAsync(client, count, round);
            double second = round % 2 == 0 ? await HttpAsync(client, count, round) : await LibraryAsync(library, count, round);
            (double mine, double http) = round % 2 == 0 ? (first, second) : (second, first);
            own.Add(mine);
            through.Add(http);
            ratios.Add(http / mine);
        }

        Console.WriteLine(
            $"{count,3} streams: library {Median(own):F0} tokens/s, HTTP {Median(through):F0} tokens/s, median ratio "
                + $"{Median(ratios):F3}"
            + $" ({ratios.Min():F3} to {ratios.Max():F3})");
    }

    private static async Task<double> LibraryAsync(LanguageModel model, int count, int round)
    {
        long start = Stopwatch.GetTimestamp();
        int[] tokens = await Task.WhenAll(Enumerable.Range(0, count).Select(i => Task.Run(async () =>
        {
            int texts = 0;
            await foreach (GenerationUpdate update in model.Submit(Request(model, round, i)))
                texts += update.TokenId is null ? 0 : 1;
            return texts;
        })));
        return Rate(tokens.Sum(), count, start);
    }

    private static async Task<double> HttpAsync(HttpClient client, int count, int round)
    {
        long start = Stopwatch.GetTimestamp();
        int[] tokens = await Task.WhenAll(Enumerable.Range(0, count).Select(i => Task.Run(async () =>
        {
            using HttpResponseMessage response = await PostAsync(client, Json(round, i, NewTokens));
            await using Stream body = await response.Content.ReadAsStreamAsync();
            using var reader = new StreamReader(body);
            string last = "";
            while (await reader.ReadLineAsync() is { } line)
                last = line.Contains("\"usage\":{", StringComparison.Ordinal) ? line : last;
            int at = last.IndexOf("\"completion_tokens\":", StringComparison.Ordinal) + "\"completion_tokens\":".Length;
            int end = last.AsSpan(at).IndexOfAnyExceptInRange('0', '9');
            return int.Parse(last.AsSpan(at, end), CultureInfo.InvariantCulture);
        })));
        return Rate(tokens.Sum(), count, start);
    }

    private static double Rate(int tokens, int count, long start) => tokens == count * NewTokens
        ? tokens / Stopwatch.GetElapsedTime(start).TotalSeconds
        : throw new InvalidOperationException($"{tokens} tokens came; {count} streams of {NewTokens} were asked for.");

    public static GenerationRequest Request(LanguageModel model, int round, int stream) => new()
    {
        Prompt = Prompt(round, stream),
        MaxNewTokens = NewTokens,
        IgnoreEndIds = true,
        Seed = (ulong)stream,
        Sampling = new SamplingOptions { Temperature = 0.8f },
        Tokenizer = model.Tokenizer,
    };

    /// <summary>The same request as <see cref="Request"/>, as a body.</summary>
    public static byte[] Json(int round, int stream, int newTokens) => Encoding.UTF8.GetBytes(
        $$$"""
            {"model": "shape", "prompt": [{{{string.Join(',', Prompt(round, stream))}}}], "max_tokens": {{{newTokens}}},
            "ignore_eos": true, "seed": {{{stream}}}, "temperature": 0.8, "top_p": 1, "stream": true, "stream_options": {"include_usage": true}}
            """);

    public static async Task<HttpResponseMessage> PostAsync(HttpClient client, byte[] json)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, "v1/completions")
        {
            Content = new ByteArrayContent(json)
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
            },
        };
        HttpResponseMessage response = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        return response.IsSuccessStatusCode ? response
            : throw new InvalidOperationException(await response.Content.ReadAsStringAsync());
    }

    /// <summary>No prompt is asked twice, so that neither side finds it in its cache.</summary>
    private static int[] Prompt(int round, int stream) =>
        [.. Enumerable.Range(0, PromptTokens).Select(i => 5 + (int)((i * 7919L + stream * 104729L + round * 15485863L) % 4000))];

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}

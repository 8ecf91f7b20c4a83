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
    private const int NewTokens = 96;
    private const int FirstTokens = 40;

    public static async Task<int> RunAsync(int[] streams)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("seriatim-server-bench-");
        try
        {
            string file = ShapeFile.Write(folder.FullName);
            var options = new LanguageModelOptions { Engine = new EngineOptions { MaxSequences = 64, TokenBudget = 512 } };
            using LanguageModel library = await LanguageModel.OpenAsync(file, options);
            await using RunningServer server = await RunningServer.StartAsync(server => server.Models.Add(
                new ServedModelOptions { Model = file, Name = "shape", Options = options, Preload = true }));
            Limits();
            Console.WriteLine($"{Path.GetFileName(file)}: {PromptTokens} tokens read, {NewTokens} written by each stream; "
                + $"{Rounds} rounds by turns");
            await HttpAsync(server.Client, 2, 0);
            await LibraryAsync(library, 2, 0);
            foreach (int count in streams)
                await ThroughputAsync(library, server.Client, count);
            await FirstTokenAsync(library, server.Client);
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
            using HttpResponseMessage response = await PostAsync(client, round, i, NewTokens);
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

    private static async Task FirstTokenAsync(LanguageModel library, HttpClient client)
    {
        var own = new List<double>();
        var through = new List<double>();
        for (int i = 0; i < FirstTokens; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await foreach (GenerationUpdate _ in library.Submit(Request(library, 100, i) with { MaxNewTokens = 2 }))
            {
                own.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                break;
            }

            start = Stopwatch.GetTimestamp();
            using HttpResponseMessage response = await PostAsync(client, 100, i, 2);
            await using Stream body = await response.Content.ReadAsStreamAsync();
            await body.ReadExactlyAsync(new byte[6]);
            through.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            await body.CopyToAsync(Stream.Null);
        }

        Console.WriteLine(
            $"first token: library {Median(own):F2} ms, HTTP {Median(through):F2} ms, {Median(through) - Median(own):F2} ms "
                + $"later (medians of {FirstTokens})");
    }

    private static GenerationRequest Request(LanguageModel model, int round, int stream) => new()
    {
        Prompt = Prompt(round, stream),
        MaxNewTokens = NewTokens,
        IgnoreEndIds = true,
        Seed = (ulong)stream,
        Sampling = new SamplingOptions { Temperature = 0.8f },
        Tokenizer = model.Tokenizer,
    };

    private static async Task<HttpResponseMessage> PostAsync(HttpClient client, int round, int stream, int newTokens)
    {
        string json = $$$"""
            {"model": "shape", "prompt": [{{{string.Join(',', Prompt(round, stream))}}}], "max_tokens": {{{newTokens}}},
            "ignore_eos": true, "seed": {{{stream}}}, "temperature": 0.8, "top_p": 1, "stream": true, "stream_options": {"include_usage": true}}
            """;
        using var message = new HttpRequestMessage(HttpMethod.Post, "v1/completions")
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(json))
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
        [.. Enumerable.Range(0, PromptTokens).Select(i => 5 + (i * 7919 + stream * 104729 + round * 15485863) % 4000)];

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}

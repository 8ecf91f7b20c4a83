using System.CommandLine;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Seriatim.Cli;

/// <summary><c>seriatim replay</c>: has a server repeat a request, and says whether the bytes are the same.</summary>
internal static class ReplayCommand
{
    public static Command Build()
    {
        var what = new Argument<string>("record")
        {
            Description = "A file with the record of a request, as GET /v1/requests/ID gives it, or the id of a request that "
                + "the server remembers.",
        };
        var server = new Option<string>("--server")
        {
            Description = "The server that repeats it.",
            HelpName = "url",
            DefaultValueFactory = _ => Environment.GetEnvironmentVariable("OPENAI_BASE_URL") is { Length: > 0 } url
                ? url : "http://127.0.0.1:8080",
        };
        Option<string?> key = Flag.Maybe<string>("The server's key. Default: OPENAI_API_KEY.", "key", "--api-key");
        Option<bool> json = SharedOptions.Json("the server's answer");
        var command = new Command("replay", "Repeat a request of a server and say whether the bytes are the same.")
        {
            what, server, key, json,
        };
        command.SetAction((result, cancellation) => RunAsync(result.GetRequiredValue(what), result.GetRequiredValue(server),
            result.GetValue(key) ?? Environment.GetEnvironmentVariable("OPENAI_API_KEY"), result.GetValue(json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string what, string server, string? key, bool json, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(server, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
            throw new UsageException($"--server is {server}; an address is needed: http://127.0.0.1:8080.");
        using var client = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        if (key is { Length: > 0 })
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        bool isFile = File.Exists(what);
        var path = new Uri(address, isFile ? "/v1/replay" : $"/v1/requests/{Uri.EscapeDataString(what)}/replay");
        using var body = new StringContent(isFile ? await File.ReadAllTextAsync(what, cancellation) : "", Encoding.UTF8,
            "application/json");
        try
        {
            using HttpResponseMessage response = await client.PostAsync(path, body, cancellation);
            string text = await response.Content.ReadAsStringAsync(cancellation);
            return response.IsSuccessStatusCode ? Tell(text, json) : throw new UserErrorException(ErrorOf(text, response));
        }
        catch (HttpRequestException failure)
        {
            throw new UserErrorException($"{server} does not answer: {failure.Message}");
        }
    }

    private static int Tell(string text, bool json)
    {
        using JsonDocument answer = JsonDocument.Parse(text);
        bool same = answer.RootElement.GetProperty("same").GetBoolean();
        if (json)
            Console.Out.WriteLine(answer.RootElement.GetRawText());
        else
            Console.Out.WriteLine(same ? "The same bytes." : "Other bytes: this must not be; please report it.");
        return same ? ExitCodes.Success : ExitCodes.Internal;
    }

    private static string ErrorOf(string text, HttpResponseMessage response)
    {
        try
        {
            using JsonDocument answer = JsonDocument.Parse(text);
            return answer.RootElement.GetProperty("error").GetProperty("message").GetString()!;
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return $"The server answers {(int)response.StatusCode} and is perhaps another one.";
        }
    }
}

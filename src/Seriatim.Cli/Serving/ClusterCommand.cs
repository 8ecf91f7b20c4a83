using System.CommandLine;
using System.Net.Http.Headers;
using System.Text.Json;
using Spectre.Console;

namespace Seriatim.Cli;

/// <summary><c>seriatim cluster</c>: what a server of a cluster knows of the others.</summary>
internal static class ClusterCommand
{
    public static Command Build() => new("cluster", "See which servers share their requests.") { BuildStatus() };

    private static Command BuildStatus()
    {
        var server = new Option<string>("--url")
        {
            Description = "The server that is asked: any of the cluster.",
            HelpName = "url",
            DefaultValueFactory = _ => "http://127.0.0.1:8080",
        };
        Option<string?> key = Flag.Maybe<string>("The server's key. Default: OPENAI_API_KEY.", "key", "--api-key");
        Option<bool> json = SharedOptions.Json("the server's answer");
        var command = new Command("status", "Show the silos of a cluster, their models and how busy they are.")
        {
            server, key, json,
        };
        command.SetAction((result, cancellation) => RunAsync(result.GetRequiredValue(server),
            result.GetValue(key) ?? Environment.GetEnvironmentVariable("OPENAI_API_KEY"), result.GetValue(json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string server, string? key, bool json, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(server, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
            throw new UsageException($"--url is {server}; an address is needed: http://127.0.0.1:8080.");
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        if (key is { Length: > 0 })
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        try
        {
            using HttpResponseMessage response = await client.GetAsync(new Uri(address, "/v1/cluster"), cancellation);
            string text = await response.Content.ReadAsStringAsync(cancellation);
            if (!response.IsSuccessStatusCode)
                throw new UserErrorException(ErrorOf(text, response));
            if (json)
                Console.Out.WriteLine(text);
            else
                Show(text);
            return ExitCodes.Success;
        }
        catch (HttpRequestException failure)
        {
            throw new UserErrorException($"{server} does not answer: {failure.Message}");
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new UserErrorException($"{server} takes connections and does not answer.");
        }
    }

    private static void Show(string text)
    {
        using JsonDocument answer = JsonDocument.Parse(text);
        JsonElement root = answer.RootElement, membership = root.GetProperty("membership");
        var table = new Table().Border(TableBorder.Simple);
        foreach (string column in new[] { "silo", "state", "model", "fingerprint", "running", "waiting", "pages" })
            table.AddColumn(column);
        foreach (JsonElement silo in root.GetProperty("silos").EnumerateArray())
        {
            string name = $"{silo.GetProperty("name").GetString()}{(silo.GetProperty("here").GetBoolean() ? " (asked)" : "")}";
            string state = silo.GetProperty("state").GetString()!;
            JsonElement[] models = [.. silo.GetProperty("models").EnumerateArray()];
            if (models.Length == 0)
                table.AddRow(name.EscapeMarkup(), state);
            foreach (JsonElement model in models)
            {
                table.AddRow([.. new[]
                {
                    name, state, model.GetProperty("name").GetString()!,
                    model.GetProperty("fingerprint").GetString() ?? "not open", $"{model.GetProperty("running")}",
                    $"{model.GetProperty("waiting")}", $"{model.GetProperty("pages_in_use")} of {model.GetProperty("pages")}",
                }.Select(cell => cell.EscapeMarkup())]);
                (name, state) = ("", "");
            }
        }

        Console.Out.WriteLine($"cluster {root.GetProperty("cluster").GetString()}, membership by "
            + $"{membership.GetProperty("kind").GetString()}"
            + (membership.GetProperty("reachable").GetBoolean() ? "" : $", which cannot be reached "
                + $"({membership.GetProperty("failure").GetString()}): serving goes on with the silos that are known"));
        Terminal.Table(table);
        Console.Out.WriteLine(string.Join(", ", root.GetProperty("door").EnumerateObject()
            .Select(count => $"{count.Name.Replace("_total", "", StringComparison.Ordinal)} {count.Value}")));
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
            return $"The server answers {(int)response.StatusCode} and is perhaps another one, or an older version.";
        }
    }
}

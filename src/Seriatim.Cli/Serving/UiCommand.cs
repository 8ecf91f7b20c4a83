using System.CommandLine;
using Microsoft.Extensions.Logging;
using Seriatim.Server;

namespace Seriatim.Cli;

/// <summary><c>seriatim ui</c>: the page, in the browser; starts the server if there is none yet.</summary>
internal static class UiCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public static Command Build()
    {
        var flags = new ServeFlags();
        Option<bool> stay = Flag.Switch("Print the address and open no browser.", "--no-browser");
        var command = new Command("ui", "Open the page: talk, translate, look inside.");
        foreach (Option option in flags.All)
            command.Add(option);
        command.Add(stay);
        command.SetAction(async (result, cancellation) =>
        {
            if (!ServedPage.Exists)
            {
                throw new UserErrorException("This program was compiled ahead as one native file, which has no page. Install "
                    + "the tool (dotnet tool install -g Seriatim.Cli) or build without PublishAot.");
            }

            if (MpiProcessGroup.IsRequested)
            {
                throw new UserErrorException("ui starts a server of one process, and mpirun would start as many as processes. "
                    + "Start serve under mpirun, and open its address.");
            }

            ServerAppOptions app = flags.App(result);
            bool opens = !result.GetValue(stay);
            if (app.Port != 0 && await RunningAsync(app, cancellation) is { } address)
            {
                string[] places = ["--host", "--port"];
                if (flags.All.FirstOrDefault(flag => result.IsGiven(flag) && !places.Contains(flag.Name)) is { } meant)
                {
                    throw new UserErrorException($"A server listens at {address} already, and {meant.Name} is for one that "
                        + "starts. Give another port (--port; 0: one that is free), or leave it out.");
                }

                Show(address, opens);
                return ExitCodes.Success;
            }

            if (!result.GetValue<bool>("--verbose"))
                app = app with { LogLevel = LogLevel.Warning };
            return await ServeRun.RunAsync(app, ready => flags.ServerAsync(result, cancellation, ready), json: false,
                flags.AllowsTraining(result), cancellation,
                url => Show(url, opens), flags.Cluster(result));
        });
        return command;
    }

    /// <summary>The address of a server of ours that listens already; null: there is none.</summary>
    /// <exception cref="UserErrorException">Something listens there that has no page.</exception>
    private static async Task<string?> RunningAsync(ServerAppOptions app, CancellationToken cancellation)
    {
        string host = app.Host is "0.0.0.0" or "*" or "+" ? "127.0.0.1" : app.Host;
        string address = $"http://{(host.Contains(':') && host[0] != '[' ? $"[{host}]" : host)}:{app.Port}";
        using var client = new HttpClient { Timeout = Patience };
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Accept.ParseAdd("text/html");
        try
        {
            using HttpResponseMessage answer = await client.SendAsync(request, cancellation);
            string text = await answer.Content.ReadAsStringAsync(cancellation);
            return text.Contains("<title>Seriatim</title>", StringComparison.Ordinal) ? address : throw new UserErrorException(
                $"{address} is another program, or a server without the page. Give another port (--port; 0: one that is free).");
        }
        catch (HttpRequestException)
        {
            return null;
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new UserErrorException(
                $"{address} takes connections and does not answer. Give another port (--port; 0: one that is free).");
        }
    }

    private static void Show(string address, bool opens)
    {
        if (opens && Browser.TryOpen(address))
            Terminal.Note($"Opened {address} in the browser.");
        else
            Console.Out.WriteLine(address);
    }
}

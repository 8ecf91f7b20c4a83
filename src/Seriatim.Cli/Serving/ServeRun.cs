using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Seriatim.Server;

namespace Seriatim.Cli;

/// <summary>
/// Runs the server until it is told to stop: the first signal lets what runs end and refuses what is new, the second ends it at
/// once.
/// </summary>
internal static class ServeRun
{
    public static async Task<int> RunAsync(ServerAppOptions app, Action<SeriatimServerOptions> configure, bool json,
        bool allowsTraining,
        CancellationToken cancellation, Action<string>? started = null)
    {
        CommandLine.EndsSlowly = true;
        await using WebApplication server = ServerApp.Build(app, configure, beside: ServedPage.Part(allowsTraining));
        ServerCore core = server.Services.GetRequiredService<ServerCore>();
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration interrupted =
            cancellation.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetResult(), stop);
        int signals = 0;
        using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            if (Interlocked.Increment(ref signals) > 1)
                core.State.Kill();
            stop.TrySetResult();
        });
        try
        {
            await server.StartAsync(CancellationToken.None);
        }
        catch (IOException failure) when (failure.InnerException?.InnerException is SocketException
            or Microsoft.AspNetCore.Connections.AddressInUseException || failure.InnerException is not null)
        {
            Terminal.Error($"{app.Host}:{app.Port} cannot be listened at: {Reason(failure)} Give another port (--port; 0: one "
                + "that is free).");
            return ExitCodes.Unavailable;
        }

        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(ServeLine.Of(server, core), CliJson.Lines.ServeLine));
        else
            ServeScreen.Show(server, core);
        started?.Invoke(server.Urls.First());
        await stop.Task;
        Terminal.Note(core.State.Running switch
        {
            0 => "Stopping.",
            1 => "Stopping once 1 request has ended; a second signal ends it at once.",
            var running => $"Stopping once {running} requests have ended; a second signal ends them at once.",
        });
        await server.StopAsync(CancellationToken.None);
        return ExitCodes.Success;
    }

    private static string Reason(IOException failure)
    {
        Exception inner = failure.GetBaseException();
        return inner is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse } ? "another program listens there."
            : $"{inner.Message.TrimEnd('.')}.";
    }
}

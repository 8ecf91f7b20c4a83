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
    /// <param name="app">Where the server listens, and for whom.</param>
    /// <param name="configure">Says what is served; told what to do when the command line is read, before models are looked
    /// for.</param>
    /// <param name="json">Whether a program reads where it listens.</param>
    /// <param name="allowsTraining">Whether the page trains models.</param>
    /// <param name="cancellation">The first Ctrl-C, until the server runs.</param>
    /// <param name="started">Told the address once the server listens.</param>
    /// <param name="cluster">What makes it part of a cluster; null: it is in none.</param>
    /// <param name="stopAsked">Given what is to be called when another process was told to stop; null: there is none.</param>
    public static async Task<int> RunAsync(ServerAppOptions app, Func<Action, Task<Action<SeriatimServerOptions>>> configure,
        bool json, bool allowsTraining, CancellationToken cancellation, Action<string>? started = null,
        ServerAppPart? cluster = null, Action<Action>? stopAsked = null)
    {
        using var places = new ListenPlaces();
        try
        {
            Action<SeriatimServerOptions> options = await configure(() => Reserve(places, app));
            await using WebApplication server = ServerApp.Build(app with { Places = places }, options,
                beside: [.. new[] { ServedPage.Part(allowsTraining), ServeTelemetry.Part(), cluster }.OfType<ServerAppPart>()]);
            return await RunAsync(app, server, json, started, stopAsked, cancellation);
        }
        catch (PlaceTakenException failure)
        {
            Terminal.Error(failure.Message);
            return ExitCodes.Unavailable;
        }
    }

    private static async Task<int> RunAsync(ServerAppOptions app, WebApplication server, bool json, Action<string>? started,
        Action<Action>? stopAsked, CancellationToken cancellation)
    {
        CommandLine.EndsSlowly = true;
        ServerCore core = server.Services.GetRequiredService<ServerCore>();
        var signals = new StopSignals(core);
        await using CancellationTokenRegistration interrupted =
            cancellation.UnsafeRegister(static state => ((StopSignals)state!).Signal(), signals);
        using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            signals.Signal();
        });
        stopAsked?.Invoke(signals.SignalFirst);
        try
        {
            await server.StartAsync(CancellationToken.None);
        }
        catch (Exception failure) when (failure is SocketException or IOException { InnerException: not null })
        {
            throw Taken(app, failure);
        }

        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(ServeLine.Of(server, core), CliJson.Lines.ServeLine));
        else
            ServeScreen.Show(server, core);
        started?.Invoke(server.Urls.First());
        await signals.First;
        using IDisposable again = Interrupt.Takes(signals.Signal);
        Terminal.Note(core.State.Running switch
        {
            0 => "Stopping.",
            1 => "Stopping once 1 request has ended; a second signal ends it at once.",
            var running => $"Stopping once {running} requests have ended; a second signal ends them at once.",
        });
        await server.StopAsync(CancellationToken.None);
        return signals.EndedAtOnce ? ExitCodes.Interrupted : ExitCodes.Success;
    }

    private static void Reserve(ListenPlaces places, ServerAppOptions app)
    {
        try
        {
            places.Reserve(app);
        }
        catch (SocketException failure)
        {
            throw Taken(app, failure);
        }
    }

    private static PlaceTakenException Taken(ServerAppOptions app, Exception failure)
    {
        Exception inner = failure.GetBaseException();
        string reason = inner is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }
            ? "another program listens there." : $"{inner.Message.TrimEnd('.')}.";
        return new PlaceTakenException($"{app.Host}:{app.Port} cannot be listened at: {reason} Give another port (--port; 0: one "
            + "that is free).");
    }

    /// <summary>The server cannot listen where it is to.</summary>
    private sealed class PlaceTakenException(string message) : Exception(message);

    /// <summary>The signals that tell the server to stop, whichever they are.</summary>
    private sealed class StopSignals(ServerCore core)
    {
        private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _count;

        /// <summary>Ends with the first.</summary>
        public Task First => _first.Task;

        /// <summary>Whether a second one ended what still ran.</summary>
        public bool EndedAtOnce { get; private set; }

        /// <summary>A signal of another process. This one may have the same, so that its first is no second one.</summary>
        public void SignalFirst() => _first.TrySetResult();

        public void Signal()
        {
            if (Interlocked.Increment(ref _count) == 1)
            {
                _first.TrySetResult();
                return;
            }

            EndedAtOnce |= core.State.Running > 0;
            core.State.Kill();
        }
    }
}

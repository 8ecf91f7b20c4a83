using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Seriatim.Cluster;

/// <summary>
/// What Orleans cannot go on after, as a rule that the others have taken this silo from their list: told in a sentence, and the
/// process ends, as others have its streams already. Whoever started it starts it again.
/// </summary>
/// <param name="loggers">The loggers.</param>
internal sealed class SiloFault(ILoggerFactory loggers) : IFatalErrorHandler
{
    /// <summary>As <c>EX_TEMPFAIL</c> of sysexits: starting it again helps.</summary>
    private const int Again = 75;

    private static int _isEnding;

    public bool IsUnexpected(Exception exception) => exception is not OperationCanceledException;

    public void OnFatalException(object? sender, string? context, Exception? exception)
    {
        if (Interlocked.Exchange(ref _isEnding, 1) != 0)
            return;
        ClusterLog.Ended(loggers.CreateLogger(ClusterLog.Category), Short(context ?? exception?.Message ?? "no reason is given"));

        // The console's logger writes from a thread of its own.
        Thread.Sleep(TimeSpan.FromMilliseconds(500));
        Environment.Exit(Again);
    }

    private static string Short(string text) => text.Split(" Membership: ")[0] is { Length: <= 300 } all ? all : text[..300];
}

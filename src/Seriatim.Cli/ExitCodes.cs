namespace Seriatim.Cli;

/// <summary>What the process returns; <c>docs/guide/command-line.md</c> lists the same.</summary>
internal static class ExitCodes
{
    /// <summary>Everything was done.</summary>
    public const int Success = 0;

    /// <summary>
    /// The work could not be done: a file, a model or an input is not as it must be. The message says what to do.
    /// </summary>
    public const int Failure = 1;

    /// <summary>The command line itself is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The server cannot listen where it is to: another program does.</summary>
    public const int Unavailable = 69;

    /// <summary>A defect of Seriatim.</summary>
    public const int Internal = 70;

    /// <summary>
    /// Another process that is needed was not heard of for too long, or this one was not heard of by the others (a cluster).
    /// </summary>
    public const int Silent = 75;

    /// <summary>Stopped with Ctrl-C.</summary>
    public const int Interrupted = 130;
}

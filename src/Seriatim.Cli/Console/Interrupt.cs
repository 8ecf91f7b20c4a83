namespace Seriatim.Cli;

/// <summary>Who gets the next Ctrl-C: as a rule the whole program; for a while, a part of it, which takes one.</summary>
internal static class Interrupt
{
    private static Action? _handler;

    /// <summary>Lets a part have the next Ctrl-C, until what is returned is disposed.</summary>
    public static IDisposable Takes(Action handler)
    {
        Volatile.Write(ref _handler, handler);
        return new Scope();
    }

    /// <summary>Gives a Ctrl-C to the part that takes it; false: there is none.</summary>
    public static bool TryHandle()
    {
        if (Interlocked.Exchange(ref _handler, null) is not { } handler)
            return false;
        ThreadPool.QueueUserWorkItem(_ =>
        {
            try
            {
                handler();
            }
            catch (ObjectDisposedException)
            {
                // What was to be ended had just ended by itself.
            }
        });
        return true;
    }

    private sealed class Scope : IDisposable
    {
        public void Dispose() => Volatile.Write(ref _handler, null);
    }
}

namespace Seriatim.Web.Tests;

/// <summary>
/// Stops a thread of the server's at a moment, as long as a test wants to look at it: what trains and measures ends at
/// another time on each machine.
/// </summary>
internal sealed class Standstill : IDisposable
{
    private readonly ManualResetEventSlim _go = new();
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isTaken;

    /// <summary>Ends when the moment has come.</summary>
    public Task ReachedAsync() => _reached.Task.WaitAsync(TimeSpan.FromSeconds(Visitor.Patience));

    /// <summary>The moment has come: the first thread that says so waits.</summary>
    public void Here()
    {
        if (Interlocked.Exchange(ref _isTaken, 1) != 0)
            return;
        _reached.SetResult();
        _go.Wait();
    }

    /// <summary>Lets it go on.</summary>
    public void Dispose() => _go.Set();
}

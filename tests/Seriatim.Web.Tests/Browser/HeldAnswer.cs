namespace Seriatim.Web.Tests;

/// <summary>An answer that goes out event by event, as a test allows.</summary>
internal sealed class HeldAnswer
{
    private const int All = 1 << 30;

    private readonly SemaphoreSlim _events = new(0);
    private int _isOpen;

    /// <summary>Lets some more of its events go.</summary>
    public void Let(int events) => _events.Release(events);

    /// <summary>Lets all of it go.</summary>
    public void Open()
    {
        if (Interlocked.Exchange(ref _isOpen, 1) == 0)
            _events.Release(All);
    }

    /// <summary>Waits until the next event may go.</summary>
    public Task PassAsync(CancellationToken gone) => _events.WaitAsync(gone);
}

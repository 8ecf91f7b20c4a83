namespace Seriatim.Training;

/// <summary>A message that somebody waits for.</summary>
public abstract class IncomingMessage : IDisposable
{
    /// <summary>Whether it is here, so that <see cref="Wait()"/> returns at once.</summary>
    public abstract bool IsHere { get; }

    /// <summary>Waits until it is here.</summary>
    /// <returns>Its bytes, until it is disposed.</returns>
    public abstract ReadOnlySpan<byte> Wait();

    /// <summary>As <see cref="Wait()"/>, unless it is not worth it any more.</summary>
    /// <param name="cancellationToken">Ends the waiting, not the message: it may still be waited for.</param>
    /// <exception cref="OperationCanceledException">The waiting was ended.</exception>
    public virtual ReadOnlySpan<byte> Wait(CancellationToken cancellationToken)
    {
        for (int tries = 0; !IsHere; tries++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Pause(tries);
        }

        return Wait();
    }

    /// <summary>Gives its memory back.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// The pause of somebody who looks again and again: a short wait costs little time, a long one little of the machine.
    /// </summary>
    /// <param name="tries">How often it has looked so far.</param>
    protected static void Pause(int tries)
    {
        const int Spins = 64, Yields = 4096, ShortSleeps = 1 << 14;
        if (tries < Spins)
            Thread.SpinWait(16);
        else if (tries < Yields)
            Thread.Yield();
        else
            Thread.Sleep(tries < ShortSleeps ? 1 : 4);
    }

    /// <summary>Gives its memory back.</summary>
    /// <param name="disposing">Whether somebody disposes it.</param>
    protected abstract void Dispose(bool disposing);
}

namespace Seriatim.Training;

/// <summary>A message that somebody waits for.</summary>
public abstract class IncomingMessage : IDisposable
{
    /// <summary>Waits until it is here.</summary>
    /// <returns>Its bytes, until it is disposed.</returns>
    public abstract ReadOnlySpan<byte> Wait();

    /// <summary>Gives its memory back.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives its memory back.</summary>
    /// <param name="disposing">Whether somebody disposes it.</param>
    protected abstract void Dispose(bool disposing);
}

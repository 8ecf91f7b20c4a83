namespace Seriatim.Generation;

/// <summary>
/// Somebody who watches an engine. Nothing is told by itself: who wants a frame asks for it, and gets what has happened since
/// the last one. Dispose it when nobody looks any more; the engine then does nothing for it.
/// </summary>
/// <param name="recorder">Writes the steps down.</param>
/// <param name="read">Makes a frame, between two steps.</param>
/// <param name="end">Takes it off the engine.</param>
internal sealed class EngineWatch(StepRecorder recorder, Func<EngineWatch, bool, Task<EngineFrame>> read,
    Action<EngineWatch> end) : IDisposable
{
    private int _isOver;

    /// <summary>What the engine's thread writes.</summary>
    public StepRecorder Recorder => recorder;

    /// <summary>What has happened since the last time, as soon as the step under way is done.</summary>
    /// <param name="prefixes">Whether the prefix cache is looked at, too, which takes longer.</param>
    /// <exception cref="ObjectDisposedException">The engine has ended.</exception>
    /// <exception cref="OperationCanceledException">The engine ended meanwhile.</exception>
    public Task<EngineFrame> ReadAsync(bool prefixes) => read(this, prefixes);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
            end(this);
    }
}

namespace Seriatim.Generation;

/// <content>Watching: all of it is done by the engine's thread between two steps.</content>
public sealed partial class GenerationEngine
{
    /// <summary>Most that watch an engine at the same time.</summary>
    internal const int MostWatches = 8;

    /// <summary>Begins to watch; null: <see cref="MostWatches"/> do already.</summary>
    /// <exception cref="ObjectDisposedException">The engine has ended.</exception>
    internal Task<EngineWatch?> WatchAsync() => BetweenSteps<EngineWatch?>(() =>
    {
        if (_core.Watches >= MostWatches)
            return null;
        var watch = new EngineWatch(_core.NewRecorder(),
            (own, prefixes) => BetweenSteps(() => _core.Frame(own, prefixes)),
            own => Post(new Incoming(() => _core.Detach(own), static _ => { }, HasPlace: false)));
        _core.Attach(watch);
        return watch;
    });

    /// <summary>Does something between two steps.</summary>
    private Task<T> BetweenSteps<T>(Func<T> action)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new Incoming(() => completion.SetResult(action()), exception => completion.TrySetException(exception),
            HasPlace: false));
        return completion.Task;
    }
}

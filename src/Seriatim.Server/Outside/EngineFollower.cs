using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>Follows the engine of a model over its unloading and opening again.</summary>
/// <param name="server">The server.</param>
/// <param name="model">The model.</param>
/// <param name="interval">Time between two frames.</param>
internal sealed class EngineFollower(ServerCore server, ServedModel model, TimeSpan interval) : IDisposable
{
    /// <summary>The prefix cache is looked at once a second, and not more often than frames come.</summary>
    private readonly int _prefixEvery = (int)Math.Max(1, 1000 / interval.TotalMilliseconds);

    private OpenedModel? _opened;
    private EngineWatch? _watch;
    private bool _toldClosed;
    private int _frames;

    /// <summary>What there is to tell now: of an engine that is new what it is; then a frame.</summary>
    /// <exception cref="ApiException">Too many watch it.</exception>
    public async Task<IReadOnlyList<Action<Utf8JsonWriter>>> NextAsync(CancellationToken cancellationToken)
    {
        OpenedModel? opened = model.Opened;
        List<Action<Utf8JsonWriter>> lines = [];
        try
        {
            if (opened is not null && opened != _opened)
            {
                Leave();
                _watch = await opened.Engine.WatchAsync().WaitAsync(cancellationToken).ConfigureAwait(false)
                    ?? throw Crowded();
                (_opened, _toldClosed) = (opened, false);
                lines.Add(json => EngineFrameJson.WriteHead(json, server, model, opened));
            }

            if (opened is not null && _watch is not null)
            {
                EngineFrame frame = await _watch.ReadAsync(_frames++ % _prefixEvery == 0).WaitAsync(cancellationToken)
                    .ConfigureAwait(false);
                long memory = server.Models.Host.MemoryInUse;
                lines.Add(json => EngineFrameJson.Write(json, frame, memory));
                return lines;
            }
        }
        catch (Exception exception) when (exception is ObjectDisposedException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // It was unloaded just now.
            lines.Clear();
        }

        Leave();
        if (_toldClosed)
            return [EngineFrameJson.WriteIdle];
        _toldClosed = true;
        return [json => EngineFrameJson.WriteClosed(json, model)];
    }

    /// <inheritdoc/>
    public void Dispose() => Leave();

    private void Leave()
    {
        _watch?.Dispose();
        (_watch, _opened) = (null, null);
    }

    private static ApiException Crowded() => new(new ApiError(429, "requests",
        $"{GenerationEngine.MostWatches} watch this engine already, and more would slow it down. Close one of the others.",
        "rate_limit_exceeded")
    { RetryAfter = TimeSpan.FromSeconds(10) });
}

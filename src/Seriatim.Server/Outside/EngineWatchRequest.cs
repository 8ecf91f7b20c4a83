namespace Seriatim.Server;

/// <summary>What <c>/v1/engine/watch</c> is asked.</summary>
internal sealed class EngineWatchRequest
{
    public string? Model { get; set; }

    public int IntervalMilliseconds { get; set; } = 250;

    public int Frames { get; set; } = 1;

    public TimeSpan Interval => TimeSpan.FromMilliseconds(IntervalMilliseconds);
}

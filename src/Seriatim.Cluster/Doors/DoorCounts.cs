using Seriatim.Server;

namespace Seriatim.Cluster;

/// <summary>What a door has counted.</summary>
internal sealed class DoorCounts
{
    /// <summary>Bounds of the times that streams stood still, in seconds.</summary>
    private static readonly double[] Bounds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    private readonly Lock _gate = new();
    private readonly long[] _still = new long[Bounds.Length + 1];
    private double _stillSum;
    private long _here;
    private long _there;
    private long _resumed;
    private long _repeated;
    private long _moved;
    private long _full;
    private long _different;
    private int _open;

    public int Open => Volatile.Read(ref _open);

    public void Begin() => Interlocked.Increment(ref _open);

    public void End() => Interlocked.Decrement(ref _open);

    public void Start(bool here) => Interlocked.Increment(ref here ? ref _here : ref _there);

    public void Resume(bool repeats) => Interlocked.Increment(ref repeats ? ref _repeated : ref _resumed);

    public void Move() => Interlocked.Increment(ref _moved);

    public void Full() => Interlocked.Increment(ref _full);

    public void Different() => Interlocked.Increment(ref _different);

    /// <summary>A stream had nothing new for so long while it went elsewhere.</summary>
    public void Still(TimeSpan time)
    {
        lock (_gate)
        {
            int at = Array.FindIndex(Bounds, bound => time.TotalSeconds <= bound);
            _still[at < 0 ? Bounds.Length : at]++;
            _stillSum += time.TotalSeconds;
        }
    }

    /// <summary>The numbers by name, in the order in which they are told.</summary>
    public IEnumerable<(string Name, string Kind, string Help, long Value)> Read() =>
    [
        ("streams", "gauge", "Streams that this door has open.", Open),
        ("runs_here_total", "counter", "Runs that were begun in this silo's engines.", Interlocked.Read(ref _here)),
        ("runs_elsewhere_total", "counter", "Runs that were begun in engines of other silos.", Interlocked.Read(ref _there)),
        ("resumed_total", "counter", "Streams that went on elsewhere from their tokens.", Interlocked.Read(ref _resumed)),
        ("repeated_total", "counter", "Streams that went on elsewhere by running again.", Interlocked.Read(ref _repeated)),
        ("moved_total", "counter", "Streams that were handed over by a silo that stops.", Interlocked.Read(ref _moved)),
        ("refused_total", "counter", "Requests that were refused because all silos were full.", Interlocked.Read(ref _full)),
        ("different_total", "counter", "Runs that gave other tokens than the one before; must stay 0.",
            Interlocked.Read(ref _different)),
    ];

    public void Write(MetricsText text)
    {
        foreach ((string name, string kind, string help, long value) in Read())
            text.Plain($"seriatim:cluster_{name}", kind, help, value);
        lock (_gate)
        {
            text.Histogram("seriatim:cluster_still_seconds", "How long streams had nothing new while they went elsewhere.", "",
                Bounds, [.. _still], _stillSum);
        }
    }
}

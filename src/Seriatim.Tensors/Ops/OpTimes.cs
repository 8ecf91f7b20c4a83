using System.Diagnostics;

namespace Seriatim.Tensors;

/// <summary>
/// Adds up the time of every op, forward and backward, by its name and by its part: where a step's time goes. Thread-safe.
/// </summary>
public sealed class OpTimes : IOpObserver
{
    private readonly Dictionary<string, long> _ticks = [];
    private readonly long[] _parts = new long[Enum.GetValues<OpPart>().Length];
    private readonly Lock _lock = new();

    /// <summary>Milliseconds of each op so far, greatest first.</summary>
    /// <param name="steps">What to divide by, at least 1.</param>
    public IReadOnlyDictionary<string, double> Milliseconds(int steps)
    {
        lock (_lock)
        {
            return _ticks.OrderByDescending(t => t.Value)
                .ToDictionary(t => t.Key, t => Stopwatch.GetElapsedTime(0, t.Value).TotalMilliseconds / steps);
        }
    }

    /// <summary>Time in a part so far.</summary>
    public TimeSpan Of(OpPart part)
    {
        lock (_lock)
            return Stopwatch.GetElapsedTime(0, _parts[(int)part]);
    }

    /// <summary>Starts anew.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _ticks.Clear();
            Array.Clear(_parts);
        }
    }

    /// <inheritdoc/>
    public void Called(string name, OpPart part, long ticks)
    {
        lock (_lock)
        {
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_ticks, name, out _) += ticks;
            _parts[(int)part] += ticks;
        }
    }
}

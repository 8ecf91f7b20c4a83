namespace Seriatim.Server;

/// <summary>
/// So many in a minute: a bucket that fills steadily and is full after a minute. Not for several threads at once.
/// </summary>
internal sealed class MinuteBucket(int limit, TimeProvider clock)
{
    private double _level = limit;
    private long _looked = clock.GetTimestamp();

    public int Limit => limit;

    /// <summary>Whole ones that are left, 0 where it was overdrawn.</summary>
    public int Left
    {
        get
        {
            Fill();
            return (int)Math.Max(0, Math.Floor(_level + 1e-9));
        }
    }

    public bool IsEmpty => Left == 0;

    public bool TryTake(int count)
    {
        if (Left < count)
            return false;
        _level -= count;
        return true;
    }

    /// <summary>Takes, if need be more than there is.</summary>
    public void Take(int count)
    {
        Fill();
        _level -= count;
    }

    /// <summary>The time after which so many are there.</summary>
    public TimeSpan TimeUntil(int count)
    {
        Fill();
        return TimeSpan.FromMinutes(Math.Max(0, count - _level) / limit);
    }

    private void Fill()
    {
        long now = clock.GetTimestamp();
        _level = Math.Min(limit, _level + clock.GetElapsedTime(_looked, now).TotalMinutes * limit);
        _looked = now;
    }
}

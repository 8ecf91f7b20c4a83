namespace Seriatim.Generation;

/// <content>Room for models: who gets it, and who goes for it.</content>
public sealed partial class EngineHost
{
    /// <summary>
    /// Brings what a model holds of the memory to a number of bytes, unloading others where there is not enough.
    /// </summary>
    /// <exception cref="HostMemoryException">There is never so much, or was not in time.</exception>
    private async Task TakeAsync(HostEntry entry, long bytes)
    {
        if (bytes > MemoryBytes)
            throw TooLarge(entry.Name, bytes);
        long begin = Clock.GetTimestamp();
        while (true)
        {
            Task changed;
            long free;
            lock (_gate)
            {
                free = MemoryBytes - _used + entry.Bytes;
                if (bytes <= free)
                {
                    _used += bytes - entry.Bytes;
                    entry.Bytes = bytes;
                    return;
                }

                // What is being unloaded may be enough already.
                bool isClosing = _entries.Values.Any(other => other.State == HostedModelState.Closing && other.Leases == 0);
                if (!isClosing && LeastUsed() is { } victim)
                    BeginClosing(victim, $"{entry.Name} needs the memory");
                changed = _changed.Task;
            }

            await WaitForRoomAsync(changed, entry, bytes, free, begin).ConfigureAwait(false);
        }
    }

    private HostEntry? LeastUsed() => _entries.Values.Where(entry => entry.IsIdle).MinBy(entry => entry.LastUsed);

    private async Task WaitForRoomAsync(Task changed, HostEntry entry, long bytes, long free, long begin)
    {
        TimeSpan left = Timeout.InfiniteTimeSpan;
        if (_options.RoomTimeout != Timeout.InfiniteTimeSpan)
        {
            left = _options.RoomTimeout - Clock.GetElapsedTime(begin);
            left = left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }

        try
        {
            await changed.WaitAsync(left, Clock, _stopping.Token).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new HostMemoryException($"The model {entry.Name}", bytes, free, MemoryBytes,
                $"What holds the rest is in use: {InUse()}. Try again later, or give the host more memory.");
        }
    }

    private string InUse()
    {
        lock (_gate)
        {
            string[] names = [.. _entries.Values.Where(entry => entry is { Bytes: > 0, Engine: not null })
                .Select(entry => entry.Name)];
            return names.Length == 0 ? "engines that were made without a name" : string.Join(", ", names);
        }
    }

    private HostMemoryException TooLarge(string name, long bytes) => new($"The model {name}", bytes, MemoryBytes, MemoryBytes,
        "Give the host more memory, or the model's engine fewer pages.");
}

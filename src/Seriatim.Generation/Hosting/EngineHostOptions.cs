using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Seriatim.Generation;

/// <summary>What the engines of a host share.</summary>
public sealed record EngineHostOptions
{
    /// <summary>Where models compute and whose memory their weights are in.</summary>
    public Device Device { get; init; } = Device.Cpu;

    /// <summary>
    /// Threads that compute, for all engines together; 0: one a core. More than there are cores is refused: they would wait for
    /// each other.
    /// </summary>
    public int Threads { get; init; }

    /// <summary>
    /// Bytes for the weights of models and for what sequences remember, of all engines together. Null: three quarters of the
    /// memory that this process may have.
    /// </summary>
    public long? MemoryBytes { get; init; }

    /// <summary>How long a model stays loaded after its last use, unless it says otherwise.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long a model that is asked for waits until others that are in use make room. <see cref="Timeout.InfiniteTimeSpan"/>:
    /// as long as it takes.
    /// </summary>
    public TimeSpan RoomTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Makes the loggers of the host and of its engines; null: nothing is logged.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>Makes the meter of the host; null: one of its own, of the same name.</summary>
    public IMeterFactory? MeterFactory { get; init; }

    /// <summary>The clock of the host and of its engines.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    internal void Check()
    {
        OptionCheck.Between("Threads", Threads, 0, Environment.ProcessorCount);
        if (MemoryBytes is < 1)
            throw new InvalidOptionException("MemoryBytes", MemoryBytes, "1 or more is allowed");
        CheckTime("KeepAlive", KeepAlive);
        CheckTime("RoomTimeout", RoomTimeout);
    }

    internal static void CheckTime(string name, TimeSpan time)
    {
        if (time < TimeSpan.Zero && time != Timeout.InfiniteTimeSpan)
            throw new InvalidOptionException(name, time, "a time, 0, or Timeout.InfiniteTimeSpan is allowed");
    }
}

namespace Seriatim.Generation.Tests;

/// <summary>Time that stands still unless a test moves it.</summary>
internal sealed class FakeClock : TimeProvider
{
    public TimeSpan Now { get; set; } = TimeSpan.FromDays(1);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Whether reading it throws.</summary>
    public bool Breaks { get; set; }

    public override long GetTimestamp() => Breaks ? throw new InvalidOperationException("the clock stands still") : Now.Ticks;
}

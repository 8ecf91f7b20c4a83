namespace Seriatim.Generation.Tests;

/// <summary>Time that stands still unless a test moves it.</summary>
internal sealed class FakeClock : TimeProvider
{
    public TimeSpan Now { get; set; } = TimeSpan.FromDays(1);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Now.Ticks;
}

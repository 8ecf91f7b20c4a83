namespace Seriatim.Generation.Tests;

/// <summary>A clock that breaks the engine's step at any place where it is read; elsewhere it goes on.</summary>
internal sealed class BrokenClock : TimeProvider
{
    private int _reads;

    /// <summary>Which readings by the engine's thread throw, from 0.</summary>
    public Func<int, bool> Breaks { get; set; } = _ => false;

    public override long GetTimestamp() => Thread.CurrentThread.Name == "Seriatim generation" && Breaks(_reads++)
        ? throw new InvalidOperationException("the clock stands still")
        : System.GetTimestamp();
}

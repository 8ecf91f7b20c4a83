namespace Seriatim.Generation;

/// <summary>
/// Has steps take as long as a price says. Sleeping ends late or early by what the system's timer likes; the next step makes up
/// for it, so that the pace is kept over any few steps.
/// </summary>
/// <param name="price">What steps take.</param>
/// <param name="clock">The engine's.</param>
internal sealed class StepPace(StepPrice price, TimeProvider clock)
{
    private TimeSpan _late;

    /// <summary>Waits until a step that began at a time has taken what it is to take.</summary>
    /// <param name="plan">The step; its rows are not committed yet.</param>
    /// <param name="start">When it began, in ticks of the clock.</param>
    public void Wait(StepPlan plan, long start)
    {
        TimeSpan whole = TimeSpan.FromSeconds(price.Seconds(StepWork.Of(plan)));
        TimeSpan left = whole - clock.GetElapsedTime(start) - _late;
        if (left > TimeSpan.Zero)
            Thread.Sleep(left);

        // Sleeping counts whole milliseconds, so it ends early as well; what a slow machine has lost for good is not made up for.
        TimeSpan late = clock.GetElapsedTime(start) - whole + _late;
        _late = late > whole ? whole : late;
    }
}

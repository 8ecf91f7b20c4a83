namespace Seriatim.Generation;

/// <summary>A step, as whoever watches is told.</summary>
/// <param name="Number">How many steps the engine has made with it.</param>
/// <param name="At">When it began, after the watch did.</param>
/// <param name="Scheduling">Time of planning.</param>
/// <param name="Pass">Time of the model.</param>
/// <param name="Sampling">Time of choosing tokens.</param>
/// <param name="Rows">Who was in it.</param>
/// <param name="Admitted">Requests that began in it.</param>
/// <param name="Preempted">Requests whose memory was taken away before it.</param>
internal sealed record WatchedStep(long Number, TimeSpan At, TimeSpan Scheduling, TimeSpan Pass, TimeSpan Sampling,
    WatchedRows[] Rows, long[] Admitted, long[] Preempted);

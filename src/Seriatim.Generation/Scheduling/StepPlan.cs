namespace Seriatim.Generation;

/// <summary>
/// What one step does, in this order: take pages away, admit, run. Made by <see cref="Scheduler.Plan"/> and used again.
/// </summary>
internal sealed class StepPlan
{
    public List<SequenceGroup> Preempted { get; } = [];

    public List<Admission> Admitted { get; } = [];

    public List<PlannedSegment> Segments { get; } = [];

    /// <summary>The first request that waits for pages while later ones are admitted.</summary>
    public SequenceGroup? Blocked { get; set; }

    /// <summary>Requests admitted although <see cref="Blocked"/> came before.</summary>
    public int Overtaking { get; set; }

    public bool IsEmpty => Segments.Count == 0 && Preempted.Count == 0;

    public void Clear()
    {
        Preempted.Clear();
        Admitted.Clear();
        Segments.Clear();
        (Blocked, Overtaking) = (null, 0);
    }
}

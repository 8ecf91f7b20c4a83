using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <summary>
/// What happens to units of memory in a step, whoever computes its rows: a model, or a simulation that only takes the time.
/// </summary>
internal sealed class StepMemory(MemoryPools? pools, PrefixCache? cache)
{
    /// <summary>Gives back the pages of preempted requests and takes the cached ones of admitted requests.</summary>
    public void Begin(StepPlan plan)
    {
        foreach (SequenceGroup group in plan.Preempted)
            group.Suspend();
        foreach (Admission admission in plan.Admitted)
        {
            SequenceGroup group = admission.Group;
            if (!group.Remembers)
                continue;
            SequenceMemory memory = admission.Prefix is { } prefix
                ? cache!.Share(prefix, admission.PrefixPages, group.Terms, group.Demand.Reach)
                : pools!.NewMemory(group.Terms, group.Demand.Reach);
            Sequence sequence = group.Active[0];
            sequence.Attach(memory);
            sequence.Prefix = new PrefixPosition(admission.Prefix, admission.PrefixPages, false);
            if (group.FirstAdmitted is null)
                group.CachedTokens = memory.Length;
        }
    }

    /// <summary>Pages of the prefix cache.</summary>
    public int CachedPages => cache?.Count ?? 0;

    /// <summary>Makes room for rows: the prefix cache gives up what nobody has used for longest.</summary>
    /// <returns>Pages that it gave up.</returns>
    public int MakeRoom(in MemoryUnits units)
    {
        if (cache is null)
            return 0;
        int pages = cache.Count;
        cache.EnsureFree(units);
        return pages - cache.Count;
    }

    /// <summary>
    /// All that a model's pass does to memories but writing into them: makes room for the rows of a plan, and prepares them.
    /// For plans without encoders and drafts.
    /// </summary>
    public void Prepare(StepPlan plan)
    {
        ReadOnlySpan<PlannedSegment> segments = CollectionsMarshal.AsSpan(plan.Segments);
        MemoryUnits units = default;
        foreach (ref readonly PlannedSegment segment in segments)
            units += segment.Units;
        MakeRoom(units);
        foreach (ref readonly PlannedSegment segment in segments)
            segment.Sequence.Memory!.Prepare(new MemoryStep(segment.Rows, Points: segment.Points));
    }
}

using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <summary>
/// Decides what the next step computes: plan / run / commit. First every sequence that decodes gets its row, then prompts get
/// chunks of what is left of the budget, then waiting requests are admitted if their prompt fits into the free pages. When pages
/// run out, the youngest requests give theirs back and are computed again later. None of this changes what a request gives.
/// </summary>
/// <remarks>
/// No starvation among equals: order is priority, then arrival; an earlier request takes pages from later ones and never the
/// other way round; and only so many may overtake one that waits for pages. Prompts get a chunk in turn, and one chunk of a step
/// is left for newcomers, so that long ones hold nobody up. Who waits gains priority.
/// </remarks>
internal sealed partial class Scheduler(SchedulerLimits limits, MemoryForecast forecast, PrefixCache? cache)
{
    private readonly StepPlan _plan = new();
    private readonly List<SequenceGroup> _running = [];
    private readonly List<SequenceGroup> _waiting = [];
    private readonly List<PlannedSegment> _together = [];
    private readonly List<SequenceGroup> _prefill = [];
    private const int FewestPromptRows = 16;

    private long _commits;
    private int _rows;
    private int _encoderRows;
    private int _sequences;
    private int _sources;

    /// <summary>Requests that have pages, in their order.</summary>
    public IReadOnlyList<SequenceGroup> Running => _running;

    /// <summary>Requests that wait, in their order.</summary>
    public IReadOnlyList<SequenceGroup> Waiting => _waiting;

    /// <summary>Whether all that wait do so until somebody reads what they gave, and nothing runs.</summary>
    public bool IsPaused => _running.Count == 0 && _waiting.TrueForAll(group => group.IsAside);

    public void Add(SequenceGroup group)
    {
        group.WaitsSince = _commits;
        Insert(_waiting, group);
    }

    /// <summary>Takes the pages of a request away until it may run again.</summary>
    public void Suspend(SequenceGroup group)
    {
        if (!_running.Remove(group))
            return;
        group.Suspend();
        Add(group);
    }

    /// <summary>Plans a step. Nothing but the plan is changed.</summary>
    /// <param name="rows">Most rows, if that is less than the budget; decoding and a few rows of a prompt always fit.</param>
    public StepPlan Plan(int rows = int.MaxValue)
    {
        _plan.Clear();
        forecast.Reset();
        _sequences = SequencesRunning(remember: true);
        _sources = SequencesRunning(remember: false);
        (_rows, _encoderRows) = (Math.Min(limits.TokenBudget, Math.Max(rows, _sequences + FewestPromptRows)), limits.TokenBudget);
        foreach (SequenceGroup group in _running)
            PlanDecoding(group);
        PlanPrefills();
        PlanAdmissions();
        FillUp();
        return _plan;
    }

    /// <summary>Moves requests between the queues, after their pages were given back and before the step runs.</summary>
    public void Apply(StepPlan plan, long now)
    {
        foreach (SequenceGroup group in plan.Preempted)
        {
            _running.Remove(group);
            Add(group);
        }

        foreach (Admission admission in plan.Admitted)
        {
            _waiting.Remove(admission.Group);
            admission.Group.FirstAdmitted ??= now;
            admission.Group.Overtaken = 0;
            Insert(_running, admission.Group);
        }

        if (plan.Blocked is { } blocked)
            blocked.Overtaken += plan.Overtaking;
    }

    /// <summary>Takes the rows of a step: commits memories and hands the logits to the requests.</summary>
    public void Commit(StepPlan plan, StepRows rows)
    {
        ReadOnlySpan<PlannedSegment> segments = CollectionsMarshal.AsSpan(plan.Segments);
        _commits++;

        // Asked once what it wants next, and not again for each of its sequences.
        SequenceGroup? changed = null;
        for (int i = 0; i < segments.Length; i++)
        {
            PlannedSegment segment = segments[i];
            if (changed is not null && segment.Group != changed)
                changed.Refresh();
            changed = segment.Group;
            if (segment.Rows > 1)
                segment.Group.LastPrefill = _commits;
            if (segment.Group.Work.IsDone || IsLeft(segment.Sequence))
                continue;
            if (rows.Error(i) is { } error)
            {
                segment.Group.Work.Fail(error);
                continue;
            }

            int count = CountTogether(segments[i..]);
            try
            {
                Commit(segment.Group, segments.Slice(i, count), i, rows);
            }
            catch (Exception exception)
            {
                segment.Group.Work.Fail(exception);
            }

            i += count - 1;
        }

        changed?.Refresh();
        RemoveDone();
        Age();
    }

    /// <summary>
    /// Gives all pages back and lets everything wait again; what was computed will be computed again, to the same bits.
    /// </summary>
    public void SuspendAll()
    {
        foreach (SequenceGroup group in _running)
        {
            group.Suspend();
            Add(group);
        }

        _running.Clear();

        // A request may have got its memory and not yet its place among those that run.
        foreach (SequenceGroup group in _waiting)
            group.ReleaseMemory();
    }

    /// <summary>Forgets requests that have ended and gives their pages back.</summary>
    public void RemoveDone()
    {
        Remove(_running);
        Remove(_waiting);
    }

    private static void Remove(List<SequenceGroup> groups)
    {
        for (int i = groups.Count - 1; i >= 0; i--)
        {
            if (!groups[i].Work.IsDone)
                continue;
            groups[i].Release();
            groups.RemoveAt(i);
        }
    }

    private static void Insert(List<SequenceGroup> groups, SequenceGroup group)
    {
        int at = groups.Count;
        while (at > 0 && group.RanksBefore(groups[at - 1]))
            at--;
        groups.Insert(at, group);
    }

    /// <summary>Whether a sequence was given up by its request in this very step.</summary>
    private static bool IsLeft(Sequence sequence) => sequence.State is { } state && !ReferenceEquals(state.Lane, sequence);

    private static int CountTogether(ReadOnlySpan<PlannedSegment> segments)
    {
        int count = 1;
        PlannedSegment first = segments[0];
        while (first is { Wish.Together: not 0, IsEnd: true } && count < segments.Length
            && segments[count].Group == first.Group && segments[count].Wish.Together == first.Wish.Together)
        {
            count++;
        }

        return count;
    }

    /// <summary>Sequences that hold units of memory, or sources of whole targets.</summary>
    private int SequencesRunning(bool remember)
    {
        int sequences = 0;
        foreach (SequenceGroup group in _running)
            sequences += group.Remembers == remember && (remember || !group.EncoderInput.IsEmpty) ? group.Width : 0;
        return sequences;
    }

    /// <summary>
    /// Who waits for memory (and not for his reader) gains one rank every so many steps, and keeps it: nobody waits for ever.
    /// It counts in the queue and protects whoever runs; it takes nothing from those that run, or two that do not fit
    /// together would take turns and never end.
    /// </summary>
    private void Age()
    {
        if (limits.AgeingSteps == 0 || _commits % limits.AgeingSteps != 0)
            return;
        bool moved = false;
        foreach (SequenceGroup group in _waiting)
        {
            if (group.IsAside)
                group.WaitsSince = _commits;
            if (_commits - group.WaitsSince < limits.AgeingSteps || group.Priority == int.MaxValue)
                continue;
            group.Priority++;
            moved = true;
        }

        if (moved)
            _waiting.Sort(static (a, b) => a.RanksBefore(b) ? -1 : b.RanksBefore(a) ? 1 : 0);
    }

    private void Commit(SequenceGroup group, ReadOnlySpan<PlannedSegment> segments, int first, StepRows rows)
    {
        PlannedSegment segment = segments[0];
        group.ForwardRows += segment.AllRows + segments.Length - 1;
        if (segment.Drafts == 0)
        {
            foreach (PlannedSegment one in segments)
                CommitMemory(one);
        }

        if (segment.Wish.IsSilent)
        {
            group.LeaveTrunk();
            return;
        }

        group.Work.Take(group, segments, first, rows);
        if (group.Work.IsDone)
            return;
        if (segment is { Drafts: > 0, Sequence.Memory: { } memory })
        {
            if (group.WritesCache)
                cache?.Publish(segment.Sequence, group.Variant, segment.Sequence.Length);
            memory.EndSharing();
        }

        group.Follow();
    }

    private void CommitMemory(PlannedSegment segment)
    {
        if (segment.Wish.IsWhole)
            return;
        Sequence sequence = segment.Sequence;
        // The cache comes first: a commit gives back what is out of sight, and the states of borders on the way.
        if (segment.Group.WritesCache)
            cache?.Publish(sequence, segment.Group.Variant, sequence.Length + segment.Rows);
        sequence.Memory!.Commit(segment.Rows);
        sequence.Memory.EndSharing();
    }
}

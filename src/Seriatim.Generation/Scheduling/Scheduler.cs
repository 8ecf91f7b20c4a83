using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <summary>
/// Decides what the next step computes: plan / run / commit. First every sequence that decodes gets its row, then prompts get chunks of
/// what is left of the budget, then waiting requests are admitted if their prompt fits into the free pages. When pages run out, the
/// youngest requests give theirs back and are computed again later. None of this changes what a request gives.
/// </summary>
/// <remarks>
/// No starvation among equals: order is priority, then arrival; an earlier request takes pages from later ones and never the other
/// way round; and only so many may overtake one that waits for pages. Prompts get a chunk in turn, and one chunk of a step is left for
/// newcomers, so that long ones hold nobody up.
/// </remarks>
internal sealed class Scheduler(SchedulerLimits limits, PageForecast forecast, PrefixCache? cache)
{
    private readonly StepPlan _plan = new();
    private readonly List<SequenceGroup> _running = [];
    private readonly List<SequenceGroup> _waiting = [];
    private readonly List<PlannedSegment> _lockstep = [];
    private readonly List<SequenceGroup> _prefill = [];
    private long _commits;
    private int _rows;
    private int _encoderRows;
    private int _sequences;

    /// <summary>Requests that have pages, in their order.</summary>
    public IReadOnlyList<SequenceGroup> Running => _running;

    /// <summary>Requests that wait, in their order.</summary>
    public IReadOnlyList<SequenceGroup> Waiting => _waiting;

    public void Add(SequenceGroup group) => Insert(_waiting, group);

    /// <summary>Plans a step. Nothing but the plan is changed.</summary>
    public StepPlan Plan()
    {
        _plan.Clear();
        forecast.Reset();
        (_rows, _encoderRows) = (limits.TokenBudget, limits.TokenBudget);
        _sequences = _running.Sum(group => group.Width);
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
            Insert(_waiting, group);
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
        for (int i = 0; i < segments.Length; i++)
        {
            PlannedSegment segment = segments[i];
            if (segment.Rows > 1)
                segment.Group.LastPrefill = _commits;
            if (segment.Group.Work.IsDone)
                continue;
            if (rows.Error(i) is { } error)
            {
                segment.Group.Work.Fail(error);
                continue;
            }

            segment.Group.ForwardRows += segment.AllRows;
            if (segment.Drafts == 0)
                CommitMemory(segment);
            int count = segment.Group.IsLockstep ? CountOf(segments[i..]) : 1;
            if (count > 1)
            {
                for (int j = 1; j < count; j++)
                    CommitMemory(segments[i + j]);
                segment.Group.ForwardRows += count - 1;
            }

            rows.Select(i);
            if (segment.Group.IsTrunk)
                segment.Group.LeaveTrunk();
            else
                segment.Group.Work.Take(segment.Group, segments.Slice(i, count), rows);
            if (segment is { Drafts: > 0, Group.WritesCache: true, Sequence.Memory: not null })
                cache?.Publish(segment.Sequence, segment.Group.Variant);
            i += count - 1;
        }

        RemoveDone();
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

    private static int CountOf(ReadOnlySpan<PlannedSegment> segments)
    {
        int count = 1;
        while (count < segments.Length && segments[count].Group == segments[0].Group && segments[0].Outputs == Outputs.Last)
            count++;
        return count;
    }

    private void CommitMemory(PlannedSegment segment)
    {
        if (segment.Group.IsEncoding)
            return;
        Sequence sequence = segment.Sequence;
        sequence.Memory!.Commit(segment.Rows);
        if (sequence.Cross is { Length: 0, Prepared: > 0 } cross)
            cross.Commit(cross.Prepared);
        if (segment.Group.WritesCache)
            cache?.Publish(sequence, segment.Group.Variant);
    }

    private void PlanDecoding(SequenceGroup group)
    {
        if (_plan.Preempted.Contains(group) || group.IsEncoding)
            return;
        if (group.IsLockstep)
        {
            PlanLockstep(group);
            return;
        }

        foreach (Sequence sequence in group.Active)
        {
            if (sequence.Pending != 1 || _rows == 0)
                continue;
            int pages = forecast.Need(sequence, 1);
            if (!TakePages(group, pages, isRunning: true))
                return;
            _rows--;
            _plan.Segments.Add(Segment(group, sequence, sequence.Length, 1, pages));
        }
    }

    private void PlanLockstep(SequenceGroup group)
    {
        if (group.Live.Count > _rows || group.Live.Exists(s => s.Pending != 1))
            return;
        int pages = group.Live.Sum(s => forecast.Need(s, 1));
        if (!TakePages(group, pages, isRunning: true))
            return;
        _rows -= group.Live.Count;
        _lockstep.Clear();
        foreach (Sequence sequence in group.Live)
            _lockstep.Add(new PlannedSegment(group, sequence, sequence.Length, 1, 0, Outputs.Last, forecast.Need(sequence, 1)));
        _plan.Segments.AddRange(_lockstep);
    }

    /// <summary>A chunk for each prompt under way, those first that have waited longest; if somebody waits, one chunk is left for him.</summary>
    private void PlanPrefills()
    {
        _prefill.Clear();
        _prefill.AddRange(_running);
        _prefill.Sort(static (a, b) => a.Priority != b.Priority ? b.Priority.CompareTo(a.Priority)
            : a.LastPrefill != b.LastPrefill ? a.LastPrefill.CompareTo(b.LastPrefill) : a.Number.CompareTo(b.Number));
        int left = _waiting.Count > 0 && _rows > limits.PrefillChunk ? limits.PrefillChunk : 0;
        foreach (SequenceGroup group in _prefill)
            PlanPrefill(group, left);
    }

    private void PlanPrefill(SequenceGroup group, int left)
    {
        if (_plan.Preempted.Contains(group) || group.IsEncoding)
            return;
        foreach (Sequence sequence in group.Active)
        {
            int rows = Math.Min(PrefillRows(group, sequence, sequence.Pending), Math.Min(limits.PrefillChunk, _rows - left));
            if (sequence.Pending <= 1 || rows <= 0)
                continue;
            int pages = forecast.Need(sequence, rows);
            if (!TakePages(group, pages, isRunning: true))
                return;
            _rows -= rows;
            _plan.Segments.Add(Segment(group, sequence, sequence.Length, rows, pages));
        }
    }

    /// <summary>How many rows of a prompt may be computed: all, but the last one of a beam, which waits for the others.</summary>
    private int PrefillRows(SequenceGroup group, Sequence sequence, int pending)
    {
        int rows = group.IsLockstep ? pending - 1 : pending;
        return group.Work.WantsPromptRows(sequence) ? Math.Min(rows, limits.MaxScoredRows) : rows;
    }

    private PlannedSegment Segment(SequenceGroup group, Sequence sequence, int first, int rows, int pages)
    {
        bool isLast = first + rows == sequence.Tokens.Count && !group.IsTrunk;
        Outputs outputs = group.Work.WantsPromptRows(sequence) ? Outputs.All : isLast ? Outputs.Last : Outputs.None;
        return new PlannedSegment(group, sequence, first, rows, 0, outputs, pages);
    }

    private void PlanAdmissions()
    {
        int reserved = Reserved();
        foreach (SequenceGroup group in _waiting)
        {
            if (_plan.Preempted.Contains(group))
                continue;
            if (group.IsEncoding ? _encoderRows == 0 : _rows == 0)
                break;
            if (TryAdmit(group, ref reserved))
            {
                if (_plan.Blocked is not null)
                    _plan.Overtaking++;
                continue;
            }

            _plan.Blocked ??= group;
            if (_plan.Blocked.Overtaken + _plan.Overtaking >= limits.MaxOvertaking)
                break;
        }
    }

    /// <summary>Pages that prompts under way are going to need: they are not given to newcomers.</summary>
    private int Reserved()
    {
        int pages = _running.Count;
        foreach (SequenceGroup group in _running)
        {
            if (group.IsEncoding || _plan.Preempted.Contains(group))
                continue;
            foreach (Sequence sequence in group.Active)
                pages += forecast.PagesFor(sequence.Tokens.Count) - forecast.PagesFor(sequence.Length);
        }

        foreach (PlannedSegment segment in _plan.Segments)
            pages -= Math.Min(pages, segment.Pages);
        return pages;
    }

    private bool TryAdmit(SequenceGroup group, ref int reserved)
    {
        Sequence sequence = group.Active[0];
        if (group.IsEncoding)
            return TryAdmitEncoding(group, sequence);
        if (_sequences + group.Width > limits.MaxSequences || group.EncoderInput.Length > _encoderRows)
            return false;

        PrefixNode? prefix = null;
        int matched = 0;
        if (group.ReadsCache && cache is not null)
            prefix = cache.Match(group.Variant, CollectionsMarshal.AsSpan(sequence.Tokens), out matched);
        int first = matched * forecast.PageSize;
        int all = forecast.PagesFor(sequence.Tokens.Count) - matched;
        while (!forecast.CanTake(all + forecast.Unheld(prefix) + reserved))
        {
            if (Victim(group, isRunning: false) is not { } victim)
                return false;
            Preempt(victim);
        }

        if (group.EncoderInput.Length > 0 && !forecast.TryTakeCross(group.EncoderInput.Length))
            return false;
        int rows = Math.Min(PrefillRows(group, sequence, sequence.Tokens.Count - first), Math.Min(limits.PrefillChunk, _rows));
        int pages = forecast.PagesFor(first + rows) - matched;
        forecast.Pin(forecast.Unheld(prefix));
        forecast.TryTake(pages);
        reserved += all - pages + 1;
        (_rows, _encoderRows, _sequences) = (_rows - rows, _encoderRows - group.EncoderInput.Length, _sequences + group.Width);
        _plan.Admitted.Add(new Admission(group, prefix, matched));
        _plan.Segments.Add(Segment(group, sequence, first, rows, pages));
        return true;
    }

    private bool TryAdmitEncoding(SequenceGroup group, Sequence sequence)
    {
        if (sequence.Tokens.Count > _encoderRows)
            return false;
        _encoderRows -= sequence.Tokens.Count;
        _plan.Admitted.Add(new Admission(group, null, 0));
        _plan.Segments.Add(new PlannedSegment(group, sequence, 0, sequence.Tokens.Count, 0, Outputs.All, 0));
        return true;
    }

    /// <summary>What is left of the budget goes to drafts, then to prompts that have a chunk already.</summary>
    private void FillUp()
    {
        Span<PlannedSegment> segments = CollectionsMarshal.AsSpan(_plan.Segments);
        foreach (ref PlannedSegment segment in segments)
        {
            Sequence sequence = segment.Sequence;
            if (segment.Group.IsEncoding || segment.Group.IsTrunk || _rows == 0)
                continue;
            if (sequence.Draft.Count > 0 && segment is { Rows: 1, Outputs: Outputs.Last })
                AddDraft(ref segment);
            else if (segment.Rows > 1)
                Extend(ref segment);
        }

        foreach (ref PlannedSegment segment in segments)
        {
            if (segment.Group.IsTrunk && _rows > 0)
                Extend(ref segment);
        }
    }

    private void AddDraft(ref PlannedSegment segment)
    {
        int drafts = Math.Min(segment.Sequence.Draft.Count, _rows);
        int more = forecast.Need(segment.Sequence, 1 + drafts) - segment.Pages;
        if (drafts == 0 || !forecast.TryTake(more))
            return;
        _rows -= drafts;
        segment = segment with { Drafts = drafts, Outputs = Outputs.All, Pages = segment.Pages + more };
    }

    private void Extend(ref PlannedSegment segment)
    {
        int pending = segment.Sequence.Tokens.Count - segment.First;
        int rows = Math.Min(PrefillRows(segment.Group, segment.Sequence, pending), segment.Rows + _rows);
        if (rows <= segment.Rows)
            return;
        int more = forecast.PagesFor(segment.First + rows) - forecast.PagesFor(segment.First + segment.Rows);
        if (!forecast.TryTake(more))
            return;
        _rows -= rows - segment.Rows;
        segment = Segment(segment.Group, segment.Sequence, segment.First, rows, segment.Pages + more);
    }

    private bool TakePages(SequenceGroup group, int pages, bool isRunning)
    {
        while (!forecast.TryTake(pages))
        {
            if (Victim(group, isRunning) is not { } victim)
                return false;
            Preempt(victim);
        }

        return true;
    }

    /// <summary>The last of the running requests that comes after another; for one that waits, of a lower priority.</summary>
    private SequenceGroup? Victim(SequenceGroup group, bool isRunning)
    {
        for (int i = _running.Count - 1; i >= 0; i--)
        {
            SequenceGroup victim = _running[i];
            if (_plan.Preempted.Contains(victim) || victim.IsEncoding)
                continue;
            bool mayTake = isRunning ? group.RanksBefore(victim) : group.Priority > victim.Priority;
            return mayTake ? victim : null;
        }

        return null;
    }

    private void Preempt(SequenceGroup victim)
    {
        _plan.Preempted.Add(victim);
        forecast.Release(victim);
        _sequences -= victim.Width;
        for (int i = _plan.Segments.Count - 1; i >= 0; i--)
        {
            PlannedSegment segment = _plan.Segments[i];
            if (segment.Group != victim)
                continue;
            forecast.Give(segment.Pages);
            _rows += segment.AllRows;
            _plan.Segments.RemoveAt(i);
        }
    }

}

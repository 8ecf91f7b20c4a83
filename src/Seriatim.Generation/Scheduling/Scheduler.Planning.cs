using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <content>How a step is planned.</content>
internal sealed partial class Scheduler
{
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
            if (!TryTake(group, sequence, 1, out MemoryUnits units, out CommitPoints points))
                return;
            _rows--;
            _plan.Segments.Add(Segment(group, sequence, sequence.Length, 1, units, points));
        }
    }

    private void PlanLockstep(SequenceGroup group)
    {
        if (group.Live.Count > _rows || group.Live.Exists(s => s.Pending != 1))
            return;
        // A single row ends at a border or not: its state is kept in any case.
        CommitPoints points = PointsOf(group);
        MemoryUnits units = default;
        _lockstep.Clear();
        foreach (Sequence sequence in group.Live)
        {
            MemoryUnits own = forecast.Need(group, sequence, sequence.Length, 1, points);
            units += own;
            _lockstep.Add(new PlannedSegment(group, sequence, sequence.Length, 1, 0, Outputs.Last, own, points));
        }

        if (!TakeUnits(group, units, isRunning: true))
            return;
        _rows -= group.Live.Count;
        _plan.Segments.AddRange(_lockstep);
    }

    /// <summary>
    /// A chunk for each prompt under way, those first that have waited longest; if somebody waits, one chunk is left for him.
    /// </summary>
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
            if (!TryTake(group, sequence, rows, out MemoryUnits units, out CommitPoints points))
                return;
            _rows -= rows;
            _plan.Segments.Add(Segment(group, sequence, sequence.Length, rows, units, points));
        }
    }

    /// <summary>How many rows of a prompt may be computed: all, but the last one of a beam, which waits for the others.</summary>
    private int PrefillRows(SequenceGroup group, Sequence sequence, int pending)
    {
        int rows = group.IsLockstep ? pending - 1 : pending;
        return group.Work.WantsPromptRows(sequence) ? Math.Min(rows, limits.MaxScoredRows) : rows;
    }

    /// <summary>Where the memory of a request may be shared: what goes into the prefix cache, at the ends of pages.</summary>
    private CommitPoints PointsOf(SequenceGroup group) =>
        group.WritesCache && cache is not null ? CommitPoints.PageBorders : CommitPoints.End;

    /// <summary>
    /// Takes units for rows of a sequence that runs, if need be from others; for the borders of pages only what is left.
    /// </summary>
    private bool TryTake(SequenceGroup group, Sequence sequence, int rows, out MemoryUnits units, out CommitPoints points)
    {
        points = PointsOf(group);
        units = forecast.Need(group, sequence, sequence.Length, rows, points);
        if (forecast.TryTake(units))
            return true;
        if (points != CommitPoints.End)
            units = forecast.Need(group, sequence, sequence.Length, rows, points = CommitPoints.End);
        return TakeUnits(group, units, isRunning: true);
    }

    private PlannedSegment Segment(SequenceGroup group, Sequence sequence, int first, int rows, in MemoryUnits units,
        CommitPoints points)
    {
        bool isLast = first + rows == sequence.Tokens.Count && !group.IsTrunk;
        Outputs outputs = group.Work.WantsPromptRows(sequence) ? Outputs.All : isLast ? Outputs.Last : Outputs.None;
        return new PlannedSegment(group, sequence, first, rows, 0, outputs, units, points);
    }

    private void PlanAdmissions()
    {
        MemoryUnits reserved = Reserved();
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

    /// <summary>Units that prompts under way are going to need: they are not given to newcomers.</summary>
    private MemoryUnits Reserved()
    {
        MemoryUnits units = forecast.Growth(_running.Count);
        foreach (SequenceGroup group in _running)
        {
            if (group.IsEncoding || _plan.Preempted.Contains(group))
                continue;
            foreach (Sequence sequence in group.Active)
                units += forecast.Missing(group, sequence);
        }

        foreach (PlannedSegment segment in _plan.Segments)
            units -= MemoryUnits.Min(units, segment.Units);
        return units;
    }

    private bool TryAdmit(SequenceGroup group, ref MemoryUnits reserved)
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
        (MemoryUnits shared, MemoryUnits unheld) = forecast.Chain(group, prefix, matched);
        MemoryUnits all = forecast.Most(group, sequence.Tokens.Count) - shared;
        while (!forecast.CanTake(all + unheld + reserved))
        {
            if (Victim(group, isRunning: false) is not { } victim)
                return false;
            Preempt(victim);
            (shared, unheld) = forecast.Chain(group, prefix, matched);
        }

        int rows = Math.Min(PrefillRows(group, sequence, sequence.Tokens.Count - first), Math.Min(limits.PrefillChunk, _rows));
        forecast.Pin(unheld);
        CommitPoints points = PointsOf(group);
        MemoryUnits units = forecast.Need(group, sequence, first, rows, points);
        if (!forecast.TryTake(units))
        {
            units = forecast.Need(group, sequence, first, rows, points = CommitPoints.End);
            forecast.TryTake(units);
        }

        reserved += all - MemoryUnits.Min(all, units) + forecast.Growth(1);
        (_rows, _encoderRows, _sequences) = (_rows - rows, _encoderRows - group.EncoderInput.Length, _sequences + group.Width);
        _plan.Admitted.Add(new Admission(group, prefix, matched));
        _plan.Segments.Add(Segment(group, sequence, first, rows, units, points));
        return true;
    }

    private bool TryAdmitEncoding(SequenceGroup group, Sequence sequence)
    {
        if (sequence.Tokens.Count > _encoderRows)
            return false;
        _encoderRows -= sequence.Tokens.Count;
        _plan.Admitted.Add(new Admission(group, null, 0));
        _plan.Segments.Add(new PlannedSegment(group, sequence, 0, sequence.Tokens.Count, 0, Outputs.All, default,
            CommitPoints.End));
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
        if (drafts == 0)
            return;
        CommitPoints points = PointsOf(segment.Group) | CommitPoints.EveryRow;
        MemoryUnits units = forecast.Need(segment.Group, segment.Sequence, segment.First, 1 + drafts, points);
        if (!forecast.TryTake(units - segment.Units))
            return;
        _rows -= drafts;
        segment = segment with { Drafts = drafts, Outputs = Outputs.All, Units = units, Points = points };
    }

    private void Extend(ref PlannedSegment segment)
    {
        int pending = segment.Sequence.Tokens.Count - segment.First;
        int rows = Math.Min(PrefillRows(segment.Group, segment.Sequence, pending), segment.Rows + _rows);
        if (rows <= segment.Rows)
            return;
        MemoryUnits units = forecast.Need(segment.Group, segment.Sequence, segment.First, rows, segment.Points);
        if (!forecast.TryTake(units - segment.Units))
            return;
        _rows -= rows - segment.Rows;
        segment = Segment(segment.Group, segment.Sequence, segment.First, rows, units, segment.Points);
    }

    private bool TakeUnits(SequenceGroup group, in MemoryUnits units, bool isRunning)
    {
        while (!forecast.TryTake(units))
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
            forecast.Give(segment.Units);
            _rows += segment.AllRows;
            _plan.Segments.RemoveAt(i);
        }
    }
}

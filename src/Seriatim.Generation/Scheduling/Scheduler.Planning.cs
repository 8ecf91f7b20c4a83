using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <content>How a step is planned.</content>
internal sealed partial class Scheduler
{
    /// <summary>The wishes of a running request for single rows, and for rows that have to come together.</summary>
    private void PlanDecoding(SequenceGroup group)
    {
        if (_plan.Preempted.Contains(group))
            return;
        List<Wish> wishes = group.Wishes;
        for (int i = 0; i < wishes.Count; i++)
        {
            Wish wish = wishes[i];
            int count = CountTogether(wishes, i);
            if (wish.IsWhole)
                PlanWhole(group, wishes, i, count);
            else if (wish.Together != 0)
                PlanTogether(group, wishes, i, count);
            else if (wish is { Rows: 1, IsSilent: false } && _rows > 0 && !TryPlan(group, wish, 1))
                return;
            i += count - 1;
        }
    }

    private bool TryPlan(SequenceGroup group, in Wish wish, int rows)
    {
        if (!TryTake(group, wish.Sequence, rows, out MemoryUnits units, out CommitPoints points))
            return false;
        _rows -= rows;
        _plan.Segments.Add(Segment(group, wish, wish.Sequence.Length, rows, units, points));
        return true;
    }

    /// <summary>All of them, or none.</summary>
    private void PlanTogether(SequenceGroup group, List<Wish> wishes, int first, int count)
    {
        if (count > _rows)
            return;
        for (int i = first; i < first + count; i++)
        {
            if (wishes[i].Rows != 1)
                return;
        }

        // A single row ends at a border or not: its state is kept in any case.
        CommitPoints points = PointsOf(group);
        MemoryUnits units = default;
        _together.Clear();
        for (int i = first; i < first + count; i++)
        {
            Sequence sequence = wishes[i].Sequence;
            MemoryUnits own = forecast.Need(group, sequence, sequence.Length, 1, points);
            units += own;
            _together.Add(new PlannedSegment(group, wishes[i], sequence.Length, 1, 0, Outputs.Last, own, points));
        }

        if (!TakeUnits(group, units, isRunning: true))
            return;
        _rows -= count;
        _plan.Segments.AddRange(_together);
    }

    /// <summary>Whole sequences have rows of their own, and no memory.</summary>
    private bool PlanWhole(SequenceGroup group, List<Wish> wishes, int first, int count)
    {
        // A source that is not encoded is read with its first target, and again after it was suspended.
        int rows = group.Encoded is null ? group.EncoderInput.Length : 0;
        for (int i = first; i < first + count; i++)
            rows += wishes[i].IsSource ? 0 : wishes[i].Rows;
        if (rows > _encoderRows)
            return false;
        _encoderRows -= rows;
        for (int i = first; i < first + count; i++)
        {
            _plan.Segments.Add(
                new PlannedSegment(group, wishes[i], 0, wishes[i].Rows, 0, Outputs.All, default, CommitPoints.End));
        }

        return true;
    }

    private static int CountTogether(List<Wish> wishes, int first)
    {
        int count = 1;
        while (wishes[first].Together != 0 && first + count < wishes.Count
            && wishes[first + count].Together == wishes[first].Together)
        {
            count++;
        }
        return count;
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
        if (_plan.Preempted.Contains(group))
            return;
        foreach (Wish wish in group.Wishes)
        {
            int rows = Math.Min(RowsAhead(wish, wish.RowsAhead), Math.Min(limits.PrefillChunk, _rows - left));
            if (wish.IsWhole || (wish.Rows <= 1 && !wish.IsSilent) || rows <= 0)
                continue;
            if (!TryPlan(group, wish, rows))
                return;
        }
    }

    /// <summary>How many rows may be computed in pieces: fewer at a time where all their logits are wanted.</summary>
    private int RowsAhead(in Wish wish, int rows) => wish.Scores ? Math.Min(rows, limits.MaxScoredRows) : rows;

    /// <summary>Where the memory of a request may be shared: what goes into the prefix cache, at the ends of pages.</summary>
    private CommitPoints PointsOf(SequenceGroup group) =>
        group.WritesCache && cache is not null ? CommitPoints.PageBorders : CommitPoints.End;

    /// <summary>
    /// Takes units for rows of a sequence that runs, if need be from others; for the borders of pages only what is left.
    /// </summary>
    private bool TryTake(SequenceGroup group, Sequence sequence, int rows, out MemoryUnits units, out CommitPoints points)
    {
        points = PointsOf(group);
        return TryFree(group, (sequence, sequence.Length, rows), default, ref points, out units)
            || TakeUnits(group, units, isRunning: true);
    }

    /// <summary>
    /// Takes units for some rows that are free, or held already: for the ends of all pages, else
    /// for that of the last one, else for none.
    /// </summary>
    private bool TryFree(SequenceGroup group, (Sequence Sequence, int First, int Rows) step, in MemoryUnits held,
        ref CommitPoints points, out MemoryUnits units)
    {
        while (true)
        {
            units = forecast.Need(group, step.Sequence, step.First, step.Rows, points);
            if (forecast.TryTake(units - held))
                return true;
            if (points.HasFlag(CommitPoints.PageBorders))
                points = (points & ~CommitPoints.PageBorders) | CommitPoints.LastBorder;
            else if (points.HasFlag(CommitPoints.LastBorder))
                points &= ~CommitPoints.LastBorder;
            else
                return false;
        }
    }

    private static PlannedSegment Segment(SequenceGroup group, in Wish wish, int first, int rows, in MemoryUnits units,
        CommitPoints points)
    {
        bool isLast = first + rows == wish.Sequence.Tokens.Count && !wish.IsSilent;
        Outputs outputs = wish.Scores ? Outputs.All : isLast ? Outputs.Last : Outputs.None;
        return new PlannedSegment(group, wish, first, rows, 0, outputs, units, points);
    }

    private void PlanAdmissions()
    {
        MemoryUnits reserved = Reserved();
        foreach (SequenceGroup group in _waiting)
        {
            if (_plan.Preempted.Contains(group) || group.IsAside)
                continue;
            if ((group.Remembers ? _rows : _encoderRows) == 0)
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
            if (!group.Remembers || _plan.Preempted.Contains(group))
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
        Wish wish = group.Wishes[0];
        Sequence sequence = wish.Sequence;
        if (wish.IsWhole)
        {
            // They hold no units, but their sources.
            if (!group.EncoderInput.IsEmpty && _sources + group.Width > limits.MaxSequences)
                return false;
            if (!PlanWhole(group, group.Wishes, 0, CountTogether(group.Wishes, 0)))
                return false;
            _sources += group.EncoderInput.IsEmpty ? 0 : group.Width;
            _plan.Admitted.Add(new Admission(group, null, 0));
            return true;
        }

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

        int rows = Math.Min(RowsAhead(wish, sequence.Tokens.Count - first), Math.Min(limits.PrefillChunk, _rows));
        forecast.Pin(unheld);
        CommitPoints points = PointsOf(group);
        TryFree(group, (sequence, first, rows), default, ref points, out MemoryUnits units);
        reserved += all - MemoryUnits.Min(all, units) + forecast.Growth(1);
        (_rows, _encoderRows, _sequences) = (_rows - rows, _encoderRows - group.EncoderInput.Length, _sequences + group.Width);
        _plan.Admitted.Add(new Admission(group, prefix, matched));
        _plan.Segments.Add(Segment(group, wish, first, rows, units, points));
        return true;
    }

    /// <summary>What is left of the budget goes to drafts, then to prompts that have a chunk already.</summary>
    private void FillUp()
    {
        Span<PlannedSegment> segments = CollectionsMarshal.AsSpan(_plan.Segments);
        foreach (ref PlannedSegment segment in segments)
        {
            Sequence sequence = segment.Sequence;
            if (segment.Wish.IsWhole || segment.Wish.IsSilent || _rows == 0)
                continue;
            if (sequence.Draft.Count > 0 && segment is { Rows: 1, Outputs: Outputs.Last })
                AddDraft(ref segment);
            else if (segment.Rows > 1)
                Extend(ref segment);
        }

        foreach (ref PlannedSegment segment in segments)
        {
            if (segment.Wish.IsSilent && _rows > 0)
                Extend(ref segment);
        }
    }

    private void AddDraft(ref PlannedSegment segment)
    {
        int drafts = Math.Min(segment.Sequence.Draft.Count, _rows);
        if (drafts == 0)
            return;
        CommitPoints points = PointsOf(segment.Group) | CommitPoints.EveryRow;
        if (!TryFree(segment.Group, (segment.Sequence, segment.First, 1 + drafts), segment.Units, ref points,
            out MemoryUnits units))
            return;
        _rows -= drafts;
        segment = segment with { Drafts = drafts, Outputs = Outputs.All, Units = units, Points = points };
    }

    private void Extend(ref PlannedSegment segment)
    {
        int pending = segment.Sequence.Tokens.Count - segment.First - (segment.Wish.Together != 0 ? 1 : 0);
        int rows = Math.Min(RowsAhead(segment.Wish, pending), segment.Rows + _rows);
        if (rows <= segment.Rows)
            return;
        CommitPoints points = segment.Points;
        if (!TryFree(segment.Group, (segment.Sequence, segment.First, rows), segment.Units, ref points, out MemoryUnits units))
            return;
        _rows -= rows - segment.Rows;
        segment = Segment(segment.Group, segment.Wish, segment.First, rows, units, points);
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
            if (_plan.Preempted.Contains(victim) || !victim.Remembers)
                continue;
            bool mayTake = isRunning ? group.RanksBefore(victim) : group.GivenPriority > victim.Priority;
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

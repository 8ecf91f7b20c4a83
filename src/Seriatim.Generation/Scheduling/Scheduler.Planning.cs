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
                pages += forecast.Missing(group, sequence);
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
        (int shared, int unheld) = forecast.Chain(group, prefix, matched);
        int all = (int)group.Pages.Most(sequence.Tokens.Count) - shared;
        while (!forecast.CanTake(all + unheld + reserved))
        {
            if (Victim(group, isRunning: false) is not { } victim)
                return false;
            Preempt(victim);
            (shared, unheld) = forecast.Chain(group, prefix, matched);
        }

        if (group.EncoderInput.Length > 0 && !forecast.TryTakeCross(group.EncoderInput.Length))
            return false;
        int rows = Math.Min(PrefillRows(group, sequence, sequence.Tokens.Count - first), Math.Min(limits.PrefillChunk, _rows));
        int pages = forecast.PagesFor(first + rows) - matched;
        forecast.Pin(unheld);
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

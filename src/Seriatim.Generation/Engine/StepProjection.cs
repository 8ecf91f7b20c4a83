namespace Seriatim.Generation;

/// <summary>
/// Makes logits of the rows of a step: those of requests with a shortlist over it alone, all others over the vocabulary. Rows
/// with shortlists are multiplied together, with the union of what they need: the weights are read once for all of them.
/// </summary>
internal sealed class StepProjection(IGenerationModel model) : IDisposable
{
    private readonly List<int> _whole = [];
    private readonly List<int> _some = [];
    private readonly List<SelectedRows> _runs = [];
    private OutputTable? _table;
    private OutputSelection? _selection;
    private SortedSet<int> _selected = [];

    /// <param name="segments">The segments of the plan.</param>
    /// <param name="indices">Those that are in the pass.</param>
    /// <param name="hidden">Its hidden rows.</param>
    /// <param name="wanted">Rows whose logits are wanted, segment after segment.</param>
    /// <param name="rows">Takes the logits.</param>
    public void Run(ReadOnlySpan<PlannedSegment> segments, List<int> indices, Tensor hidden, ReadOnlyMemory<int> wanted,
        StepRows rows)
    {
        _whole.Clear();
        _some.Clear();
        _runs.Clear();
        int first = 0;
        foreach (int index in indices)
        {
            int count = CountOf(segments[index]);
            if (count > 0)
                Sort(segments[index].Group, wanted.Span.Slice(first, count));
            first += count;
        }

        Tensor? whole = null, some = null;
        if (_whole.Count > 0)
            rows.Own(whole = model.Project(hidden, _some.Count == 0 ? wanted : _whole.ToArray()));
        if (_some.Count > 0)
            rows.Own(some = model.Project(hidden, _some.ToArray(), Selection(), _runs));
        (int ofWhole, int ofSome) = (0, 0);
        foreach (int index in indices)
        {
            int count = CountOf(segments[index]);
            bool isWhole = segments[index].Group.Shortlist.IsEmpty;
            rows.SetLogits(index, isWhole ? whole : some, isWhole ? ofWhole : ofSome, count);
            if (isWhole)
                ofWhole += count;
            else
                ofSome += count;
        }
    }

    public void Dispose()
    {
        _selection?.Dispose();
        _table?.Dispose();
    }

    private void Sort(SequenceGroup group, ReadOnlySpan<int> wanted)
    {
        if (group.Shortlist.IsEmpty)
        {
            _whole.AddRange(wanted);
            return;
        }

        _some.AddRange(wanted);
        if (_runs.Count > 0 && _runs[^1].Outputs.Equals(group.Shortlist))
            _runs[^1] = _runs[^1] with { Rows = _runs[^1].Rows + wanted.Length };
        else
            _runs.Add(new SelectedRows(wanted.Length, group.Shortlist));
    }

    /// <summary>The selection of the last step if it has all that is needed, else one anew.</summary>
    private OutputSelection Selection()
    {
        if (_selection is { } known && _runs.TrueForAll(run => HasAll(known, run.Outputs.Span)))
            return known;
        var needed = new SortedSet<int>();
        foreach (SelectedRows run in _runs)
            needed.UnionWith(System.Runtime.InteropServices.MemoryMarshal.ToEnumerable(run.Outputs));

        // What others needed before comes along if it is not more than this: it may be needed again.
        if (_selected.Count <= needed.Count)
            needed.UnionWith(_selected);
        _selected = needed;
        _selection?.Dispose();
        _selection = null;
        return _selection = (_table ??= model.NewOutputTable()).Select([.. needed]);
    }

    private static bool HasAll(OutputSelection selection, ReadOnlySpan<int> outputs)
    {
        foreach (int output in outputs)
        {
            if (!selection.Has(output))
                return false;
        }

        return true;
    }

    private static int CountOf(in PlannedSegment segment) =>
        segment.Outputs switch { Outputs.None => 0, Outputs.Last => 1, _ => segment.AllRows };
}

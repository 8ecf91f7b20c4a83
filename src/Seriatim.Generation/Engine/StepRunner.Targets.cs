using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <content>Whole targets: their sources are encoded once, and kept by the request from pass to pass.</content>
internal sealed partial class StepRunner
{
    private readonly List<float> _kept = [];
    private readonly List<int> _wanted = [];
    private readonly List<(SequenceGroup Group, int Index, bool WantsLength)> _sources = [];

    private void Fill(ReadOnlySpan<PlannedSegment> segments, List<int> indices)
    {
        EncodeSources(segments, indices);
        _batch.Clear();
        _kept.Clear();
        _wanted.Clear();
        SequenceGroup? last = null;
        int columns = 0, first = 0;
        foreach (int index in indices)
        {
            (SequenceGroup group, Wish wish) = (segments[index].Group, segments[index].Wish);
            if (wish.IsSource)
                continue;
            if (group != last)
            {
                KeptRows kept = group.Encoded!;
                (last, columns, first) = (group, kept.Columns, _kept.Count / kept.Columns);
                _kept.AddRange(kept.Values);
            }

            foreach (int row in wish.LogitRows)
                _wanted.Add(_batch.Rows + row);
            var source = new EncoderRows(first, group.Encoded!.Rows);
            _batch.AddTarget(
                CollectionsMarshal.AsSpan(wish.Sequence.Tokens), source, Outputs.None, group.Terms.Adapter);
        }

        if (last is null)
            return;
        using Tensor encoded = _model.Upload(CollectionsMarshal.AsSpan(_kept), columns);
        using Tensor hidden = _model.Forward(_batch.Build(), encoded);
        Tensor? logits = null;
        if (_wanted.Count > 0)
            _rows.Own(logits = _model.Project(hidden, _wanted.ToArray()));
        first = 0;
        foreach (int index in indices)
        {
            Wish wish = segments[index].Wish;
            if (wish.IsSource)
                continue;
            _rows.SetLogits(index, logits, first, wish.LogitRows.Count);
            first += wish.LogitRows.Count;
        }
    }

    /// <summary>Those that are not there yet, or any more; whoever wants its target's length gets the logits.</summary>
    private void EncodeSources(ReadOnlySpan<PlannedSegment> segments, List<int> indices)
    {
        _encoder.Clear();
        _sources.Clear();
        foreach (int index in indices)
        {
            SequenceGroup group = segments[index].Group;
            if ((!segments[index].Wish.IsSource && group.Encoded is not null) || _sources.Exists(source => source.Group == group))
                continue;
            _sources.Add((group, index, segments[index].Wish.IsSource));
            _encoder.AddEncoder(group.EncoderInput.Span, outputs: Outputs.None, adapter: group.Terms.Adapter);
        }

        if (_sources.Count == 0)
            return;
        RaggedBatch batch = _encoder.Build();
        using Tensor encoded = _model.Encode(batch);
        HostRows rows = encoded.Read();
        for (int i = 0; i < _sources.Count; i++)
            _sources[i].Group.Encoded = Keep(rows, encoded.Columns, batch.Segments[i]);
        if (!_sources.Exists(source => source.WantsLength))
            return;
        Tensor lengths = _model.LengthLogits(batch, encoded);
        _rows.Own(lengths);
        for (int i = 0; i < _sources.Count; i++)
        {
            if (_sources[i].WantsLength)
                _rows.SetLogits(_sources[i].Index, lengths, i, 1);
        }
    }

    private static KeptRows Keep(HostRows rows, int columns, Segment segment)
    {
        float[] values = new float[segment.Rows * columns];
        for (int row = 0; row < segment.Rows; row++)
            rows.Row(segment.FirstRow + row).CopyTo(values.AsSpan(row * columns));
        return new KeptRows(values, columns);
    }
}

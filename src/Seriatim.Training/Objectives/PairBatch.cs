namespace Seriatim.Training;

/// <summary>
/// Teacher forcing: the decoder's input is the start id and the target without its last id, its labels are the target.
/// </summary>
internal sealed class PairBatch(int startId)
{
    private readonly RaggedBatchBuilder _source = new(), _target = new();
    private readonly List<int> _labels = [];

    public void Add(ReadOnlySpan<int> source, ReadOnlySpan<int> target)
    {
        int first = _source.Rows;
        _source.AddEncoder(source);
        int[] input = new int[target.Length];
        input[0] = startId;
        target[..^1].CopyTo(input.AsSpan(1));
        _target.Add(input, outputs: Outputs.All, encoder: new EncoderRows(first, source.Length));
        _labels.AddRange(target);
    }

    public TrainingBatch Build() =>
        new(_target.Build(), _source.Build(), [.. Enumerable.Range(0, _labels.Count)], [.. _labels]);
}

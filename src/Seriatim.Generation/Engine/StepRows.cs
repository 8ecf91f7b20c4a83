namespace Seriatim.Generation;

/// <summary>What the model gave for the segments of a plan. Disposed after the commit.</summary>
internal sealed class StepRows : IDisposable
{
    private readonly List<Rows> _segments = [];
    private readonly List<Tensor> _tensors = [];
    private readonly Dictionary<Tensor, HostRows> _read = [];

    /// <summary>Logits of a wanted row of a segment.</summary>
    public ReadOnlySpan<float> Logits(int segment, int row) =>
        _segments[segment].Logits.Row(_segments[segment].FirstLogits + row);

    /// <summary>A hidden row of a segment, of a sequence that was read as a whole.</summary>
    public ReadOnlySpan<float> Hidden(int segment, int row) =>
        _segments[segment].Hidden.Row(_segments[segment].FirstHidden + row);

    /// <summary>Why the segment has no rows; null: it has.</summary>
    public Exception? Error(int segment) => _segments[segment].Error;

    public void Reset(int segments)
    {
        Dispose();
        _segments.Clear();
        for (int i = 0; i < segments; i++)
            _segments.Add(default);
    }

    public void Own(Tensor tensor) => _tensors.Add(tensor);

    /// <summary>Rows of a pass, which are read from the device once.</summary>
    public void Set(int segment, Tensor? logits, int firstLogits, Tensor? hidden, int firstHidden) =>
        _segments[segment] = new Rows(Read(logits), firstLogits, Read(hidden), firstHidden, null);

    public void SetError(int segment, Exception error) => _segments[segment] = new Rows(default, 0, default, 0, error);

    public void Dispose()
    {
        foreach (Tensor tensor in _tensors)
            tensor.Dispose();
        _tensors.Clear();
        _read.Clear();
    }

    private HostRows Read(Tensor? tensor)
    {
        if (tensor is null)
            return default;
        if (!_read.TryGetValue(tensor, out HostRows rows))
            _read.Add(tensor, rows = tensor.Read());
        return rows;
    }

    private readonly record struct Rows(
        HostRows Logits, int FirstLogits, HostRows Hidden, int FirstHidden, Exception? Error);
}

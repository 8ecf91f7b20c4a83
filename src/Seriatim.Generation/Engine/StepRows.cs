namespace Seriatim.Generation;

/// <summary>What the model gave for the segments of a plan. Disposed after the commit.</summary>
internal sealed class StepRows : IDisposable
{
    private readonly List<(HostRows Rows, Tensor? Hidden, int First, Exception? Error)> _segments = [];
    private readonly List<Tensor> _tensors = [];
    private Tensor? _readTensor;
    private HostRows _read;
    private int _selected;

    /// <summary>Hidden rows of the selected segment, of requests that read whole sequences; row 0 is its first.</summary>
    public ReadOnlySpan<float> Hidden(int row) =>
        _segments[_selected].Rows.Row(_segments[_selected].First + row);

    /// <summary>Logits of a wanted row of the selected segment; further rows are those of the segments after it.</summary>
    public ReadOnlySpan<float> Logits(int row) => _segments[_selected].Rows.Row(_segments[_selected].First + row);

    /// <summary>All hidden rows of the selected segment's pass, and where its own begin.</summary>
    public (Tensor Rows, int First) HiddenTensor => (_segments[_selected].Hidden!, _segments[_selected].First);

    /// <summary>Why the segment has no rows; null: it has.</summary>
    public Exception? Error(int segment) => _segments[segment].Error;

    public void Select(int segment) => _selected = segment;

    public void Reset(int segments)
    {
        Dispose();
        _segments.Clear();
        for (int i = 0; i < segments; i++)
            _segments.Add(default);
    }

    public void Own(Tensor tensor) => _tensors.Add(tensor);

    /// <summary>Rows of a pass, which are read from the device once.</summary>
    public void SetLogits(int segment, Tensor? logits, int first) => _segments[segment] = (Read(logits), null, first, null);

    public void SetHidden(int segment, Tensor hidden, int first) => _segments[segment] = (Read(hidden), hidden, first, null);

    public void SetError(int segment, Exception error) => _segments[segment] = (default, null, 0, error);

    private HostRows Read(Tensor? tensor)
    {
        if (!ReferenceEquals(tensor, _readTensor))
            (_readTensor, _read) = (tensor, tensor?.Read() ?? default);
        return _read;
    }

    public void Dispose()
    {
        foreach (Tensor tensor in _tensors)
            tensor.Dispose();
        _tensors.Clear();
        (_readTensor, _read) = (null, default);
    }
}

namespace Seriatim.Generation;

/// <summary>What the model gave for the segments of a plan. Disposed after the commit.</summary>
internal sealed class StepRows : IDisposable
{
    private readonly List<Rows> _segments = [];
    private readonly List<Tensor> _tensors = [];
    private readonly Dictionary<Tensor, HostRows> _read = [];

    /// <summary>Logits of a wanted row of a segment.</summary>
    public ReadOnlySpan<float> Logits(int segment, int row)
    {
        Rows rows = _segments[segment];
        RequireRow(row, rows.LogitsCount, "logits");
        return rows.Logits.Row(rows.FirstLogits + row);
    }

    /// <summary><c>log Σ exp</c> of a row's logits.</summary>
    public double LogSumExp(int segment, int row) => LogprobReader.LogSumExp(Logits(segment, row));

    /// <summary>A hidden row of a segment, of a sequence that was read as a whole.</summary>
    public ReadOnlySpan<float> Hidden(int segment, int row)
    {
        Rows rows = _segments[segment];
        RequireRow(row, rows.HiddenCount, "hidden rows");
        return rows.Hidden.Row(rows.FirstHidden + row);
    }

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
    /// <param name="segment">Whose they are.</param>
    /// <param name="logits">Logits of the pass.</param>
    /// <param name="firstLogits">Which of them are its first.</param>
    /// <param name="logitsCount">How many.</param>
    public void SetLogits(int segment, Tensor? logits, int firstLogits, int logitsCount) =>
        _segments[segment] = _segments[segment] with
        {
            Logits = Read(logits),
            FirstLogits = firstLogits,
            LogitsCount = logitsCount,
        };

    /// <summary>As <see cref="SetLogits"/>, hidden rows.</summary>
    public void SetHidden(int segment, Tensor hidden, int firstHidden, int hiddenCount) =>
        _segments[segment] = _segments[segment] with
        {
            Hidden = Read(hidden),
            FirstHidden = firstHidden,
            HiddenCount = hiddenCount,
        };

    public void SetError(int segment, Exception error) => _segments[segment] = new Rows { Error = error };

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

    /// <summary>The row after the last one is somebody else's.</summary>
    private static void RequireRow(int row, int count, string what)
    {
        if ((uint)row >= (uint)count)
            throw new ArgumentOutOfRangeException(nameof(row), row, $"The sequence has {count} {what} in this step.");
    }

    private readonly record struct Rows
    {
        public HostRows Logits { get; init; }

        public int FirstLogits { get; init; }

        public int LogitsCount { get; init; }

        public HostRows Hidden { get; init; }

        public int FirstHidden { get; init; }

        public int HiddenCount { get; init; }

        public Exception? Error { get; init; }
    }
}

namespace Seriatim.Web.Engine;

/// <summary>What is known of an engine after the lines so far: the numbers that stand beside the drawings.</summary>
internal sealed class EnginePicture
{
    /// <summary>Time that speeds are taken over, in milliseconds.</summary>
    private const double Window = 3000;

    private readonly Queue<(double At, EngineTotalsLine Totals)> _past = new();

    /// <summary>What the engine is; null: it is not open.</summary>
    public EngineLine? Head { get; private set; }

    /// <summary>The newest frame.</summary>
    public EngineLine? Frame { get; private set; }

    /// <summary>What is known of a model without an engine: <c>unloaded</c>, <c>loading</c>, <c>failed</c>.</summary>
    public string? Closed { get; private set; }

    /// <summary>The newest look at the prefix cache.</summary>
    public EnginePrefixLine? Prefixes { get; private set; }

    /// <summary>Tokens that were drafted since it was looked at.</summary>
    public long Drafted { get; private set; }

    /// <summary>Of these, tokens that were accepted.</summary>
    public long Accepted { get; private set; }

    /// <summary>Rows that go through the model in a second.</summary>
    public double RowsPerSecond => Span is > 0 and var span ? (Last.Rows - First.Rows) / span * 1000 : 0;

    /// <summary>Steps in a second.</summary>
    public double StepsPerSecond => Span is > 0 and var span ? Steps / span * 1000 : 0;

    /// <summary>Rows of a step, on average.</summary>
    public double RowsPerStep => Steps > 0 ? (double)(Last.Rows - First.Rows) / Steps : 0;

    /// <summary>Time of a step, on average.</summary>
    public double StepMs => Steps > 0 ? Times.Sum() / Steps : 0;

    /// <summary>Milliseconds of planning, of the model, of choosing, and of waiting for requests, in the last seconds.</summary>
    public IReadOnlyList<double> Shares => [.. Times, Math.Max(0, Span - Times.Sum())];

    private double[] Times => _past.Count < 2 ? [0, 0, 0]
        : [Last.SchedulingMs - First.SchedulingMs, Last.PassesMs - First.PassesMs, Last.SamplingMs - First.SamplingMs];

    private long Steps => _past.Count < 2 ? 0 : Last.Steps - First.Steps;

    private double Span => _past.Count < 2 ? 0 : _past.Last().At - _past.Peek().At;

    private EngineTotalsLine First => _past.Peek().Totals;

    private EngineTotalsLine Last => _past.Last().Totals;

    /// <summary>Takes a line in.</summary>
    public void Add(EngineLine line)
    {
        switch (line.Object)
        {
            case EngineLine.Opened:
                Clear();
                Head = line;
                break;
            case EngineLine.Closed:
                Clear();
                Closed = line.Status ?? "unloaded";
                break;
            case EngineLine.Frame:
                Take(line);
                break;
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        (Head, Frame, Closed, Prefixes, Drafted, Accepted) = (null, null, null, null, 0, 0);
        _past.Clear();
    }

    private void Take(EngineLine frame)
    {
        Frame = frame;
        Prefixes = frame.Prefixes ?? Prefixes;
        foreach (EngineStepLine step in frame.Steps!)
        {
            (long drafted, long accepted) = step.Drafts;
            (Drafted, Accepted) = (Drafted + drafted, Accepted + accepted);
        }

        _past.Enqueue((frame.At, frame.Totals!));
        while (_past.Count > 2 && frame.At - _past.Peek().At > Window)
            _past.Dequeue();
    }
}

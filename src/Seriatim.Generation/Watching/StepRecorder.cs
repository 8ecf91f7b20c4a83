using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <summary>
/// Writes the steps down for one who watches, between two readings; by the engine's thread alone. Bounded: who reads seldom gets
/// the first steps since, and how many more there were.
/// </summary>
/// <param name="clock">The engine's.</param>
internal sealed class StepRecorder(TimeProvider clock)
{
    /// <summary>Most steps, and most rows of all of them, between two readings.</summary>
    private const int MostSteps = 512, MostRows = 8192;

    private readonly long _began = clock.GetTimestamp();
    private readonly List<WatchedStep> _steps = [];
    private readonly List<WatchedRows> _rows = [];
    private int _told;
    private int _leftOut;
    private bool _isLeftOut;

    /// <summary>Time since it began.</summary>
    public TimeSpan Now => clock.GetElapsedTime(_began);

    /// <summary>A step is planned: what it will do with whom, while that can still be seen.</summary>
    public void Begin(StepPlan plan)
    {
        _rows.Clear(); // what a step that broke off has left, too
        _isLeftOut = _steps.Count >= MostSteps || _told + plan.Segments.Count > MostRows;
        if (_isLeftOut)
            return;
        foreach (PlannedSegment segment in plan.Segments)
        {
            _rows.Add(new WatchedRows(segment.Group.Number, segment.Sequence.Id.Index, KindOf(segment), segment.Rows,
                segment.Drafts, 0));
        }
    }

    /// <summary>It has been made.</summary>
    /// <param name="plan">The step.</param>
    /// <param name="number">Its number.</param>
    /// <param name="begin">When it was planned, in ticks of the clock.</param>
    /// <param name="times">What planning, the model and choosing took.</param>
    public void End(StepPlan plan, long number, long begin, in EngineTimes times)
    {
        if (_isLeftOut)
        {
            _leftOut++;
            return;
        }

        Span<WatchedRows> rows = CollectionsMarshal.AsSpan(_rows);
        for (int i = 0; i < rows.Length; i++)
        {
            if (rows[i].Drafts > 0)
                rows[i] = rows[i] with { Accepted = plan.Segments[i].Sequence.Draft.Accepted };
        }

        _told += rows.Length;
        _steps.Add(new WatchedStep(number, clock.GetElapsedTime(_began, begin), times.Scheduling, times.Passes, times.Sampling,
            rows.ToArray(), [.. plan.Admitted.Select(admission => admission.Group.Number)],
            [.. plan.Preempted.Select(group => group.Number)]));
    }

    /// <summary>The steps since the last time.</summary>
    public (IReadOnlyList<WatchedStep> Steps, int LeftOut) Take()
    {
        (WatchedStep[] Steps, int LeftOut) taken = ([.. _steps], _leftOut);
        _steps.Clear();
        (_told, _leftOut) = (0, 0);
        return taken;
    }

    private static WatchedKind KindOf(in PlannedSegment segment) =>
        segment.Wish.IsSource ? WatchedKind.Source
            : segment.Wish.IsWhole ? WatchedKind.Whole
            : segment.First < segment.Sequence.PromptLength ? WatchedKind.Prompt
            : segment.Rows > 1 ? WatchedKind.Again : WatchedKind.Decode;
}

namespace Seriatim.Generation;

/// <content>Who watches: a list that is empty as long as nobody does, which is all that a step then looks at.</content>
internal sealed partial class EngineCore
{
    private const int MostRequests = 128;

    private readonly List<EngineWatch> _watches = [];
    private MemoryMapper? _mapper;

    /// <summary>How many watch; each costs a little with each step.</summary>
    public int Watches => _watches.Count;

    public StepRecorder NewRecorder() => new(_context.Clock);

    public void Attach(EngineWatch watch) => _watches.Add(watch);

    public void Detach(EngineWatch watch) => _watches.Remove(watch);

    /// <summary>What has happened since the frame before, and how it is now.</summary>
    public EngineFrame Frame(EngineWatch watch, bool prefixes)
    {
        (IReadOnlyList<WatchedStep> steps, int leftOut) = watch.Recorder.Take();
        EngineStatistics statistics = Statistics;
        int all = _scheduler.Running.Count + _scheduler.Waiting.Count;
        _mapper ??= new MemoryMapper(_pools, _scheduler);
        return new EngineFrame
        {
            At = watch.Recorder.Now,
            Steps = steps,
            StepsLeftOut = leftOut,
            Requests =
            [
                .. _scheduler.Running.Select(group => Describe(group, isRunning: true))
                    .Concat(_scheduler.Waiting.Select(group => Describe(group, isRunning: false))).Take(MostRequests),
            ],
            RequestsLeftOut = Math.Max(0, all - MostRequests),
            Statistics = statistics,
            Memories = _mapper.Read(statistics.Memories),
            Prefixes = prefixes && _cache is not null ? PrefixSurvey.Of(_cache, _pools!) : null,
        };
    }

    private void TellBegin(StepPlan plan)
    {
        foreach (EngineWatch watch in _watches)
            watch.Recorder.Begin(plan);
    }

    private void TellEnd(StepPlan plan, long begin, in EngineTimes times)
    {
        foreach (EngineWatch watch in _watches)
            watch.Recorder.End(plan, _gauges.Totals.Steps, begin, times);
    }

    private static WatchedRequest Describe(SequenceGroup group, bool isRunning)
    {
        List<Sequence> live = group.Live;
        int made = 0, pending = 0;
        foreach (Sequence sequence in live)
            (made, pending) = (made + sequence.NewTokens, pending + sequence.Pending);
        return new WatchedRequest(group.Number, isRunning, group.IsAside, live.Count,
            group.EncoderInput.Length + (live.Count == 0 ? 0 : live[0].PromptLength), made, pending, group.CachedTokens,
            group.Priority, group.Preemptions);
    }
}

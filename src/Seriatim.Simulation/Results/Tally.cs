namespace Seriatim.Simulation;

/// <summary>Counts what happens in a simulation.</summary>
/// <param name="requests">Requests of the trace.</param>
internal sealed class Tally(int requests)
{
    private readonly List<long> _firsts = new(requests);
    private readonly List<long> _betweens = new(requests);
    private readonly List<long> _stills = [];
    private long _promptTokens;
    private long _cachedTokens;
    private long _newTokens;
    private long _lostRows;
    private long _repeatedRows;
    private long _preemptions;
    private int _refused;
    private int _leftOut;
    private int _killed;
    private int _frozen;
    private int _resumed;

    /// <summary>Requests that have ended, one way or the other.</summary>
    public int Ended => _firsts.Count + _refused + _leftOut;

    /// <summary>When the last answer was complete.</summary>
    public long LastEnd { get; private set; }

    public void Refuse() => _refused++;

    public void LeaveOut() => _leftOut++;

    public void Kill() => _killed++;

    public void Freeze() => _frozen++;

    public void Resume() => _resumed++;

    public void Still(long time) => _stills.Add(time);

    /// <summary>What a run computed was for nothing.</summary>
    public void Lose(SimulatedRun run) => _lostRows += run.Group?.ForwardRows ?? 0;

    /// <summary>A request has its whole answer.</summary>
    public void End(SimulatedStream stream, SimulatedRun run, long now, long back)
    {
        LastEnd = now + back;
        _firsts.Add(stream.First + back - stream.Sent);
        if (stream.Tokens > 1)
            _betweens.Add((now - stream.First) / (stream.Tokens - 1));
        _promptTokens += stream.Request.Length;
        _cachedTokens += stream.FirstRun?.Group?.CachedTokens ?? 0;
        _newTokens += stream.Tokens;
        Leave(stream, run);
    }

    /// <summary>A stream leaves a run, for another one or as it has ended: what was computed before was computed once more.</summary>
    public void Leave(SimulatedStream stream, SimulatedRun run)
    {
        if (run.Group is not { } group)
            return;
        long reached = group.CachedTokens + group.ForwardRows;
        _repeatedRows += Math.Max(0, Math.Min(Math.Min(run.PromptTokens, stream.Reached), reached) - group.CachedTokens);
        stream.Reached = Math.Max(stream.Reached, reached);
        _preemptions += group.Preemptions;
    }

    /// <summary>Sums up.</summary>
    public ClusterOutcome Outcome(Trace trace, ClusterPlan plan, SimulatedReplica[] replicas)
    {
        double seconds = LastEnd / 1e9;
        double alive = Math.Max(1e-9, seconds * replicas.Length - replicas.Sum(replica => replica.Absent) / 1e9);
        double thousands = Math.Max(1, _newTokens) / 1000.0;
        return new ClusterOutcome
        {
            Routing = RoutingNames.Of(plan.Routing),
            Replicas = replicas.Length,
            Requests = trace.Requests.Count,
            Completed = _firsts.Count,
            Refused = _refused,
            NotSent = _leftOut,
            Seconds = seconds,
            PromptTokens = _promptTokens,
            CachedTokens = _cachedTokens,
            NewTokens = _newTokens,
            TokensPerSecond = _newTokens / Math.Max(1e-9, seconds),
            HitRate = _promptTokens == 0 ? 0 : (double)_cachedTokens / _promptTokens,
            FirstToken = TimeSpread.Of(_firsts),
            TokenTime = TimeSpread.Of(_betweens),
            Steps = replicas.Sum(replica => replica.Steps),
            Rows = replicas.Sum(replica => replica.Rows),
            Preemptions = _preemptions,
            BusyShare = replicas.Sum(replica => replica.Busy) / 1e9 / alive,
            ReplicaSecondsPerThousandTokens = alive / thousands,
            BusySecondsPerThousandTokens = replicas.Sum(replica => replica.Busy) / 1e9 / thousands,
            Killed = _killed,
            Frozen = _frozen,
            Resumed = _resumed,
            LostRows = _lostRows,
            RepeatedRows = _repeatedRows,
            Still = TimeSpread.Of(_stills),
        };
    }
}

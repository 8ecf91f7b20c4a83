namespace Seriatim.Simulation;

/// <summary>
/// A cluster as a sequence of events: requests come to doors, doors send them where the cluster's router says, replicas make
/// steps of the engine's own scheduler, and what a step would have computed takes only its time. The same trace, plan and seed
/// give the same events on every machine. Times are nanoseconds.
/// </summary>
internal sealed partial class ClusterSimulation
{
    private static readonly long RetryTime = Nanoseconds(0.1);

    private readonly Trace _trace;
    private readonly ClusterPlan _plan;
    private readonly SimulatedReplica[] _replicas;
    private readonly SimulatedDoor[] _doors;
    private readonly PriorityQueue<SimulatedEvent, (long Time, long Number)> _events = new();
    private readonly List<SimulatedRun> _given = [];
    private readonly List<int> _asked = [];
    private readonly Tally _tally;
    private readonly Action<SimulatedStream>? _ended;
    private readonly int _cell;
    private long _number;
    private long _now;
    private int _open;
    private int _ahead;

    private ClusterSimulation(Trace trace, ClusterPlan plan, Action<SimulatedStream>? ended)
    {
        _ended = ended;
        plan.Check();
        (_trace, _plan, _tally) = (trace, plan, new Tally(trace.Requests.Count));
        _failures = new Chance(plan.Seed, 2);
        _replicas = [.. Enumerable.Range(0, plan.Replicas).Select(i => new SimulatedReplica(i, plan.Engine, plan.Price))];
        _cell = plan.Cell == 0 ? plan.Replicas : plan.Cell;
        _doors = [.. _replicas.Chunk(_cell).SelectMany((cell, i) => Enumerable.Range(0, Math.Min(plan.Doors, cell.Length))
            .Select(door => new SimulatedDoor(i * plan.Doors + door, cell, door, plan.Routing, plan.LoadFactor)))];
    }

    /// <summary>Runs a trace to its end.</summary>
    /// <param name="trace">The requests.</param>
    /// <param name="plan">The cluster.</param>
    /// <param name="progress">Told now and then how many requests have ended; null: nobody is.</param>
    /// <param name="ended">Told of each request that has its whole answer; null: nobody is.</param>
    /// <param name="cancellation">Ctrl-C.</param>
    /// <exception cref="SimulationException">A number of the plan is not allowed, or a request fits nowhere.</exception>
    public static ClusterOutcome Run(Trace trace, ClusterPlan plan, Action<int>? progress = null,
        Action<SimulatedStream>? ended = null, CancellationToken cancellation = default) =>
        new ClusterSimulation(trace, plan, ended).Run(progress, cancellation);

    private static long Nanoseconds(double seconds) => (long)Math.Round(seconds * 1e9);

    private ClusterOutcome Run(Action<int>? progress, CancellationToken cancellation)
    {
        foreach (int first in _trace.First)
            Arrive(first, Nanoseconds(_trace.Requests[first].At));
        long time = Nanoseconds(_plan.Silence.TotalSeconds / 2);
        foreach (SimulatedDoor door in _doors)
            At(time * door.Number / _doors.Length, new SimulatedEvent(EventKind.Report, door.Number));
        BeginFailures();
        for (long events = 0; _ahead + _open > 0; events++)
        {
            _events.TryDequeue(out SimulatedEvent next, out (long Time, long Number) at);
            _now = at.Time;
            Happen(next);
            if ((events & 0xFFFF) != 0)
                continue;
            progress?.Invoke(_tally.Ended);
            cancellation.ThrowIfCancellationRequested();
        }

        foreach (SimulatedReplica replica in _replicas)
            replica.Close(_tally.LastEnd);
        return _tally.Outcome(_trace, _plan, _replicas);
    }

    private void At(long time, in SimulatedEvent what) => _events.Enqueue(what, (time, _number++));

    private void Happen(in SimulatedEvent what)
    {
        switch (what.Kind)
        {
            case EventKind.Arrival: Begin(what.Number); break;
            case EventKind.StepEnd: EndStep(_replicas[what.Number], what.Incarnation); break;
            case EventKind.Report: Report(_doors[what.Number]); break;
            case EventKind.Patience: LosePatience((SimulatedRun)what.Subject!); break;
            case EventKind.Retry: GoOn((SimulatedStream)what.Subject!); break;
            default: Fail(what); break;
        }
    }

    private void Arrive(int number, long time)
    {
        _ahead++;
        At(time + Nanoseconds(_plan.ThereSeconds), new SimulatedEvent(EventKind.Arrival, number));
    }

    private void Begin(int number)
    {
        _ahead--;
        TraceRequest request = _trace.Requests[number];
        var stream = new SimulatedStream(number, request, DoorOf(request.Conversation))
        {
            Sent = _now - Nanoseconds(_plan.ThereSeconds),
            LastNew = _now,
        };
        if (stream.Door.ReadsPages && _plan.Engine.PrefixCache)
            stream.FindPages(_plan.Engine.PageSize);
        if (TryStart(stream))
        {
            _open++;
            return;
        }

        _tally.Refuse();

        // Who is refused does not go on with his conversation.
        for (int next = request.Next; next >= 0; next = _trace.Requests[next].Next)
            _tally.LeaveOut();
    }

    /// <summary>The door of a conversation: clients keep theirs. The cell follows from the conversation as well.</summary>
    private SimulatedDoor DoorOf(int conversation) => _doors[(int)((ulong)(uint)conversation % (ulong)_doors.Length)];

    /// <summary>Asks replicas as long as one turns the stream down.</summary>
    private bool TryStart(SimulatedStream stream)
    {
        SimulatedDoor door = stream.Door;
        _asked.Clear();
        for (int place; (place = door.Best(stream.Pages, _asked)) >= 0; _asked.Add(place))
        {
            SimulatedReplica replica = door.Cell[place];
            int incarnation = door.Send(place);
            var run = new SimulatedRun(stream, replica, incarnation, _given, _tally, stream.TokensSoFar());
            if (replica.Dead is not null || incarnation != replica.Incarnation || replica.Frozen is not null)
            {
                // Nobody answers: the door waits as long as it does, and one that is frozen finds the order when it goes on.
                Move(stream, run);
                At(_now + Nanoseconds(_plan.Silence.TotalSeconds), new SimulatedEvent(EventKind.Patience, Subject: run));
                if (replica.Frozen is not null && incarnation == replica.Incarnation)
                    replica.Add(run);
                return true;
            }

            bool isTaken = replica.TryAdd(run);
            door.Take(place, replica.Load());
            if (!isTaken)
                continue;
            Move(stream, run);
            BeginStep(replica);
            return true;
        }

        return false;
    }

    private void Move(SimulatedStream stream, SimulatedRun run)
    {
        if (stream.Run is { } left)
            _tally.Leave(stream, left);
        stream.Run = run;
    }

    private void BeginStep(SimulatedReplica replica)
    {
        if (replica.TryBegin(_now))
            At(replica.StepEnd!.Value, new SimulatedEvent(EventKind.StepEnd, replica.Number, replica.Incarnation));
    }

    private void EndStep(SimulatedReplica replica, int incarnation)
    {
        if (replica.Incarnation != incarnation || replica.StepEnd is not { } end || replica.Frozen is not null)
            return;
        if (_now < end)
        {
            // It was frozen in between.
            At(end, new SimulatedEvent(EventKind.StepEnd, replica.Number, incarnation));
            return;
        }

        replica.End();
        foreach (SimulatedRun run in _given)
        {
            if (run.Failure is { } failure)
                throw new InvalidOperationException($"Request {run.Stream.Number + 1} failed in its replica.", failure);
            if (run.Stream.Run == run)
                Give(run);
            else if (run.IsDone)
                _tally.Lose(run);
        }

        TellLoad(replica);
        _given.Clear();
        BeginStep(replica);
    }

    /// <summary>A stream's next token comes to its door.</summary>
    private void Give(SimulatedRun run)
    {
        SimulatedStream stream = run.Stream;
        if (stream.Tokens++ == 0)
            stream.First = _now;
        if (stream.IsStill)
            _tally.Still(_now - stream.LastNew);
        (stream.IsStill, stream.LastNew) = (false, _now);
        stream.FirstRun ??= run;
        if (!run.IsDone)
            return;
        _open--;
        _tally.End(stream, run, _now, Nanoseconds(_plan.BackSeconds));
        _ended?.Invoke(stream);
        if (stream.Request.Next < 0)
            return;
        TraceRequest next = _trace.Requests[stream.Request.Next];
        long answered = _now + Nanoseconds(_plan.BackSeconds);
        Arrive(stream.Request.Next, double.IsNaN(next.At) ? answered + Nanoseconds(next.Think)
            : Math.Max(answered, Nanoseconds(next.At)));
    }

    /// <summary>Each answer tells the door that gets it how busy the replica is.</summary>
    private void TellLoad(SimulatedReplica replica)
    {
        ModelReport? load = null;
        for (int i = 0; i < _given.Count; i++)
        {
            SimulatedDoor door = _given[i].Stream.Door;
            bool isTold = false;
            for (int j = 0; j < i && !isTold; j++)
                isTold = _given[j].Stream.Door == door;
            if (!isTold)
                door.Take(replica.Number % _cell, load ??= replica.Load());
        }
    }

    /// <summary>
    /// A door asks all replicas that it knows; each tells its load, and its pages unless it is in the midst of a long step.
    /// </summary>
    private void Report(SimulatedDoor door)
    {
        long look = Replica.LookTime.Ticks * TimeSpan.NanosecondsPerTick;
        long silence = Nanoseconds(_plan.Silence.TotalSeconds);
        for (int place = 0; place < door.Cell.Count; place++)
        {
            SimulatedReplica replica = door.Cell[place];
            if (replica.Answers)
            {
                if (!replica.IsUsed && replica.Incarnation == 0 && !door.IsSilent(place))
                    continue;
                bool tells = door.ReadsPages && !(replica.StepEnd > _now + look);
                ModelReport report = replica.Load();
                door.TakeAnswer(place, tells ? report with { CachedPages = replica.Summary() } : report);
            }
            else if ((replica.Dead ?? replica.Frozen) <= _now - silence)
            {
                door.Silence(place);
            }
        }

        At(_now + silence / 2, new SimulatedEvent(EventKind.Report, door.Number));
    }
}

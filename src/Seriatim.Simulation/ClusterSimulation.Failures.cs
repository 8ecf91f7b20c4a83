namespace Seriatim.Simulation;

/// <content>Replicas that are killed or frozen, and streams that go on elsewhere.</content>
internal sealed partial class ClusterSimulation
{
    private readonly Chance _failures;

    private void BeginFailures()
    {
        if (_plan.KillSeconds > 0)
            At(Nanoseconds(_failures.Exponential(_plan.KillSeconds)), new SimulatedEvent(EventKind.Kill));
        if (_plan.FreezeSeconds > 0)
            At(Nanoseconds(_failures.Exponential(_plan.FreezeSeconds)), new SimulatedEvent(EventKind.Freeze));
    }

    private void Fail(in SimulatedEvent what)
    {
        switch (what.Kind)
        {
            case EventKind.Kill:
                Kill(_replicas[_failures.Below(_replicas.Length)]);
                At(_now + Nanoseconds(_failures.Exponential(_plan.KillSeconds)), what);
                break;
            case EventKind.Freeze:
                Freeze(_replicas[_failures.Below(_replicas.Length)]);
                At(_now + Nanoseconds(_failures.Exponential(_plan.FreezeSeconds)), what);
                break;
            case EventKind.Restart:
                _replicas[what.Number].Restart(_now);
                break;
            default:
                Thaw(_replicas[what.Number], what.Incarnation);
                break;
        }
    }

    private void Kill(SimulatedReplica replica)
    {
        if (replica.Dead is not null)
            return;
        _tally.Kill();
        Miss(replica);
        foreach (SimulatedRun run in replica.Runs)
            _tally.Lose(run);
        replica.Kill(_now);
        At(_now + Nanoseconds(_plan.RestartSeconds), new SimulatedEvent(EventKind.Restart, replica.Number));
    }

    private void Freeze(SimulatedReplica replica)
    {
        if (!replica.Answers)
            return;
        _tally.Freeze();
        replica.Frozen = _now;
        Miss(replica);
        At(_now + Nanoseconds(_plan.FrozenSeconds), new SimulatedEvent(EventKind.Thaw, replica.Number, replica.Incarnation));
    }

    private void Thaw(SimulatedReplica replica, int incarnation)
    {
        if (replica.Incarnation != incarnation || replica.Frozen is not { } since)
            return;
        replica.Frozen = null;
        if (replica.StepEnd is { } end)
        {
            // What was left of the step is made now.
            replica.StepEnd = end + (_now - since);
            At(replica.StepEnd.Value, new SimulatedEvent(EventKind.StepEnd, replica.Number, incarnation));
        }

        BeginStep(replica);
    }

    /// <summary>The doors of all streams there get no more answers: each loses patience so long after the last one.</summary>
    private void Miss(SimulatedReplica replica)
    {
        long silence = Nanoseconds(_plan.Silence.TotalSeconds);
        foreach (SimulatedRun run in replica.Runs)
        {
            if (run.Stream.Run != run)
                continue;

            // A replica that has nothing new says so four times in the time that a door waits.
            long quiet = _now - run.Stream.LastNew;
            At(_now - quiet % (silence / 4) + silence, new SimulatedEvent(EventKind.Patience, Subject: run));
        }
    }

    private void LosePatience(SimulatedRun run)
    {
        SimulatedStream stream = run.Stream;
        SimulatedReplica replica = run.Replica;
        if (stream.Run != run || run.IsDone)
            return;
        if (replica.Answers && replica.Incarnation == run.Incarnation)
            return;
        stream.Door.Silence(replica.Number % _cell);
        run.IsCancelled = true;
        stream.IsStill = true;
        _tally.Resume();
        GoOn(stream);
    }

    private void GoOn(SimulatedStream stream)
    {
        if (!TryStart(stream))
            At(_now + RetryTime, new SimulatedEvent(EventKind.Retry, Subject: stream));
    }
}

namespace Seriatim.Simulation;

/// <summary>
/// A request in the engine of a replica: what comes out of the model is known, all else is the engine's own. A stream has another
/// one each time it goes on elsewhere.
/// </summary>
internal sealed class SimulatedRun : IGroupWork
{
    private readonly SequenceState _state;
    private readonly SequenceState[] _live;
    private readonly List<SimulatedRun> _given;
    private readonly Tally _tally;
    private int _left;

    /// <param name="stream">The stream.</param>
    /// <param name="replica">Where it is to run.</param>
    /// <param name="incarnation">Which of its lives the door has in mind.</param>
    /// <param name="given">Told when it has given a token.</param>
    /// <param name="tally">Told what it computed when it is cancelled: it was for nothing.</param>
    /// <param name="tokens">Prompt and tokens so far.</param>
    public SimulatedRun(SimulatedStream stream, SimulatedReplica replica, int incarnation, List<SimulatedRun> given,
        Tally tally, List<int> tokens)
    {
        (Stream, Replica, Incarnation, _given) = (stream, replica, incarnation, given);
        _tally = tally;
        _left = stream.Request.Output - stream.Tokens;
        _state = new SequenceState(0, tokens, tokens.Count);
        _live = [_state];
    }

    public SimulatedStream Stream { get; }

    public SimulatedReplica Replica { get; }

    public int Incarnation { get; }

    /// <summary>Tokens that it was begun with.</summary>
    public int PromptTokens => _state.PromptLength;

    /// <summary>Its place in the engine; null: it never came there.</summary>
    public SequenceGroup? Group { get; set; }

    public IReadOnlyList<SequenceState> Live => IsDone ? [] : _live;

    public bool IsExported => false;

    public bool IsPaused => false;

    public bool IsCancelled { get; set; }

    public bool IsDone { get; private set; }

    /// <summary>Why it failed, which a simulation does not bear; null: it did not.</summary>
    public Exception? Failure { get; private set; }

    public void Wish(WishList wishes) => wishes.Read(_state);

    public void Take(SequenceGroup group, ReadOnlySpan<PlannedSegment> segments, int first, StepRows rows)
    {
        if (!segments[0].IsEnd)
            return;
        _state.List.Add(Trace.TokenAt(Stream.Request, _state.List.Count));
        _given.Add(this);
        IsDone = --_left == 0;
    }

    public void Expire(SequenceGroup group) => IsDone = true;

    public void Cancel(SequenceGroup group)
    {
        IsDone = true;
        _tally.Lose(this);
    }

    public void Fail(Exception exception)
    {
        (IsDone, Failure) = (true, exception);
        _given.Add(this);
    }

    public void Export(SequenceGroup group) => IsDone = true;
}

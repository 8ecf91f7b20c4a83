using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <summary>
/// The sequences of one request, admitted and preempted together. Several that were preempted share what they have in common: a
/// trunk is computed first, then they fork from it, as they did when they came to be.
/// </summary>
internal sealed class SequenceGroup(long number, int priority, int width)
{
    private readonly List<Sequence> _trunk = [];
    private readonly WishList _wishes = new();

    public long Number { get; } = number;

    /// <summary>What it was given: only this takes memory from those that run.</summary>
    public int GivenPriority { get; } = priority;

    /// <summary>Grows while it waits, so that nobody waits for ever: its place in the queue, and then its protection.</summary>
    public int Priority { get; set; } = priority;

    /// <summary>Whether it is set aside until its reader has read, as it was found when the step began.</summary>
    public bool IsAside { get; set; }

    /// <summary>Most sequences it may have at a time.</summary>
    public int Width { get; } = width;

    /// <summary>What holds for its sequences.</summary>
    public SequenceTerms Terms { get; init; } = SequenceTerms.None;

    /// <summary>What decides how much each of its sequences can come to hold; without the length.</summary>
    public MemoryDemand Demand { get; init; }

    public required IGroupWork Work { get; init; }

    /// <summary>Hears what happens to it; null: nobody does.</summary>
    public Action<RequestMoment>? Watch { get; init; }

    /// <summary>Whether its sequences remember what was computed, and so hold units of memory.</summary>
    public bool Remembers { get; init; } = true;

    /// <summary>The time when it must end, if any, in ticks of the clock.</summary>
    public long? Deadline { get; init; }

    public ReadOnlyMemory<int> EncoderInput { get; init; }

    /// <summary>Ids that its tokens are chosen from; empty: all.</summary>
    public ReadOnlyMemory<int> Shortlist { get; init; }

    /// <summary>
    /// Of a request for whole targets: the encoder's output, which every pass reads again; null: it is not there (yet, or any
    /// more).
    /// </summary>
    public KeptRows? Encoded { get; set; }

    /// <summary>Whether pages may come from the prefix cache, and go there.</summary>
    public bool ReadsCache { get; init; }

    public bool WritesCache { get; init; }

    /// <summary>Which pages of the prefix cache it may share.</summary>
    public PrefixKey Variant { get; init; } = SequenceTerms.None;

    /// <summary>Speculation, if it was asked for.</summary>
    public Drafting? Drafting { get; init; }

    /// <summary>Sequences that are not finished.</summary>
    public List<Sequence> Live { get; } = [];

    /// <summary>What is computed next: the trunk, or the live sequences.</summary>
    public List<Sequence> Active => _trunk.Count > 0 ? _trunk : Live;

    /// <summary>What it wants of the next passes.</summary>
    public List<Wish> Wishes => _wishes.Items;

    /// <summary>Whether what its sequences have in common is computed before they part again.</summary>
    public bool IsTrunk => _trunk.Count > 0;

    /// <summary>The step since which it waits.</summary>
    public long WaitsSince { get; set; }

    /// <summary>Requests that were admitted while this one waited at their head.</summary>
    public int Overtaken { get; set; }

    /// <summary>The step in which it last got a chunk of its prompt computed.</summary>
    public long LastPrefill { get; set; }

    public long? FirstAdmitted { get; set; }

    public int CachedTokens { get; set; }

    public long ForwardRows { get; set; }

    public int Preemptions { get; set; }

    /// <summary>Goes before another: higher priority, then first come.</summary>
    public bool RanksBefore(SequenceGroup other) =>
        Priority != other.Priority ? Priority > other.Priority : Number < other.Number;

    /// <summary>Asks the request what it wants next. What goes wrong ends it.</summary>
    public void Refresh()
    {
        _wishes.Clear();
        if (Work.IsDone)
            return;
        if (_trunk.Count > 0)
        {
            _wishes.ReadTrunk(_trunk[0]);
            return;
        }

        try
        {
            Work.Wish(_wishes);
            _wishes.Close();
            CheckWishes();
        }
        catch (Exception exception)
        {
            Work.Fail(exception);
        }
    }

    /// <summary>
    /// Gives the states that are live their places: who was there stays, who was forked takes the memory of his origin over or
    /// shares it, and what nobody needs any more is given back.
    /// </summary>
    public void Follow()
    {
        IReadOnlyList<SequenceState> states = Work.Live;
        if (IsUnchanged(states))
            return;
        List<Sequence> before = [.. Live];
        Live.Clear();
        for (int i = 0; i < states.Count; i++)
        {
            if (states[i].Lane is null)
                Place(states, i);
            Live.Add(states[i].Lane!);
        }

        foreach (Sequence sequence in before)
        {
            if (Live.Contains(sequence))
                continue;
            sequence.Release();
            if (sequence.State is { } state)
                state.Lane = null;
        }

        foreach (SequenceState state in states)
            state.Origin = null;
    }

    /// <summary>Gives all pages back; what was computed will be computed again.</summary>
    public void Suspend()
    {
        Release();
        Preemptions++;
        GrowTrunk();
        Refresh();
    }

    /// <summary>What several sequences without memory have in common will be computed first.</summary>
    public void GrowTrunk()
    {
        if (Live.Count < 2 || !Remembers)
            return;
        int common = Live.Min(s => s.Tokens.Count) - 1;
        ReadOnlySpan<int> first = CollectionsMarshal.AsSpan(Live[0].Tokens);
        foreach (Sequence other in Live)
            common = Math.Min(common, first.CommonPrefixLength(CollectionsMarshal.AsSpan(other.Tokens)));
        _trunk.Add(new Sequence(Live[0].Id, [.. first[..common]], Live[0].PromptLength));
    }

    /// <summary>Forks the live sequences from the trunk if that is done.</summary>
    public void LeaveTrunk()
    {
        if (_trunk.Count == 0 || _trunk[0].Pending > 0)
            return;
        foreach (Sequence sequence in Live)
            sequence.ForkMemory(_trunk[0]);
        _trunk[0].Release();
        _trunk.Clear();
        Refresh();
    }

    public void Release()
    {
        ReleaseMemory();
        _trunk.Clear();
    }

    /// <summary>Gives all pages back, and stands as it did before the first of them.</summary>
    public void ReleaseMemory()
    {
        Encoded = null;
        foreach (Sequence sequence in Live)
            sequence.Release();
        foreach (Sequence sequence in _trunk)
            sequence.Release();
    }

    private bool IsUnchanged(IReadOnlyList<SequenceState> states)
    {
        if (states.Count != Live.Count)
            return false;
        for (int i = 0; i < states.Count; i++)
        {
            if (!ReferenceEquals(states[i].Lane, Live[i]))
                return false;
        }

        return true;
    }

    /// <summary>The last fork of a sequence that is no longer live takes its memory over; the others share it.</summary>
    private void Place(IReadOnlyList<SequenceState> states, int at)
    {
        SequenceState state = states[at];
        if (state.Origin?.Lane is not { } origin)
        {
            _ = new Sequence(Number, state);
            return;
        }

        bool isNeeded = origin.State is { } own && states.Contains(own);
        for (int i = at + 1; i < states.Count && !isNeeded; i++)
            isNeeded = states[i].Lane is null && ReferenceEquals(states[i].Origin?.Lane, origin);
        if (!isNeeded)
        {
            origin.Follow(state);
            return;
        }

        var fork = new Sequence(Number, state);
        if (origin.Memory is not null)
            fork.ForkMemory(origin);
    }

    /// <exception cref="InvalidOperationException">The wishes can never be fulfilled.</exception>
    private void CheckWishes()
    {
        if (_wishes.Items.Count == 0)
            throw new InvalidOperationException($"The strategy of request {Number} has live sequences and wishes for nothing.");
        foreach (Sequence sequence in Live)
            sequence.Wishes = 0;
        for (int i = 0; i < _wishes.Items.Count; i++)
        {
            Wish wish = _wishes.Items[i];
            if (wish.Sequence.Id.Request != Number)
            {
                throw new InvalidOperationException(
                    $"Request {Number} wishes for a sequence of request {wish.Sequence.Id.Request}; "
                        + "only its own live ones are allowed.");
            }

            if (++wish.Sequence.Wishes > 1)
            {
                throw new InvalidOperationException($"Request {Number} wishes twice for its sequence {wish.Sequence.Id.Index}; "
                    + "once in a step is allowed.");
            }

            if (wish.Rows < 1)
            {
                throw new InvalidOperationException($"Sequence {wish.Sequence.Id.Index} of request {Number} has no token that is "
                    + "not computed; a step appends at least one, or finishes the sequence.");
            }

            if (wish.IsWhole == Remembers)
            {
                throw new InvalidOperationException(
                    $"Request {Number} wishes to read {(wish.IsWhole ? "a whole sequence" : "on")}, "
                        + $"and its strategy says that Remembers is {Remembers}.");
            }
        }
    }
}

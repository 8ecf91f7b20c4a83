namespace Seriatim.Generation;

/// <summary>
/// The sequences of one request, admitted and preempted together. Several that were preempted share what they have in common: a
/// trunk is computed first, then they fork from it, as they did when they came to be.
/// </summary>
internal sealed class SequenceGroup(long number, int priority, int width)
{
    private readonly List<Sequence> _trunk = [];

    public long Number { get; } = number;

    public int Priority { get; } = priority;

    /// <summary>Most sequences it may have at a time.</summary>
    public int Width { get; } = width;

    /// <summary>What holds for its sequences.</summary>
    public SequenceTerms Terms { get; init; } = SequenceTerms.None;

    /// <summary>What decides how much each of its sequences can come to hold; without the length.</summary>
    public MemoryDemand Demand { get; init; }

    public required IGroupWork Work { get; init; }

    /// <summary>Time of submission and, if any, the time when it must end, in ticks of the clock.</summary>
    public long Submitted { get; init; }

    public long? Deadline { get; init; }

    public ReadOnlyMemory<int> EncoderInput { get; init; }

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

    /// <summary>Whether all live sequences take their next step in the same forward pass.</summary>
    public bool IsLockstep => Work.IsLockstep && Live.Count > 1 && _trunk.Count == 0;

    public bool IsTrunk => _trunk.Count > 0;

    public bool IsEncoding => Work.IsEncoding;

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

    /// <summary>Gives all pages back; what was computed will be computed again.</summary>
    public void Suspend()
    {
        Release();
        Preemptions++;
        if (Live.Count < 2)
            return;
        int common = Live.Min(s => s.Tokens.Count) - 1;
        ReadOnlySpan<int> first = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(Live[0].Tokens);
        foreach (Sequence other in Live)
        {
            common = Math.Min(common,
                first.CommonPrefixLength(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(other.Tokens)));
        }
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
    }

    public void Release()
    {
        foreach (Sequence sequence in Live)
            sequence.Release();
        foreach (Sequence sequence in _trunk)
            sequence.Release();
        _trunk.Clear();
    }
}

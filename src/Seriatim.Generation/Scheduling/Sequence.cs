namespace Seriatim.Generation;

/// <summary>
/// One sequence of a request in the engine: its state, and where its tokens are remembered. What is not remembered is pending:
/// the whole prompt at first, one token while decoding, everything again after a preemption.
/// </summary>
internal sealed class Sequence
{
    public Sequence(SequenceId id, List<int> tokens, int promptLength) =>
        (Id, Tokens, PromptLength) = (id, tokens, promptLength);

    public Sequence(long request, SequenceState state)
        : this(new SequenceId(request, state.Index), state.List, state.PromptLength) => Follow(state);

    public SequenceId Id { get; private set; }

    /// <summary>The state whose tokens these are; null: what several have in common.</summary>
    public SequenceState? State { get; private set; }

    /// <summary>Prompt and output.</summary>
    public List<int> Tokens { get; private set; }

    public int PromptLength { get; }

    public SequenceMemory? Memory { get; private set; }

    /// <summary>Where the sequence stands in the prefix cache.</summary>
    public PrefixPosition Prefix { get; set; }

    /// <summary>Drafted tokens to be verified in the next step.</summary>
    public Draft Draft { get; } = new();

    /// <summary>Decides how much to draft; null: nothing is.</summary>
    public SpeculationControl? Speculation { get; set; }

    /// <summary>Which segment of the step under way has its rows.</summary>
    public int Segment { get; set; } = -1;

    /// <summary>How often its request wishes for it; for <see cref="SequenceGroup"/>.</summary>
    public int Wishes { get; set; }

    public int Length => Memory?.Length ?? 0;

    public int Pending => Tokens.Count - Length;

    public int NewTokens => Tokens.Count - PromptLength;

    public void Attach(SequenceMemory memory) => Memory = memory;

    /// <summary>Shares another's memory.</summary>
    public void ForkMemory(Sequence other)
    {
        Memory = other.Memory!.Fork();
        Prefix = other.Prefix;
    }

    /// <summary>Goes on as another state: one that was forked from its own, which is no longer live.</summary>
    public void Follow(SequenceState state)
    {
        if (State is not null)
            State.Lane = null;
        (State, Tokens, Id) = (state, state.List, Id with { Index = state.Index });
        state.Lane = this;
    }

    public void Release()
    {
        Memory?.Dispose();
        (Memory, Prefix) = (null, default);
        Draft.Clear();
    }
}

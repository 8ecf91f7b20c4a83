namespace Seriatim.Generation;

/// <summary>
/// One sequence of a request: its tokens, and how many of them are in memory. What is not is pending: the whole prompt at first,
/// one token while decoding, everything again after a preemption.
/// </summary>
internal sealed class Sequence(SequenceId id, List<int> tokens, int promptLength)
{
    public SequenceId Id { get; } = id;

    /// <summary>Prompt and output.</summary>
    public List<int> Tokens { get; } = tokens;

    public int PromptLength { get; } = promptLength;

    public SequenceMemory? Memory { get; private set; }

    /// <summary>Where the sequence stands in the prefix cache.</summary>
    public PrefixPosition Prefix { get; set; }

    /// <summary>What chooses its tokens; null: nothing does (an encoder's input, a trunk).</summary>
    public SamplerChain? Sampler { get; set; }

    public TextStream? Text { get; set; }

    public List<TokenLogprobs>? Logprobs { get; set; }

    /// <summary>Sum of the log-probabilities, where they are asked for.</summary>
    public double LogprobSum { get; set; }

    /// <summary>Beam search: running sum of scores.</summary>
    public double Score { get; set; }

    public FinishReason? Finish { get; set; }

    /// <summary>Drafted tokens to be verified in the next step.</summary>
    public Draft Draft { get; } = new();

    /// <summary>Decides how much to draft; null: nothing is.</summary>
    public SpeculationControl? Speculation { get; set; }

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

    /// <summary>A copy that goes its own way.</summary>
    public Sequence Fork(int index)
    {
        var fork = new Sequence(Id with { Index = index }, [.. Tokens], PromptLength)
        {
            Sampler = Sampler?.Copy(),
            Score = Score,
            Logprobs = Logprobs is null ? null : [.. Logprobs],
        };
        fork.ForkMemory(this);
        return fork;
    }

    public void Release()
    {
        Memory?.Dispose();
        (Memory, Prefix) = (null, default);
        Draft.Clear();
    }
}

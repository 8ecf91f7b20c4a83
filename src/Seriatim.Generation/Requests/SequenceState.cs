namespace Seriatim.Generation;

/// <summary>One continuation of a request as it stands between two steps: part of <see cref="RequestState"/>.</summary>
public sealed class SequenceState
{
    internal SequenceState(int index, List<int> tokens, int promptLength) =>
        (Index, List, PromptLength) = (index, tokens, promptLength);

    /// <summary>Its number within the request, from 0: part of the key of its random numbers.</summary>
    public int Index { get; internal set; }

    /// <summary>Prompt and output.</summary>
    public IReadOnlyList<int> Tokens => List;

    /// <summary>How many of the tokens are the prompt.</summary>
    public int PromptLength { get; }

    /// <summary>New tokens so far; the step of its random numbers.</summary>
    public int NewTokens => List.Count - PromptLength;

    /// <summary>A number of the strategy's: beams, the sum of their scores, and once finished over length^penalty.</summary>
    public double Score { get; set; }

    /// <summary>A number of the strategy's: beams, the group they are chosen in.</summary>
    public int Group { get; set; }

    /// <summary>Sum of the log-probabilities of the new tokens, where they are asked for.</summary>
    public double LogprobSum { get; internal set; }

    /// <summary>Log-probabilities of the new tokens, where they are asked for.</summary>
    public IReadOnlyList<TokenLogprobs>? Logprobs => Scores;

    /// <summary>Why it ended; null: it has not.</summary>
    public FinishReason? Finish { get; internal set; }

    /// <summary>Text that came out so far, whole once it is finished.</summary>
    public string Text => FinishedText ?? Stream?.All ?? "";

    internal List<int> List { get; }

    internal List<TokenLogprobs>? Scores { get; set; }

    internal string? FinishedText { get; set; }

    /// <summary>The processors with what they remember of this sequence.</summary>
    internal SamplerChain? Sampler { get; set; }

    /// <summary>What processors remembered where it was before; what they do not tell follows from the tokens.</summary>
    internal IReadOnlyDictionary<string, byte[]> SavedSampler { get; set; } = new Dictionary<string, byte[]>();

    /// <summary>Makes its text; follows from the tokens.</summary>
    internal TextStream? Stream { get; set; }

    /// <summary>The sequence it was forked from in this step.</summary>
    internal SequenceState? Origin { get; set; }

    /// <summary>Where its memory is while an engine runs it; no part of the value.</summary>
    internal Sequence? Lane { get; set; }

    /// <summary>
    /// A copy for another request, perhaps in another engine: without the processors, which may use scratch space
    /// together, and with what they would save.
    /// </summary>
    internal SequenceState CopyAlone()
    {
        IReadOnlyDictionary<string, byte[]> saved = Sampler?.Save() ?? SavedSampler;
        SequenceState copy = Copy(Index, null);
        copy.SavedSampler = saved;
        return copy;
    }

    /// <summary>A copy in the same request, that shares nothing that changes and has no place in an engine.</summary>
    internal SequenceState Copy(int index) => Copy(index, Sampler?.Copy());

    private SequenceState Copy(int index, SamplerChain? sampler) => new(index, [.. List], PromptLength)
    {
        Score = Score,
        Group = Group,
        LogprobSum = LogprobSum,
        Scores = Scores is null ? null : [.. Scores],
        Finish = Finish,
        FinishedText = FinishedText,
        Sampler = sampler,
        SavedSampler = SavedSampler,
        Stream = Stream?.Copy(),
    };
}

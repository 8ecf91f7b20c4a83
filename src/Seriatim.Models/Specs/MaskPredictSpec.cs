namespace Seriatim.Models;

/// <summary>
/// What a model that fills in masked tokens of a whole target (Ghazvininejad et al., 2019: Mask-Predict) has beside its
/// stacks, and
/// the rules it was made for.
/// </summary>
/// <param name="MaskId">The id of a token that is not known yet.</param>
/// <param name="Length">How the length of a target is found.</param>
public sealed record MaskPredictSpec(int MaskId, LengthSpec Length)
{
    /// <summary>What targets lie between; null: every token is predicted.</summary>
    public TargetFrame? Frame { get; init; }

    /// <summary>Whether every pass masks at least one token, however few its share would be.</summary>
    public bool AlwaysMasks { get; init; }

    /// <summary>Whether a place is masked also because the mask's id was predicted there.</summary>
    public bool MasksPredictedMasks { get; init; }

    /// <summary>Factor of the loss of the length where the loss of the tokens is a mean; null: both are sums.</summary>
    public float? LengthLossFactor { get; init; }

    /// <summary>Tokens of a target that are predicted.</summary>
    /// <param name="length">Its length.</param>
    public int Predicted(int length) => length - (Frame is null ? 0 : 2);

    /// <summary>Position of the first of them.</summary>
    public int First => Frame is null ? 0 : 1;

    /// <summary>
    /// How many of them a pass masks: <c>floor(n (T - t) / T)</c>, in integers.
    /// </summary>
    /// <param name="length">Length of the target.</param>
    /// <param name="pass">t, the passes before it.</param>
    /// <param name="passes">T.</param>
    public int MaskedIn(int length, int pass, int passes)
    {
        int count = (int)((long)Predicted(length) * (passes - pass) / passes);
        return AlwaysMasks ? Math.Max(1, count) : count;
    }
}

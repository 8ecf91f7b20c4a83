namespace Seriatim.Tensors;

/// <summary>What a router makes of its logits.</summary>
public enum ExpertScore
{
    /// <summary>The softmax over all experts.</summary>
    Softmax,

    /// <summary>Each logit by itself: <c>σ(x)</c>.</summary>
    Sigmoid,
}

/// <summary>
/// How rows are routed to experts: <c>p</c> of the logits, the best k by <c>p + bias</c> within the best groups,
/// <c>w = scale · p</c> or <c>scale · p / (Σ_chosen p + ε)</c>, times a learned factor of each expert.
/// </summary>
/// <param name="PerToken">Experts of each row, k.</param>
public sealed record ExpertRule(int PerToken)
{
    /// <summary>What is made of the logits.</summary>
    public ExpertScore Score { get; init; }

    /// <summary>Whether the weights of the chosen ones are divided by their sum.</summary>
    public bool Renormalise { get; init; }

    /// <summary>Added to that sum.</summary>
    public double Epsilon { get; init; }

    /// <summary>Factor of all weights.</summary>
    public float Scale { get; init; } = 1;

    /// <summary>
    /// Added to the scores where experts are chosen, and nowhere else, <c>[1, experts]</c> (DeepSeek-AI, 2024: V3, equation 16);
    /// no gradient reaches it. Null: nothing is.
    /// </summary>
    public Parameter? ChoiceBias { get; init; }

    /// <summary>A learned factor of each expert's weight, <c>[1, experts]</c>; null: none.</summary>
    public Parameter? ExpertFactors { get; init; }

    /// <summary>
    /// Groups of neighbours that experts are in (DeepSeek-AI, 2024: V2, section 2.2.2); 1: there are none.
    /// </summary>
    public int Groups { get; init; } = 1;

    /// <summary>Groups that experts of a row may be of: those of the best.</summary>
    public int GroupsPerToken { get; init; } = 1;

    /// <summary>Whether a group is as good as the sum of its two best experts, and not as its best.</summary>
    public bool GroupsByTwo { get; init; }
}

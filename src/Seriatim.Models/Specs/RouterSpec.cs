namespace Seriatim.Models;

/// <summary>How a router chooses experts and weighs them; what is built of it is an <see cref="ExpertRule"/>.</summary>
/// <param name="PerToken">Experts of each row, k.</param>
/// <param name="Renormalise">Whether the weights of the chosen ones are divided by their sum.</param>
public sealed record RouterSpec(int PerToken, bool Renormalise)
{
    /// <summary>What is made of the logits: their softmax over all experts, or the sigmoid of each.</summary>
    public ExpertScore Score { get; init; }

    /// <summary>Whether the router's linear layer has a bias.</summary>
    public bool Bias { get; init; }

    /// <summary>Whether scores get a stored bias where experts are chosen, and nowhere else (DeepSeek-V3).</summary>
    public bool ChoiceBias { get; init; }

    /// <summary>Whether each expert's weight has a learned factor.</summary>
    public bool ExpertFactors { get; init; }

    /// <summary>Added to the sum that weights are divided by.</summary>
    public double Epsilon { get; init; }

    /// <summary>Factor of all weights.</summary>
    public float Scale { get; init; } = 1;

    /// <summary>Groups of neighbours that experts are in; 1: none.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Groups that experts of a row may be of.</summary>
    public int GroupsPerToken { get; init; } = 1;

    /// <summary>Whether a group is as good as the sum of its two best experts, and not as its best.</summary>
    public bool GroupsByTwo { get; init; }

    /// <summary>Whether weights multiply what an expert reads instead of what it makes (Llama 4).</summary>
    public bool OnInput { get; init; }

    /// <summary>A norm of what the router reads; null: none.</summary>
    public NormSpec? Norm { get; init; }

    /// <summary>Factor of what the router reads.</summary>
    public float InputScale { get; init; } = 1;
}

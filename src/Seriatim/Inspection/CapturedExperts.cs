namespace Seriatim.Inspection;

/// <summary>Where a row of a mixture of experts went.</summary>
public sealed record CapturedExperts
{
    internal CapturedExperts(
        CapturePlace place, int position, IReadOnlyList<int> experts, IReadOnlyList<float> weights,
        IReadOnlyList<float> scores) =>
        (Place, Position, Experts, Weights, Scores) = (place, position, experts, weights, scores);

    /// <summary>Where.</summary>
    public CapturePlace Place { get; }

    /// <summary>Position of the row.</summary>
    public int Position { get; }

    /// <summary>The experts, by number.</summary>
    public IReadOnlyList<int> Experts { get; }

    /// <summary>The weight of each.</summary>
    public IReadOnlyList<float> Weights { get; }

    /// <summary>The router's logits of all experts.</summary>
    public IReadOnlyList<float> Scores { get; }
}

namespace Seriatim;

/// <summary>A class and how probable it is.</summary>
public sealed record ClassProbability
{
    /// <summary>Its number in the model.</summary>
    public required int Index { get; init; }

    /// <summary>Its name in the model's config, or <c>LABEL_n</c>.</summary>
    public required string Label { get; init; }

    /// <summary>Its probability.</summary>
    public required double Probability { get; init; }
}

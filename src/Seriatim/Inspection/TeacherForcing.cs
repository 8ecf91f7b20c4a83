namespace Seriatim.Inspection;

/// <summary>
/// A text as training sees it: all positions at once, each predicting what is right, whatever the model would say.
/// </summary>
public sealed record TeacherForcing
{
    /// <summary>What the model reads: the text, with masks where it has to fill in.</summary>
    public required IReadOnlyList<TextToken> Read { get; init; }

    /// <summary>Loss by position.</summary>
    public required IReadOnlyList<TokenLoss> Losses { get; init; }

    /// <summary>Their mean, in nats.</summary>
    public double Mean => Losses.Average(loss => loss.Loss);

    /// <summary>The mean that the backward pass began with, as the training op computes it.</summary>
    public required double? TrainedLoss { get; init; }

    /// <summary>The gradient's norm by matrix, in the order of the model; empty if there is none.</summary>
    public required IReadOnlyList<GradientNorm> Gradients { get; init; }

    /// <summary>Why there are no gradients; null: there are.</summary>
    public required string? NoGradients { get; init; }

    /// <summary>The norm of the whole gradient.</summary>
    public double GradientNorm => Math.Sqrt(Gradients.Sum(one => one.Norm * one.Norm));
}

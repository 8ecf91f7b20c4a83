namespace Seriatim.Inspection;

/// <summary>What a position costs in training.</summary>
public sealed record TokenLoss
{
    internal TokenLoss(int position, TextToken label, double loss) =>
        (Position, Label, Loss) = (position, label, loss);

    /// <summary>Position of the row that predicts.</summary>
    public int Position { get; }

    /// <summary>The token it should predict.</summary>
    public TextToken Label { get; }

    /// <summary>Minus the logarithm of the probability it gives to that.</summary>
    public double Loss { get; }
}

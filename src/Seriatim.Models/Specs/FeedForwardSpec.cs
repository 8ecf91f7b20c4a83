namespace Seriatim.Models;

/// <summary>What happens to each row by itself.</summary>
public abstract record FeedForwardSpec
{
    private FeedForwardSpec()
    {
    }

    /// <summary><c>down(f(up(x)))</c>.</summary>
    /// <param name="Width">Features in the middle, F.</param>
    /// <param name="Activation">f.</param>
    /// <param name="Bias">Whether both layers have a bias.</param>
    public sealed record Dense(int Width, Activation Activation, bool Bias) : FeedForwardSpec;

    /// <summary><c>down(f(gate(x)) · up(x))</c> (Shazeer, 2020).</summary>
    /// <param name="Width">Features in the middle, F.</param>
    /// <param name="Activation">f.</param>
    /// <param name="Bias">Whether the three layers have a bias.</param>
    public sealed record Gated(int Width, Activation Activation, bool Bias) : FeedForwardSpec;

    /// <summary>The weighted sum of the best few of many gated layers, chosen for each row by a router (Shazeer et al., 2017).</summary>
    /// <param name="Count">Number of experts.</param>
    /// <param name="PerToken">Experts of each row.</param>
    /// <param name="Renormalise">Whether the weights of the chosen ones are divided by their sum.</param>
    /// <param name="Expert">The shape of one expert.</param>
    public sealed record Experts(int Count, int PerToken, bool Renormalise, Gated Expert) : FeedForwardSpec;
}

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
    public sealed record Gated(int Width, Activation Activation, bool Bias) : FeedForwardSpec
    {
        /// <summary>If above 0, <c>gate(x)</c> is cut off above this, and <c>up(x)</c> at both sides (gpt-oss).</summary>
        public float Limit { get; init; }

        /// <summary>Added to <c>up(x)</c> after that.</summary>
        public float UpTerm { get; init; }

        /// <summary>Factor of <c>gate(x)</c> before f (Falcon-H1).</summary>
        public float GateScale { get; init; } = 1;

        /// <summary>Factor of what the layer makes.</summary>
        public float OutputScale { get; init; } = 1;
    }

    /// <summary>
    /// The weighted sum of the best few of many gated layers, chosen for each row by a router (Shazeer et al., 2017).
    /// </summary>
    /// <param name="Count">Number of experts.</param>
    /// <param name="Router">How they are chosen and weighed.</param>
    /// <param name="Expert">The shape of one expert.</param>
    public sealed record Experts(int Count, RouterSpec Router, Gated Expert) : FeedForwardSpec
    {
        /// <summary>Experts whose weights are the softmax of the router, which is the usual way.</summary>
        /// <param name="count">Number of experts.</param>
        /// <param name="perToken">Experts of each row.</param>
        /// <param name="renormalise">Whether the weights of the chosen ones are divided by their sum.</param>
        /// <param name="expert">The shape of one expert.</param>
        public Experts(int count, int perToken, bool renormalise, Gated expert)
            : this(count, new RouterSpec(perToken, renormalise), expert)
        {
        }

        /// <summary>A layer that all rows go through besides, whose result is added; null: none.</summary>
        public Gated? Shared { get; init; }

        /// <summary>Whether that result is weighed by the sigmoid of a linear layer of one output.</summary>
        public bool SharedGate { get; init; }

        /// <summary>Experts of each row.</summary>
        public int PerToken => Router.PerToken;
    }

    /// <summary>
    /// <c>norm(dense(x)) + norm'(experts(norm''(r)))</c> with r the residual stream, which the router reads too. For layers with
    /// norms around their parts.
    /// </summary>
    /// <param name="Inner">What all rows go through.</param>
    /// <param name="Mixture">The mixture.</param>
    /// <param name="Norm">The three norms.</param>
    public sealed record Beside(Gated Inner, Experts Mixture, NormSpec Norm) : FeedForwardSpec;
}

namespace Seriatim.Models;

/// <summary>How rows of a sequence exchange information.</summary>
public abstract record MixerSpec
{
    private MixerSpec()
    {
    }

    /// <summary>Multi-head attention (Vaswani et al., 2017), with fewer key/value heads if wanted (Ainslie et al., 2023: GQA).</summary>
    /// <param name="Heads">Query heads, H.</param>
    /// <param name="KeyValueHeads">Key/value heads, K.</param>
    /// <param name="HeadDim">Features of a head, D.</param>
    /// <param name="Scale">Factor of the scores.</param>
    public sealed record Attention(int Heads, int KeyValueHeads, int HeadDim, float Scale) : MixerSpec
    {
        /// <summary>If above 0, a query sees only the last so many keys.</summary>
        public int Window { get; init; }

        /// <summary>If above 0, scores are soft-capped.</summary>
        public float SoftCap { get; init; }

        /// <summary>Whether the projections of queries, keys and values have a bias.</summary>
        public bool InputBias { get; init; }

        /// <summary>Whether the output projection has a bias.</summary>
        public bool OutputBias { get; init; }

        /// <summary>What the scores know of positions: none, rotary, relative bias or ALiBi.</summary>
        public PositionSpec Position { get; init; } = new PositionSpec.None();
    }
}

namespace Seriatim.Models;

/// <summary>How rows of a sequence exchange information.</summary>
public abstract record MixerSpec
{
    private MixerSpec()
    {
    }

    /// <summary>Multiply-adds of its linear layers for one row.</summary>
    /// <param name="width">Features of a row, E.</param>
    public abstract double LinearProducts(int width);

    /// <summary>Multiply-adds between the rows of a whole sequence, and of their states.</summary>
    /// <param name="segment">The sequence.</param>
    public abstract double MixingProducts(Segment segment);

    /// <summary>
    /// Multi-head attention (Vaswani et al., 2017), with fewer key/value heads if wanted (Ainslie et al., 2023: GQA).
    /// </summary>
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

        /// <inheritdoc/>
        public override double LinearProducts(int width) => 2.0 * width * HeadDim * (Heads + KeyValueHeads);

        /// <inheritdoc/>
        public override double MixingProducts(Segment segment) => 2.0 * Heads * HeadDim * Pairs(segment);

        private double Pairs(Segment segment)
        {
            double rows = segment.Rows;
            if (segment.Visibility == Visibility.Full)
                return rows * rows;
            double near = Window > 0 ? Math.Min(Window, rows) : rows;
            return near * (near + 1) / 2 + (rows - near) * near;
        }
    }

    /// <summary>
    /// A gated linear recurrence (Feng et al., 2024: minGRU) with an output gate:
    /// <c>h_t = (1 - σ(z_t)) h_(t-1) + σ(z_t) v_t</c>, then <c>o(h · silu(gate))</c>; z, v and gate are linear layers of x
    /// without bias. What it remembers of a sequence has the same size however long that gets. For causal stacks.
    /// </summary>
    /// <param name="Width">Features of the state.</param>
    public sealed record GatedRecurrence(int Width) : MixerSpec
    {
        /// <inheritdoc/>
        public override double LinearProducts(int width) => 4.0 * width * Width;

        /// <inheritdoc/>
        public override double MixingProducts(Segment segment) => (double)segment.Rows * Width;
    }
}

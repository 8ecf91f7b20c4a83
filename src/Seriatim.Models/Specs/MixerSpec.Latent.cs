namespace Seriatim.Models;

public abstract partial record MixerSpec
{
    /// <summary>
    /// Multi-head latent attention (DeepSeek-AI, 2024: DeepSeek-V2, section 2.1): keys and values of all heads are linear layers
    /// of one normed latent of a row, beside which a part of the keys turns with the position, one for all heads. A sequence
    /// remembers the latent and that part alone: <c>R + P</c> numbers a row. Queries go through the layer of the keys instead of
    /// the latents, and what is added up through that of the values afterwards (the absorbed form), whether there is a memory
    /// or not (docs/decisions/039-latent-attention.md).
    /// </summary>
    /// <param name="Heads">Heads, H.</param>
    /// <param name="KeyDim">Features of a key that do not turn.</param>
    /// <param name="ValueDim">Features of a value.</param>
    /// <param name="Rank">Features of the latent, R.</param>
    /// <param name="Scale">Factor of the scores.</param>
    /// <param name="Position">How the other features of a key turn: all P of them.</param>
    public sealed record Latent(int Heads, int KeyDim, int ValueDim, int Rank, float Scale, PositionSpec.Rope Position)
        : MixerSpec
    {
        /// <summary>Features that queries are made of, normed; null: they are made of the row itself.</summary>
        public int? QueryRank { get; init; }

        /// <summary>
        /// Whether the layers that make the latent, the part that turns and what queries are made of have a bias, and the layer
        /// out. Queries that are made of the row itself have none.
        /// </summary>
        public bool Bias { get; init; }

        /// <summary>Of the norms of the latent, and of what queries are made of.</summary>
        public float Epsilon { get; init; } = 1e-6f;

        /// <summary>Features of a key that turn, P.</summary>
        public int TurnDim => Position.RotaryDim;

        /// <inheritdoc/>
        public override string InWords =>
            $"{Heads} heads of {KeyDim} + {TurnDim}, values of {ValueDim}, from latents of {Rank:N0} + {TurnDim}";

        internal override PositionSpec.Rope? Turning => Position;

        internal override IReadOnlyList<string> LayerTypes => ["full_attention", "attention"];

        internal override IEnumerable<double> Numbers => Position.Scaling is RopeScaling.LongRope rope
            ? [.. rope.ShortFactors, .. rope.LongFactors]
            : [];

        internal override bool Serves(Visibility visibility) => true;

        /// <inheritdoc/>
        public override double LinearProducts(int width)
        {
            double queries = (double)Heads * (KeyDim + TurnDim);
            double made = QueryRank is { } rank ? rank * (width + queries) : width * queries;
            return made + (double)width * (Rank + TurnDim) + (double)Heads * Rank * (KeyDim + ValueDim)
                + (double)width * Heads * ValueDim;
        }

        /// <inheritdoc/>
        public override double MixingProducts(Segment segment)
        {
            double rows = segment.Rows;
            double pairs = segment.Visibility == Visibility.Full ? rows * rows : rows * (rows + 1) / 2;
            return 2.0 * Heads * (Rank + TurnDim) * pairs;
        }

        internal override MemoryKind Remembers() => new MemoryKind.Latents(Rank + TurnDim);

        internal override Mixer Build(in MixerPart part) => new LatentLayer(part.At("attention"), this, part.Width, part.Place);
    }
}

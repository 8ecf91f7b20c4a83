namespace Seriatim.Models;

public abstract partial record MixerSpec
{
    /// <summary>
    /// Attention to keys and values that were projected along the sequence to a fixed number of rows (Wang et al., 2020:
    /// Linformer). Work grows with the length; the length has a limit. For encoders.
    /// </summary>
    /// <param name="Heads">Heads, H.</param>
    /// <param name="HeadDim">Features of a head, D.</param>
    /// <param name="Scale">Factor of the scores.</param>
    /// <param name="Length">Most rows of a sequence, L; shorter ones read the first rows of the projections.</param>
    /// <param name="Rank">Rows that keys and values are projected to, R.</param>
    public sealed record LowRank(int Heads, int HeadDim, float Scale, int Length, int Rank) : MixerSpec
    {
        /// <summary>Whether values are the keys, and projected alike.</summary>
        public bool SharesKeys { get; init; }

        /// <summary>Whether all heads have the keys and values of one.</summary>
        public bool OneKeyHead { get; init; }

        private int KeyHeads => OneKeyHead ? 1 : Heads;

        internal override bool Serves(Visibility visibility) => visibility == Visibility.Full;

        /// <inheritdoc/>
        public override double LinearProducts(int width) =>
            (double)width * HeadDim * (2 * Heads + (SharesKeys ? 1 : 2) * KeyHeads);

        /// <inheritdoc/>
        public override double MixingProducts(Segment segment) =>
            (double)segment.Rows * Rank * HeadDim * (2 * Heads + (SharesKeys ? 1 : 2) * KeyHeads);

        /// <inheritdoc/>
        public override string InWords =>
            $"{Heads} heads of {HeadDim}, {KeyHeads} key/value heads projected from up to {Length:N0} rows to {Rank:N0}";

        internal override MemoryKind? Remembers() => null;

        internal override Mixer Build(in MixerPart part) => new LowRankLayer(part.At("attention"), this, part.Width);
    }
}

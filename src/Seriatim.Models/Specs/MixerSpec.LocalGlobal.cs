namespace Seriatim.Models;

public abstract partial record MixerSpec
{
    /// <summary>
    /// Attention of each row to a window around it and to global tokens, which see all rows, with projections of their own
    /// (Beltagy et al., 2020: Longformer). Work grows with the length times the window. For encoders.
    /// </summary>
    /// <param name="Heads">Heads, H.</param>
    /// <param name="HeadDim">Features of a head, D.</param>
    /// <param name="Scale">Factor of the scores.</param>
    /// <param name="Window">Rows that a row sees besides itself: half of them on each side; even.</param>
    public sealed record LocalGlobal(int Heads, int HeadDim, float Scale, int Window) : MixerSpec
    {
        /// <summary>
        /// Distance between the rows of a head's window, for each head (section 3.1, dilated sliding window); empty: 1.
        /// </summary>
        public IReadOnlyList<int> Dilations { get; init; } = [];

        internal override IEnumerable<double> Numbers => Dilations.Select(dilation => (double)dilation);

        internal override bool Serves(Visibility visibility) => visibility == Visibility.Full;

        /// <inheritdoc/>
        public override double LinearProducts(int width) => 4.0 * width * HeadDim * Heads;

        /// <inheritdoc/>
        public override double MixingProducts(Segment segment)
        {
            double seen = Math.Min(segment.Rows, Window + 1 + segment.Pattern.Globals.Count);
            return 2.0 * Heads * HeadDim * segment.Rows * (seen + segment.Pattern.Globals.Count);
        }

        /// <inheritdoc/>
        public override string InWords
        {
            get
            {
                string dilated = Dilations.Any(d => d != 1) ? $", dilated by {string.Join(", ", Dilations)}" : "";
                return $"{Heads} heads of {HeadDim}, window of {Window:N0}{dilated} and global tokens";
            }
        }

        internal override PatternParts Reads(SparsePattern pattern, int rows) => PatternParts.Globals;

        internal override MemoryKind? Remembers() => null;

        internal override Mixer Build(in MixerPart part) => new LocalGlobalLayer(part.At("attention"), this, part.Width);

        /// <summary>Compares lists by what is in them.</summary>
        public bool Equals(LocalGlobal? other) => other is not null && (Heads, HeadDim, Scale, Window)
            == (other.Heads, other.HeadDim, other.Scale, other.Window) && Dilations.SequenceEqual(other.Dilations);

        /// <inheritdoc/>
        public override int GetHashCode() => HashCode.Combine(Heads, HeadDim, Scale, Window, Dilations.Count);
    }
}

namespace Seriatim.Models;

public abstract partial record MixerSpec
{
    /// <summary>
    /// Attention between blocks of rows: each block sees itself, its neighbours, the first and the last block, and some at
    /// random; the first and the last see all (Zaheer et al., 2020: BigBird). A sequence that is so short that this would
    /// save nothing has all pairs, as in the original. For encoders.
    /// </summary>
    /// <param name="Heads">Heads, H.</param>
    /// <param name="HeadDim">Features of a head, D.</param>
    /// <param name="Scale">Factor of the scores.</param>
    /// <param name="BlockSize">Rows of a block.</param>
    /// <param name="RandomBlocks">Blocks that each block sees at random, R.</param>
    public sealed record BlockSparse(int Heads, int HeadDim, float Scale, int BlockSize, int RandomBlocks) : MixerSpec
    {
        /// <summary>
        /// Number of the layer: what its random blocks are drawn by, and where they stand in a plan that is given.
        /// </summary>
        public int Layer { get; init; }

        /// <summary>Whether the projections of queries, keys and values have a bias.</summary>
        public bool InputBias { get; init; } = true;

        /// <summary>Whether the output projection has a bias.</summary>
        public bool OutputBias { get; init; } = true;

        /// <summary>Up to so many rows all pairs are seen: more than the blocks of a middle block hold.</summary>
        public long FullLength => (5 + 2L * RandomBlocks) * BlockSize;

        internal override bool Serves(Visibility visibility) => visibility == Visibility.Full;

        /// <inheritdoc/>
        public override double LinearProducts(int width) => 4.0 * width * HeadDim * Heads;

        /// <inheritdoc/>
        public override double MixingProducts(Segment segment)
        {
            double rows = segment.Rows;
            double pairs = rows <= FullLength ? rows * rows : rows * (5 + RandomBlocks) * BlockSize + 2.0 * BlockSize * rows;
            return 2.0 * Heads * HeadDim * pairs;
        }

        /// <inheritdoc/>
        public override string InWords =>
            $"{Heads} heads of {HeadDim}, blocks of {BlockSize:N0} with {RandomBlocks} at random, all pairs up to "
                + $"{FullLength:N0} rows";

        internal override PatternParts Reads(SparsePattern pattern, int rows)
        {
            if (pattern.Blocks is not { } plan)
                return PatternParts.Blocks;
            if (Layer >= plan.Layers.Count || plan.Layers[Layer].Length != Heads)
            {
                throw new ArgumentException(
                    $"The plan of blocks has {plan.Layers.Count} layers of {plan.Layers[0].Length} heads; layer {Layer} with " +
                    $"{Heads} heads needs its own.");
            }

            if ((long)plan.Blocks * BlockSize < rows)
            {
                throw new ArgumentException(
                    $"The plan has {plan.Blocks} blocks of {BlockSize} rows; the sequence has {rows} rows and needs " +
                    $"{(rows + BlockSize - 1) / BlockSize}.");
            }

            return PatternParts.Blocks;
        }

        internal override MemoryKind? Remembers() => null;

        internal override Mixer Build(in MixerPart part) => new BlockSparseLayer(part.At("attention"), this, part.Width);
    }
}

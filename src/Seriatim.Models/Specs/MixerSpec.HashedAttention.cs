namespace Seriatim.Models;

public abstract partial record MixerSpec
{
    /// <summary>
    /// Attention whose queries are their own keys and see those that hash into the same buckets (Kitaev et al., 2020: Reformer,
    /// section 2): rows are sorted by bucket and position, round after round, cut into chunks, and each sees its own chunk and
    /// some before; the rounds are joined into one softmax. Sequences of one chunk see all of their past.
    /// </summary>
    /// <remarks>
    /// A row that comes later moves others to other chunks, so the mixer is not strictly causal although no row sees a later
    /// one: see <see cref="StackSpec.ReadsAgain"/>.
    /// </remarks>
    /// <param name="Heads">Heads, H.</param>
    /// <param name="HeadDim">Features of a head, D.</param>
    /// <param name="Rounds">Rounds of hashing, R.</param>
    /// <param name="Chunk">Rows of a chunk.</param>
    /// <param name="ChunksBefore">Chunks before its own that a row sees; those of the first chunk are the last ones.</param>
    public sealed record HashedAttention(int Heads, int HeadDim, int Rounds, int Chunk, int ChunksBefore) : MixerSpec
    {
        /// <summary>How many buckets there are.</summary>
        public required BucketRule Buckets { get; init; }

        /// <summary>
        /// Longer sequences than this are filled up to a multiple of <see cref="FillMultiple"/> by rows that nobody sees, but
        /// which take their places in the last chunks of each round.
        /// </summary>
        public required int FillAbove { get; init; }

        /// <summary>See <see cref="FillAbove"/>; a multiple of <see cref="Chunk"/>.</summary>
        public required int FillMultiple { get; init; }

        /// <summary>The seed of the directions, which follow from it by counting.</summary>
        public ulong Seed { get; init; }

        /// <summary>The directions; null: they follow from <see cref="Seed"/>.</summary>
        public HashRotations? Rotations { get; init; }

        /// <inheritdoc/>
        public override string InWords =>
            $"hashed attention of {Heads} heads of {HeadDim}, chunks of {Chunk:N0}, {Rounds} "
                + $"{(Rounds == 1 ? "round" : "rounds")}";

        internal override bool ReadsAgain => true;

        internal override IEnumerable<double> Numbers =>
        [
            .. Buckets is BucketRule.Fixed { Factors: var factors } ? factors.Select(factor => (double)factor) : [],
            .. Rotations is { } given ? given.Values.ToArray().Select(value => (double)value) : [],
        ];

        internal override bool Serves(Visibility visibility) => visibility == Visibility.Causal;

        /// <inheritdoc/>
        public override double LinearProducts(int width) => 3.0 * width * Heads * HeadDim;

        /// <inheritdoc/>
        public override double MixingProducts(Segment segment)
        {
            int filled = FilledLength(segment.Rows);
            double pairs = filled <= Chunk
                ? (double)segment.Rows * (segment.Rows + 1) / 2
                : (double)segment.Rows * Rounds * Chunk * (1 + ChunksBefore);
            double hashing = filled <= Chunk ? 0 : (double)segment.Rows * Rounds * Buckets.For(filled, Chunk).Sum() / 2;
            return Heads * HeadDim * (2 * pairs + hashing);
        }

        /// <summary>Rows of a sequence with those that fill it up.</summary>
        /// <param name="rows">Its own.</param>
        public int FilledLength(int rows) => rows <= FillAbove || rows % FillMultiple == 0
            ? rows
            : checked((rows / FillMultiple + 1) * FillMultiple);

        internal override MemoryKind? Remembers() => null;

        internal override Mixer Build(in MixerPart part) =>
            new HashedAttentionLayer(part.At("attention"), this, part.Width);
    }
}

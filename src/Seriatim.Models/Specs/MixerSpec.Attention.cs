namespace Seriatim.Models;

public abstract partial record MixerSpec
{
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

        /// <summary>
        /// If above 0, positions are cut into chunks of so many from 0 on, and a query sees the keys of its own chunk and of
        /// <see cref="ChunksBefore"/> before it, instead of a window.
        /// </summary>
        public int Chunk { get; init; }

        /// <summary>With a <see cref="Chunk"/>: chunks before its own that a query sees.</summary>
        public int ChunksBefore { get; init; }

        /// <summary>Positions that a row sees at most, its own included; 0: all.</summary>
        public int Sight => Chunk > 0 ? (int)Math.Min((1L + ChunksBefore) * Chunk, int.MaxValue) : Window;

        /// <summary>
        /// Whether a score is <c>w · tanh(q + k)</c> with a learned w of each head, instead of <c>scale · q · k</c> (Bahdanau et
        /// al., 2015). For attention to an encoder.
        /// </summary>
        public bool IsAdditive { get; init; }

        /// <summary>If above 0, scores are soft-capped.</summary>
        public float SoftCap { get; init; }

        /// <summary>
        /// If above 0, queries, keys and values are cut off at both sides where they are projected (OLMo, MPT).
        /// </summary>
        public float Limit { get; init; }

        /// <summary>A norm of queries and keys; null: none.</summary>
        public HeadNormSpec? HeadNorm { get; init; }

        /// <summary>A norm of each head of the values, without factors; null: none.</summary>
        public NormSpec? ValueNorm { get; init; }

        /// <summary>
        /// Whether the values are what the keys are before their norm and rotation; there is no projection of them.
        /// </summary>
        public bool ValuesAreKeys { get; init; }

        /// <summary>
        /// The layer whose keys and values this one reads in place of its own; null: it has its own. Both see the same kind of
        /// heads, and only the first is remembered.
        /// </summary>
        public int? KeysOf { get; init; }

        /// <summary>
        /// Whether what the heads make is multiplied by the sigmoid of a projection of its own before the output projection.
        /// </summary>
        public bool OutputGate { get; init; }

        /// <summary>Whether each head has a learned logit in its softmax that has no value (gpt-oss).</summary>
        public bool SinkLogits { get; init; }

        /// <summary>How queries grow with their position; null: not at all.</summary>
        public TemperatureSpec? Temperature { get; init; }

        /// <summary>Whether the projections of queries, keys and values have a bias.</summary>
        public bool InputBias { get; init; }

        /// <summary>Whether the output projection has a bias.</summary>
        public bool OutputBias { get; init; }

        /// <summary>What the scores know of positions: none, rotary, relative bias or ALiBi.</summary>
        public PositionSpec Position { get; init; } = new PositionSpec.None();

        /// <inheritdoc/>
        public override string InWords => $"{Heads} heads of {HeadDim}, {KeyValueHeads} key/value heads";

        internal override IEnumerable<double> Numbers =>
            Position is PositionSpec.Rope { Scaling: RopeScaling.LongRope rope }
                ? [.. rope.ShortFactors, .. rope.LongFactors]
                : [];

        internal override bool Serves(Visibility visibility) => true;

        /// <inheritdoc/>
        public override double LinearProducts(int width)
        {
            int keys = KeysOf is not null ? 0 : ValuesAreKeys ? 1 : 2;
            return 1.0 * width * HeadDim * (Heads * (OutputGate ? 3 : 2) + keys * KeyValueHeads);
        }

        /// <inheritdoc/>
        public override double MixingProducts(Segment segment) => 2.0 * Heads * HeadDim * Pairs(segment);

        internal override MemoryKind? Remembers() =>
            KeysOf is null ? new MemoryKind.Pages(KeyValueHeads, HeadDim, Sight, narrows: Chunk <= 0) : null;

        internal override PositionSpec.Rope? Turning => Position as PositionSpec.Rope;

        internal override int? MemoryOf => KeysOf;

        internal override IReadOnlyList<string> LayerTypes => Chunk > 0 ? ["chunked_attention"]
            : Window > 0 ? ["sliding_attention"] : ["full_attention", "attention"];

        internal override Mixer Build(in MixerPart part) =>
            new AttentionLayer(part.At("attention"), this, part.Width, part.Bias, part.Place)
            {
                Number = part.Number,
                IsRead = part.IsRead,
            };

        private double Pairs(Segment segment)
        {
            double rows = segment.Rows;
            if (segment.Visibility == Visibility.Full)
                return rows * rows;
            if (Chunk > 0)
                return ChunkPairs(segment.Rows);
            double near = Window > 0 ? Math.Min(Window, rows) : rows;
            return near * (near + 1) / 2 + (rows - near) * near;
        }

        private double ChunkPairs(int rows)
        {
            double pairs = 0;
            for (int row = 0; row < rows; row++)
                pairs += row + 1 - Math.Max(0, ((long)(row / Chunk) - ChunksBefore) * Chunk);
            return pairs;
        }
    }
}

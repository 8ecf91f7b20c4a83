namespace Seriatim.Models;

public abstract partial record MixerSpec
{
    /// <summary>
    /// A gated delta net (Yang et al., 2025): queries, keys and values after short convolutions, a state of each head that fades
    /// and is corrected by what it lacks, and <c>o(norm(y) · silu(z))</c>. What it remembers of a sequence has the same size
    /// however long that gets: the last inputs of the convolutions, and K x D numbers of each head. For causal stacks.
    /// </summary>
    /// <param name="Heads">Heads of values, H.</param>
    /// <param name="KeyHeads">Heads of queries and keys; a divisor of H.</param>
    /// <param name="KeyDim">Features of queries and keys of a head, K.</param>
    /// <param name="ValueDim">Features of values of a head, D.</param>
    /// <param name="Kernel">Taps of the convolutions, at least 2.</param>
    /// <param name="Epsilon">Added to the mean square of the norm of each head.</param>
    public sealed record GatedDelta(int Heads, int KeyHeads, int KeyDim, int ValueDim, int Kernel, float Epsilon) : MixerSpec
    {
        /// <summary>Added to the sum of squares that queries and keys are divided by the root of.</summary>
        public const float LengthEpsilon = 1e-6f;

        /// <summary>Features of all queries, or keys.</summary>
        public int KeyWidth => KeyHeads * KeyDim;

        /// <summary>Features of all values.</summary>
        public int ValueWidth => Heads * ValueDim;

        /// <inheritdoc/>
        public override string InWords => $"gated delta net of {Heads} heads of {KeyDim} x {ValueDim}, {KeyHeads} key heads";

        internal override IReadOnlyList<string> LayerTypes => ["linear_attention"];

        internal override bool Serves(Visibility visibility) => visibility != Visibility.Full;

        /// <inheritdoc/>
        public override double LinearProducts(int width) => (double)width * (2.0 * KeyWidth + 3.0 * ValueWidth + 2.0 * Heads);

        /// <inheritdoc/>
        public override double MixingProducts(Segment segment) =>
            (double)segment.Rows * (3.0 * ValueWidth * KeyDim + Kernel * (2.0 * KeyWidth + ValueWidth));

        internal override MemoryKind Remembers()
        {
            int keys = checked((Kernel - 1) * KeyWidth);
            return new MemoryKind.States(keys, keys, checked((Kernel - 1) * ValueWidth), checked(KeyDim * ValueWidth));
        }

        internal override Mixer Build(in MixerPart part) => new GatedDeltaLayer(part.At("delta"), this, part.Width, part.Place);
    }
}

namespace Seriatim.Models;

public abstract partial record MixerSpec
{
    /// <summary>
    /// Multi-scale retention (Sun et al., 2023: RetNet, section 2.2): queries and keys turn with their position, each head has a
    /// state of keys by values that fades by a constant of the head, and its rows are normed by themselves:
    /// <c>o(norm(retention(q, k, v)) · silu(gate))</c>. What it remembers of a sequence has the same size however long that gets.
    /// For causal stacks.
    /// </summary>
    /// <param name="Heads">Heads, H.</param>
    /// <param name="KeyDim">Features of queries and keys of a head; even.</param>
    /// <param name="ValueDim">Features of values of a head, D.</param>
    /// <param name="Epsilon">Added to the mean square of the norm of each head, which has no factors.</param>
    public sealed record Retention(int Heads, int KeyDim, int ValueDim, float Epsilon) : MixerSpec
    {
        /// <inheritdoc/>
        public override string InWords => $"retention of {Heads} heads of {KeyDim} x {ValueDim}";

        internal override bool Serves(Visibility visibility) => visibility != Visibility.Full;

        /// <inheritdoc/>
        public override double LinearProducts(int width) => (double)width * Heads * (2.0 * KeyDim + 3.0 * ValueDim);

        /// <inheritdoc/>
        public override double MixingProducts(Segment segment) => 2.0 * segment.Rows * Heads * KeyDim * ValueDim;

        internal override MemoryKind Remembers() => new MemoryKind.States(checked(Heads * KeyDim * ValueDim));

        internal override Mixer Build(in MixerPart part) =>
            new RetentionLayer(part.At("retention"), this, part.Width, part.Place);

        /// <summary>
        /// The factor of each head, <c>γ = 1 - 2^(-5-h)</c> (equation 8): exact in F32 as far as it differs from 1.
        /// </summary>
        internal float[] Factors() => [.. Enumerable.Range(0, Heads).Select(head => (float)(1 - Math.ScaleB(1, -5 - head)))];

        /// <summary>
        /// How queries and keys turn: wave i of a head's K / 2 turns by <c>10000^(-i / (K/2 - 1))</c> a position, the first by
        /// 1, the last by 1/10000 (as the authors' code has it). Rotary positions divide by K/2 instead, so the base is
        /// larger.
        /// </summary>
        internal PositionSpec.Rope Rope() => new(
            KeyDim > 2 ? PlainMath.Pow(10000, KeyDim / (KeyDim - 2.0)) : 10000, KeyDim, RopePairing.Interleaved, null);
    }
}

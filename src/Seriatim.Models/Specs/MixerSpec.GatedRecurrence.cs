namespace Seriatim.Models;

public abstract partial record MixerSpec
{
    /// <summary>
    /// A gated linear recurrence (Feng et al., 2024: minGRU) with an output gate:
    /// <c>h_t = (1 - σ(z_t)) h_(t-1) + σ(z_t) v_t</c>, then <c>o(h · silu(gate))</c>; z, v and gate are linear layers of x
    /// without bias. What it remembers of a sequence has the same size however long that gets. For causal stacks.
    /// </summary>
    /// <param name="Width">Features of the state.</param>
    public sealed record GatedRecurrence(int Width) : MixerSpec
    {
        internal override bool Serves(Visibility visibility) => visibility != Visibility.Full;

        /// <inheritdoc/>
        public override double LinearProducts(int width) => 4.0 * width * Width;

        /// <inheritdoc/>
        public override double MixingProducts(Segment segment) => (double)segment.Rows * Width;

        /// <inheritdoc/>
        public override string InWords => $"recurrence of {Width:N0}";

        internal override MemoryKind Remembers() => new MemoryKind.States(Width);

        internal override Mixer Build(in MixerPart part) =>
            new GatedRecurrenceLayer(part.At("recurrence"), this, part.Width, part.Place);
    }
}

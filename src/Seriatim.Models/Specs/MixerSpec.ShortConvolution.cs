namespace Seriatim.Models;

public abstract partial record MixerSpec
{
    /// <summary>
    /// A short convolution between two gates (Liquid AI, 2025: LFM2): <c>o(c · convolution(b · x))</c> with b, c and x linear
    /// layers of a row. What it remembers of a sequence are the last inputs of the convolution. For causal stacks.
    /// </summary>
    /// <param name="Width">Channels, W.</param>
    /// <param name="Kernel">Taps of the convolution, at least 2.</param>
    /// <param name="Bias">Whether the layers and the convolution have a bias.</param>
    public sealed record ShortConvolution(int Width, int Kernel, bool Bias) : MixerSpec
    {
        /// <inheritdoc/>
        public override string InWords => $"gated convolution of {Width:N0} channels, {Kernel} taps";

        internal override IReadOnlyList<string> LayerTypes => ["conv"];

        internal override bool Serves(Visibility visibility) => visibility != Visibility.Full;

        /// <inheritdoc/>
        public override double LinearProducts(int width) => 4.0 * width * Width;

        /// <inheritdoc/>
        public override double MixingProducts(Segment segment) => (double)segment.Rows * Width * Kernel;

        internal override MemoryKind Remembers() => new MemoryKind.States(checked((Kernel - 1) * Width));

        internal override Mixer Build(in MixerPart part) =>
            new ShortConvolutionLayer(part.At("convolution"), this, part.Width, part.Place);
    }
}

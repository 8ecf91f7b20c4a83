namespace Seriatim.Models;

public abstract partial record MixerSpec
{
    /// <summary>
    /// A selective state space layer (Gu and Dao, 2023: Mamba): <c>o(scan(f(convolution(x))) · f(z))</c>, whose steps, inputs and
    /// outputs of the scan are linear layers of what goes in. What it remembers of a sequence has the same size however long that
    /// gets: the last K - 1 inputs of the convolution, and S states of each channel. For causal stacks.
    /// </summary>
    /// <param name="Inner">Channels, C.</param>
    /// <param name="States">States of a channel, S.</param>
    /// <param name="Kernel">Taps of the convolution, K: 2 or more.</param>
    /// <param name="Rank">Features that steps are made of.</param>
    public sealed record Mamba(int Inner, int States, int Kernel, int Rank) : MixerSpec
    {
        /// <summary>The function f.</summary>
        public Activation Activation { get; init; } = Activation.Silu;

        /// <summary>Whether the layers in and out have a bias.</summary>
        public bool Bias { get; init; }

        /// <summary>Whether the convolution has a bias.</summary>
        public bool ConvolutionBias { get; init; } = true;

        /// <summary>Epsilon of the RMS norms of steps, inputs and outputs of the scan; null: there are none.</summary>
        public float? NormEpsilon { get; init; }

        /// <summary>Whether these norms have factors.</summary>
        public bool NormFactors { get; init; }

        /// <summary>The steps of a fresh layer; a forward pass does not read them.</summary>
        public StepRange Steps { get; init; } = StepRange.Usual;

        internal override MixerSpec Computed => this with { Steps = StepRange.Usual };

        /// <inheritdoc/>
        public override string InWords => $"Mamba of {Inner:N0} channels x {States} states";

        internal override bool Serves(Visibility visibility) => visibility != Visibility.Full;

        /// <inheritdoc/>
        public override double LinearProducts(int width) =>
            3.0 * width * Inner + (double)Inner * (Rank + 2 * States) + (double)Rank * Inner;

        /// <inheritdoc/>
        public override double MixingProducts(Segment segment) => (double)segment.Rows * Inner * (Kernel + 3 * States + 1);

        internal override MemoryKind Remembers() => new MemoryKind.States(
            checked((Kernel - 1) * Inner), OpsExtensions.SelectiveScanState(Inner, States));

        internal override Mixer Build(in MixerPart part) => new MambaLayer(part.At("mamba"), this, part.Width, part.Place);
    }
}

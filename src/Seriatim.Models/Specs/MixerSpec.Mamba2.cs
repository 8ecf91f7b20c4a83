namespace Seriatim.Models;

public abstract partial record MixerSpec
{
    /// <summary>
    /// A selective state space layer whose states fade by one factor of each head (Dao and Gu, 2024: Mamba-2):
    /// <c>o(norm(ssd(x, B, C, Δ) · silu(z)))</c> with x, B and C after a short convolution. What it remembers of a sequence
    /// has the same size however long that gets: the last inputs of the convolution, and D x S states of each head. For causal
    /// stacks.
    /// </summary>
    /// <param name="Heads">Heads, H.</param>
    /// <param name="HeadDim">Channels of a head, D.</param>
    /// <param name="Groups">Groups of heads that share B and C, G; a divisor of H.</param>
    /// <param name="States">States of a channel, S.</param>
    /// <param name="Kernel">Taps of the convolution, at least 2.</param>
    /// <param name="Epsilon">Added to the mean square of the norm, which goes over all channels of a row.</param>
    public sealed record Mamba2(int Heads, int HeadDim, int Groups, int States, int Kernel, float Epsilon) : MixerSpec
    {
        private readonly bool? _outputBias;

        /// <summary>What follows the convolution.</summary>
        public Activation Activation { get; init; } = Activation.Silu;

        /// <summary>Whether the linear layers in and out have a bias.</summary>
        public bool Bias { get; init; }

        /// <summary>Whether that out has one; as <see cref="Bias"/> if nothing else is said.</summary>
        public bool OutputBias
        {
            get => _outputBias ?? Bias;
            init => _outputBias = value;
        }

        /// <summary>Whether the convolution has one.</summary>
        public bool ConvolutionBias { get; init; } = true;

        /// <summary>The smallest Δ.</summary>
        public float LowestStep { get; init; }

        /// <summary>The largest Δ.</summary>
        public float HighestStep { get; init; } = float.PositiveInfinity;

        /// <summary>
        /// Channels of the norm; 0: there is none, and <c>y · silu(z)</c> goes out as it is. All channels of a row, as a rule, or
        /// those of a group.
        /// </summary>
        public int NormChannels { get; init; } = Heads * HeadDim;

        /// <summary>Whether the norm stands before the gate: <c>norm(y) · silu(z)</c>.</summary>
        public bool NormsBeforeGate { get; init; }

        /// <summary>Factors of z, x, B, C and the steps before anything else (Falcon-H1).</summary>
        public (float Z, float X, float B, float C, float Step) Scales { get; init; } = (1, 1, 1, 1, 1);

        /// <summary>The steps of a fresh layer; a forward pass does not read them.</summary>
        public StepRange Steps { get; init; } = StepRange.Usual;

        /// <summary>All channels.</summary>
        public int Inner => Heads * HeadDim;

        /// <inheritdoc/>
        public override string InWords => $"Mamba-2 of {Heads} heads of {HeadDim} x {States} states";

        internal override IReadOnlyList<string> LayerTypes => ["mamba"];

        internal override MixerSpec Computed => this with { Steps = StepRange.Usual };

        internal override bool Serves(Visibility visibility) => visibility != Visibility.Full;

        /// <inheritdoc/>
        public override double LinearProducts(int width) => (double)width * (3.0 * Inner + 2.0 * Groups * States + Heads);

        /// <inheritdoc/>
        public override double MixingProducts(Segment segment) =>
            (double)segment.Rows * (2.0 * Inner * States + Kernel * (Inner + 2.0 * Groups * States) + 2.0 * Inner);

        internal override MemoryKind Remembers()
        {
            int tail = checked((Kernel - 1) * Groups * States);
            return new MemoryKind.States(checked((Kernel - 1) * Inner), tail, tail, checked(Inner * States));
        }

        internal override Mixer Build(in MixerPart part) => new Mamba2Layer(part.At("mamba2"), this, part.Width, part.Place);
    }
}

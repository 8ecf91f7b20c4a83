namespace Seriatim.Models;

public abstract partial record MixerSpec
{
    /// <summary>
    /// A recurrence whose gates read the state before: LSTM or GRU, with the names and the gate order of <c>torch.nn.LSTM</c> and
    /// <c>torch.nn.GRU</c>. What it remembers of a sequence is its last state. It makes rows of another width than it takes,
    /// if it is asked to: it belongs into layers without a residual, or of the same width.
    /// </summary>
    /// <param name="Cell">The cell.</param>
    /// <param name="Width">Features of h, W.</param>
    public sealed record Recurrent(GatedCell Cell, int Width) : MixerSpec
    {
        /// <summary>Whether input and state have a bias each: both, since that of a GRU's state is inside its reset.</summary>
        public bool Bias { get; init; } = true;

        /// <summary>
        /// Whether a second recurrence reads the sequence from its end (Schuster and Paliwal, 1997); rows are then the states of
        /// both, <c>2W</c> features. For encoders.
        /// </summary>
        public bool Bidirectional { get; init; }

        /// <summary>What a sequence begins with; null: zeros.</summary>
        public EncoderStart? Start { get; init; }

        /// <inheritdoc/>
        public override string InWords => $"{(Bidirectional ? "bidirectional " : "")}{Name} of {Width:N0}";

        /// <summary>Features of a state: h, and c if the cell has one.</summary>
        internal int StateWidth => checked((Cell == GatedCell.Lstm ? 2 : 1) * Width);

        /// <summary>Features of all gates.</summary>
        internal int GateWidth => checked((Cell == GatedCell.Lstm ? 4 : 3) * Width);

        private int Directions => Bidirectional ? 2 : 1;

        internal override int? Makes => Directions * Width;

        /// <summary>One that goes one way reads no row it may not see, whatever the others see.</summary>
        internal override bool Serves(Visibility visibility) => !Bidirectional || visibility == Visibility.Full;

        /// <inheritdoc/>
        public override double LinearProducts(int width) => (double)Directions * GateWidth * (width + Width);

        /// <inheritdoc/>
        public override double MixingProducts(Segment segment) => (double)Directions * segment.Rows * 3 * Width;

        internal override MemoryKind? Remembers() =>
            Bidirectional ? null : new MemoryKind.States(StateWidth) { FromEncoder = Start is not null };

        internal override Mixer Build(in MixerPart part) =>
            new RecurrentLayer(part.At("recurrent"), this, part.Width, part.Place);

        private string Name => Cell == GatedCell.Lstm ? "LSTM" : "GRU";
    }
}

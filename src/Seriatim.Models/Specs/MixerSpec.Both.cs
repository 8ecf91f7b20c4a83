namespace Seriatim.Models;

public abstract partial record MixerSpec
{
    /// <summary>
    /// Two mixers side by side on the same rows: <c>a · first(a' · x) + b · second(b' · x)</c> (Zuo et al., 2025:
    /// Falcon-H1). Each remembers what it remembers.
    /// </summary>
    /// <param name="First">One mixer.</param>
    /// <param name="Second">The other.</param>
    public sealed record Both(MixerSpec First, MixerSpec Second) : MixerSpec
    {
        /// <summary>Factors of what each takes.</summary>
        public (float First, float Second) Inputs { get; init; } = (1, 1);

        /// <summary>Factors of what each makes.</summary>
        public (float First, float Second) Outputs { get; init; } = (1, 1);

        /// <inheritdoc/>
        public override string InWords => $"{First.InWords} beside {Second.InWords}";

        internal override IReadOnlyList<MixerSpec> Parts => [First, Second];

        internal override PositionSpec.Rope? Turning => First.Turning ?? Second.Turning;

        internal override MixerSpec Computed => this with { First = First.Computed, Second = Second.Computed };

        internal override IEnumerable<double> Numbers => [.. First.Numbers, .. Second.Numbers];

        internal override bool Serves(Visibility visibility) => First.Serves(visibility) && Second.Serves(visibility);

        /// <inheritdoc/>
        public override double LinearProducts(int width) => First.LinearProducts(width) + Second.LinearProducts(width);

        /// <inheritdoc/>
        public override double MixingProducts(Segment segment) =>
            First.MixingProducts(segment) + Second.MixingProducts(segment);

        internal override MemoryKind? Remembers() =>
            throw new InvalidOperationException("Its parts remember, each for itself.");

        internal override Mixer Build(in MixerPart part) => new BothLayer(
            First.Build(part with { Places = [part.Places[0]] }), Second.Build(part with { Places = [part.Places[1]] }), this);
    }
}

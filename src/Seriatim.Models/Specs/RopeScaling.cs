using System.Text.Json.Serialization;

namespace Seriatim.Models;

/// <summary>How rotary positions reach further than the model was trained for.</summary>
[JsonDerivedType(typeof(Linear), "Linear")]
[JsonDerivedType(typeof(Ntk), "Ntk")]
[JsonDerivedType(typeof(DynamicNtk), "DynamicNtk")]
[JsonDerivedType(typeof(Yarn), "Yarn")]
[JsonDerivedType(typeof(Llama3), "Llama3")]
[JsonDerivedType(typeof(LongRope), "LongRope")]
public abstract record RopeScaling
{
    private RopeScaling()
    {
    }

    /// <summary>Positions divided by a factor (Chen et al., 2023: position interpolation).</summary>
    /// <param name="Factor">At least 1.</param>
    public sealed record Linear(double Factor) : RopeScaling;

    /// <summary>
    /// A larger base, so that slow waves stretch by the factor and fast ones hardly: <c>θ · factor^(R / (R - 2))</c>
    /// ("NTK-aware", bloc97, 2023; Peng et al., 2023, section 3.1).
    /// </summary>
    /// <param name="Factor">At least 1.</param>
    public sealed record Ntk(double Factor) : RopeScaling;

    /// <summary>
    /// The base grows with the declared length L of the sequence once that exceeds the trained one:
    /// <c>θ · (factor · L / trained - (factor - 1))^(R / (R - 2))</c>.
    /// </summary>
    /// <param name="Factor">At least 1.</param>
    /// <param name="TrainedLength">Positions the model was trained with.</param>
    public sealed record DynamicNtk(double Factor, int TrainedLength) : RopeScaling;

    /// <summary>Slow waves are interpolated, fast ones left alone, and scores sharpened (Peng et al., 2023: YaRN).</summary>
    /// <param name="Factor">At least 1.</param>
    /// <param name="TrainedLength">Positions the model was trained with.</param>
    /// <param name="BetaFast">Waves with more turns than this within the trained length are left alone.</param>
    /// <param name="BetaSlow">Waves with fewer turns than this are interpolated in full.</param>
    /// <param name="AttentionFactor">Factor of cosines and sines.</param>
    public sealed record Yarn(double Factor, int TrainedLength, double BetaFast, double BetaSlow, double AttentionFactor)
        : RopeScaling
    {
        /// <summary>
        /// Whether the ramp between both kinds of waves begins and ends at whole waves; gpt-oss was trained without.
        /// </summary>
        public bool WholeWaves { get; init; } = true;

        /// <summary>
        /// The factor of cosines and sines that goes with a stretching: <c>0.1 ln(factor) + 1</c> (equation 22).
        /// </summary>
        public static double DefaultAttentionFactor(double factor) => 0.1 * PlainMath.Log(factor) + 1;
    }

    /// <summary>Waves longer than a limit are interpolated, shorter ones left alone, with a ramp between (Llama 3.1).</summary>
    /// <param name="Factor">At least 1.</param>
    /// <param name="TrainedLength">Positions the model was trained with.</param>
    /// <param name="LowFrequencyFactor">Waves longer than trained length / this are interpolated.</param>
    /// <param name="HighFrequencyFactor">Waves shorter than trained length / this are left alone.</param>
    public sealed record Llama3(double Factor, int TrainedLength, double LowFrequencyFactor, double HighFrequencyFactor)
        : RopeScaling;

    /// <summary>
    /// One searched factor for each wave; a second set serves sequences that are declared longer than the trained length (Ding et
    /// al., 2024: LongRoPE). Sets are compared by reference.
    /// </summary>
    /// <param name="ShortFactors">R/2 factors for declared lengths up to the trained one.</param>
    /// <param name="LongFactors">R/2 factors for longer ones.</param>
    /// <param name="TrainedLength">Positions the model was trained with.</param>
    /// <param name="AttentionFactor">Factor of cosines and sines; applies to both sets.</param>
    public sealed record LongRope(double[] ShortFactors, double[] LongFactors, int TrainedLength, double AttentionFactor)
        : RopeScaling;

    /// <summary>Whether two scalings turn alike: sets of factors are compared by their values.</summary>
    /// <param name="one">A scaling; null: none.</param>
    /// <param name="other">Another.</param>
    public static bool Same(RopeScaling? one, RopeScaling? other) => (one, other) switch
    {
        (LongRope a, LongRope b) =>
            a.ShortFactors.AsSpan().SequenceEqual(b.ShortFactors) && a.LongFactors.AsSpan().SequenceEqual(b.LongFactors)
                && a with { ShortFactors = b.ShortFactors, LongFactors = b.LongFactors } == b,
        _ => one == other,
    };
}

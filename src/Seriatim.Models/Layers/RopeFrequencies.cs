using System.Buffers;

namespace Seriatim.Models;

/// <summary>
/// Angles of rotary positions in double, rounded to F32 once: <c>angle = p · f_i</c> with <c>f_i = θ^(-2i/R)</c>, changed by a
/// <see cref="RopeScaling"/>. What a scaling makes of the length follows from the declared length alone.
/// </summary>
internal static class RopeFrequencies
{
    /// <summary>The R/2 frequencies of a sequence that may reach <paramref name="declaredLength"/> positions.</summary>
    public static double[] Of(PositionSpec.Rope rope, int declaredLength)
    {
        double[] frequencies = Scaled(rope, declaredLength);
        frequencies.AsSpan(frequencies.Length - rope.StillPairs).Clear();
        return frequencies;
    }

    private static double[] Scaled(PositionSpec.Rope rope, int declaredLength) => rope.Scaling switch
    {
        null => Plain(rope.Theta, rope.RotaryDim),
        RopeScaling.Linear linear => [.. Plain(rope.Theta, rope.RotaryDim).Select(f => f / linear.Factor)],
        RopeScaling.Ntk ntk => Plain(Stretched(rope, ntk.Factor), rope.RotaryDim),
        RopeScaling.DynamicNtk dynamic => Plain(Base(rope, dynamic, declaredLength), rope.RotaryDim),
        RopeScaling.Yarn yarn => Yarn(rope, yarn),
        RopeScaling.Llama3 llama => [.. Plain(rope.Theta, rope.RotaryDim).Select(f => Llama3(f, llama))],
        RopeScaling.LongRope longRope => [.. Plain(rope.Theta, rope.RotaryDim).Zip(
            declaredLength > longRope.TrainedLength ? longRope.LongFactors : longRope.ShortFactors, (f, factor) => f / factor)],
        _ => throw new NotSupportedException($"The rope scaling {rope.Scaling} is not built."),
    };

    /// <summary>The factor of cosines and sines.</summary>
    public static double AttentionFactor(PositionSpec.Rope rope) => rope.Scaling switch
    {
        RopeScaling.Yarn yarn => yarn.AttentionFactor,
        RopeScaling.LongRope longRope => longRope.AttentionFactor,
        _ => 1,
    };

    /// <summary>Whether sequences of different declared length turn differently.</summary>
    public static bool DependOnLength(PositionSpec.Rope rope) => rope.Scaling is RopeScaling.DynamicNtk or RopeScaling.LongRope;

    /// <summary>Cosines and sines of every row of a batch.</summary>
    /// <param name="device">Whose memory they are in.</param>
    /// <param name="rope">Rotary positions of the layers.</param>
    /// <param name="headDim">Features of a head, D.</param>
    /// <param name="batch">The rows.</param>
    /// <param name="positions">Position of each row, [N].</param>
    public static RopeRows Rows(Device device, PositionSpec.Rope rope, int headDim, RaggedBatch batch,
        ReadOnlySpan<int> positions)
    {
        foreach (Segment segment in batch.Segments)
        {
            if (segment is { Memory: not null, Terms.DeclaredLength: null } && DependOnLength(segment.Terms.RopeOf(rope)))
            {
                throw new ArgumentException(
                    "The angles of this model follow from the length: declare the most positions the sequence may reach.");
            }
        }

        int half = rope.RotaryDim / 2;
        int count = batch.Rows * half;
        float[] angles = ArrayPool<float>.Shared.Rent(2 * count);
        Span<float> cosines = angles.AsSpan(0, count), sines = angles.AsSpan(count, count);
        double[]? frequencies = null;
        (PositionSpec.Rope Rope, int Length) made = default;
        foreach (Segment segment in batch.Segments)
        {
            PositionSpec.Rope own = segment.Terms.RopeOf(rope);
            int length = DependOnLength(own) ? segment.Terms.RopeLength(segment.Length) : 0;
            if (frequencies is null || made != (own, length))
                (frequencies, made) = (Of(own, length), (own, length));
            Turn(cosines, sines, segment, positions, frequencies, AttentionFactor(own));
        }

        var rows = new RopeRows(device.Upload(cosines, batch.Rows, half), device.Upload(sines, batch.Rows, half), headDim,
            rope.Pairing);
        ArrayPool<float>.Shared.Return(angles);
        return rows;
    }

    private static void Turn(Span<float> allCosines, Span<float> allSines, Segment segment, ReadOnlySpan<int> positions,
        double[] frequencies, double factor)
    {
        for (int row = segment.FirstRow; row < segment.FirstRow + segment.Rows; row++)
        {
            Span<float> cosines = allCosines.Slice(row * frequencies.Length, frequencies.Length);
            Span<float> sines = allSines.Slice(row * frequencies.Length, frequencies.Length);
            for (int i = 0; i < frequencies.Length; i++)
            {
                (double sin, double cos) = PlainMath.SinCos(positions[row] * frequencies[i]);
                (cosines[i], sines[i]) = ((float)(cos * factor), (float)(sin * factor));
            }
        }
    }

    private static double[] Plain(double theta, int rotaryDim)
    {
        double[] frequencies = new double[rotaryDim / 2];
        for (int i = 0; i < frequencies.Length; i++)
            frequencies[i] = PlainMath.Pow(theta, -2.0 * i / rotaryDim);
        return frequencies;
    }

    private static double Base(PositionSpec.Rope rope, RopeScaling.DynamicNtk dynamic, int declaredLength)
    {
        if (declaredLength <= dynamic.TrainedLength)
            return rope.Theta;
        double stretch = dynamic.Factor * declaredLength / dynamic.TrainedLength - (dynamic.Factor - 1);
        return Stretched(rope, stretch);
    }

    private static double Stretched(PositionSpec.Rope rope, double stretch) =>
        rope.Theta * PlainMath.Pow(stretch, rope.RotaryDim / (rope.RotaryDim - 2.0));

    private static double Llama3(double frequency, RopeScaling.Llama3 llama)
    {
        double turns = llama.TrainedLength * frequency / (2 * Math.PI);
        if (turns > llama.HighFrequencyFactor)
            return frequency;
        if (turns < llama.LowFrequencyFactor)
            return frequency / llama.Factor;
        double smooth = (turns - llama.LowFrequencyFactor) / (llama.HighFrequencyFactor - llama.LowFrequencyFactor);
        return (1 - smooth) * frequency / llama.Factor + smooth * frequency;
    }

    /// <summary>Peng et al., 2023, section 3.2; wave i turns <c>trained · f_i / 2π</c> times.</summary>
    private static double[] Yarn(PositionSpec.Rope rope, RopeScaling.Yarn yarn)
    {
        double WaveWithTurns(double turns) =>
            rope.RotaryDim * PlainMath.Log(yarn.TrainedLength / (turns * 2 * Math.PI)) / (2 * PlainMath.Log(rope.Theta));
        (double first, double last) = (WaveWithTurns(yarn.BetaFast), WaveWithTurns(yarn.BetaSlow));
        double low = Math.Max(yarn.WholeWaves ? Math.Floor(first) : first, 0);
        double high = Math.Min(yarn.WholeWaves ? Math.Ceiling(last) : last, rope.RotaryDim - 1);
        if (low == high)
            high += 0.001;
        double[] frequencies = Plain(rope.Theta, rope.RotaryDim);
        for (int i = 0; i < frequencies.Length; i++)
        {
            double interpolated = Math.Clamp((i - low) / (high - low), 0, 1);
            frequencies[i] = frequencies[i] / yarn.Factor * interpolated + frequencies[i] * (1 - interpolated);
        }

        return frequencies;
    }
}

namespace Seriatim.Tensors;

/// <summary>
/// E2M1 of OCP Microscaling: a sign, two bits of exponent and one of fraction. The levels are doubled, which makes them integers;
/// formats halve their scales for it.
/// </summary>
internal static class FourBitFloats
{
    /// <summary>The largest level.</summary>
    public const int Largest = 12;

    /// <summary>The level of each code.</summary>
    public static ReadOnlySpan<sbyte> Levels => [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

    /// <summary>The code of the nearest level, ties to the even code; what is beyond the last level gets that.</summary>
    public static int Code(float level)
    {
        int code = MathF.Abs(level) switch
        {
            <= 0.5f => 0,
            < 1.5f => 1,
            <= 2.5f => 2,
            < 3.5f => 3,
            <= 5 => 4,
            < 7 => 5,
            <= 10 => 6,
            _ => 7,
        };
        return code > 0 && level < 0 ? code | 8 : code;
    }

    /// <summary>Squared error of values under a scale: infinite if one would not be finite.</summary>
    public static double Error(ReadOnlySpan<float> values, float scale)
    {
        double error = 0;
        foreach (float value in values)
        {
            double difference = (double)value - scale * Levels[Code(value / scale)];
            error += difference * difference;
        }

        return error;
    }
}

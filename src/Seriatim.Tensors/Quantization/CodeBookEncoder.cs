namespace Seriatim.Tensors;

/// <summary>
/// Encodes in the formats of code books: for each group the scale that leaves the smallest error among those that put its
/// largest value at some level. Without weights of importance, which these formats live from: what is decoded is exact, what is
/// encoded serves tests.
/// </summary>
internal static unsafe class CodeBookEncoder<TFormat>
    where TFormat : struct, ICodeBookFormat
{
    private static int Groups => TFormat.Values / TFormat.GroupValues;

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts)
    {
        float widest = 0;
        for (int group = 0; group < Groups; group++)
            widest = Math.Max(widest, BestScale(values.Slice(group * TFormat.GroupValues, TFormat.GroupValues)));
        parts->Scale = TFormat.NearestScale(widest / (2 * TFormat.LargestStep + 1));
        float scale = TFormat.Scale(parts->Scale);
        byte* codes = stackalloc byte[32];
        for (int group = 0; group < Groups; group++)
        {
            parts->GroupScales[group] = 1;
            if (scale == 0 || !float.IsFinite(scale))
                continue;
            ReadOnlySpan<float> own = values.Slice(group * TFormat.GroupValues, TFormat.GroupValues);
            double least = double.PositiveInfinity;
            foreach (float top in TFormat.Tops)
            {
                float wanted = (Largest(own) / top / scale - 1) / 2;
                int step = (int)Math.Clamp(MathF.Round(wanted), 0, TFormat.LargestStep);
                double error = Choose(own, scale * (2 * step + 1), codes);
                if (error >= least)
                    continue;
                least = error;
                parts->GroupScales[group] = (sbyte)(2 * step + 1);
                new ReadOnlySpan<byte>(codes, own.Length)
                    .CopyTo(new Span<byte>(parts->Codes + group * TFormat.GroupValues, own.Length));
            }
        }
    }

    private static float BestScale(ReadOnlySpan<float> values)
    {
        float largest = Largest(values), best = 0;
        if (largest == 0)
            return 0;
        double least = double.PositiveInfinity;
        byte* codes = stackalloc byte[32];
        foreach (float top in TFormat.Tops)
        {
            double error = Choose(values, largest / top, codes);
            if (error < least)
                (best, least) = (largest / top, error);
        }

        // A value no square of which is finite has no error that is: its scale will be found too large.
        return best == 0 ? largest / TFormat.Tops[0] : best;
    }

    private static double Choose(ReadOnlySpan<float> values, float scale, byte* codes)
    {
        Span<float> scaled = stackalloc float[values.Length];
        for (int i = 0; i < values.Length; i++)
            scaled[i] = values[i] / scale;
        return TFormat.Choose(scaled, codes) * scale * scale;
    }

    private static float Largest(ReadOnlySpan<float> values)
    {
        float largest = 0;
        foreach (float value in values)
            largest = Math.Max(largest, MathF.Abs(value));
        return largest;
    }
}

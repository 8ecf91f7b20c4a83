namespace Seriatim.Tensors;

/// <summary>
/// Chooses scales and codes for one block. Simple formats take the nearest code under the scale their range asks for; the others
/// search: for a row of trial scales the codes are fixed, the best scale for these codes follows by least squares, and the trial
/// that leaves the smallest squared error wins. Group scales are rounded with their neighbours tried, and codes are chosen last,
/// under the scales as they are stored.
/// </summary>
/// <remarks>All values count alike. Sums run in double and in order, so a block is encoded to the same bits everywhere.</remarks>
internal static unsafe class BlockEncoder<TFormat>
    where TFormat : struct, IBlockFormat
{
    private const int Trials = 18;

    private static int LastCode => (1 << TFormat.CodeBits) - 1;

    private static int Lowest => TFormat.Levels.IsEmpty ? -TFormat.Bias : TFormat.Levels[0];

    /// <summary>The scale that puts the largest magnitude at <paramref name="top"/>, and the nearest codes.</summary>
    public static void Nearest(ReadOnlySpan<float> values, int top, BlockParts* parts)
    {
        parts->Scale = TFormat.NearestScale(MathF.Abs(Largest(values)) / top);
        float scale = TFormat.Scale(parts->Scale);
        new Span<sbyte>(parts->GroupScales, 16).Fill(1);
        for (int i = 0; i < values.Length; i++)
            parts->Codes[i] = (byte)Math.Clamp(Code(values[i], scale), TFormat.Bias - top, TFormat.Bias + top);
    }

    /// <summary>One searched scale for the block.</summary>
    public static void Scaled(ReadOnlySpan<float> values, BlockParts* parts)
    {
        parts->Scale = TFormat.NearestScale(BestScale(values));
        parts->GroupScales[0] = 1;
        StoreCodes(values, TFormat.Scale(parts->Scale), 0, parts->Codes);
    }

    /// <summary>From the least to the largest value in even steps.</summary>
    public static void Range(ReadOnlySpan<float> values, BlockParts* parts)
    {
        (float low, float high) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (float value in values)
            (low, high) = (Math.Min(low, value), Math.Max(high, value));
        parts->Minimum = TFormat.NearestScale(low);
        parts->Scale = TFormat.NearestScale((high - low) / LastCode);
        (parts->GroupScales[0], parts->GroupMinimums[0]) = (1, 1);
        StoreCodes(values, TFormat.Scale(parts->Scale), TFormat.Scale(parts->Minimum), parts->Codes);
    }

    /// <summary>
    /// A searched scale for each group, stored in integers from <paramref name="low"/> to <paramref name="high"/> of one scale.
    /// </summary>
    public static void Groups(ReadOnlySpan<float> values, int low, int high, BlockParts* parts)
    {
        int groups = TFormat.Values / TFormat.GroupValues;
        Span<float> scales = stackalloc float[groups];
        for (int group = 0; group < groups; group++)
            scales[group] = BestScale(Group(values, group));
        parts->Scale = TFormat.NearestScale(Largest(scales) / low);
        float unit = TFormat.Scale(parts->Scale);
        for (int group = 0; group < groups; group++)
        {
            ReadOnlySpan<float> own = Group(values, group);
            int nearest = unit == 0 ? 0 : (int)Math.Clamp(MathF.Round(scales[group] / unit), low, high);
            (int best, double least) = (nearest, double.PositiveInfinity);
            for (int g = Math.Max(low, nearest - 1); g <= Math.Min(high, nearest + 1); g++)
            {
                double error = Error(own, unit * g, 0, least);
                if (error < least)
                    (best, least) = (g, error);
            }

            parts->GroupScales[group] = (sbyte)best;
            StoreCodes(own, unit * best, 0, parts->Codes + group * TFormat.GroupValues);
        }
    }

    /// <summary>A searched scale and minimum for each group, stored in integers up to <paramref name="top"/>.</summary>
    public static void GroupsWithMinimums(ReadOnlySpan<float> values, int top, BlockParts* parts)
    {
        int groups = TFormat.Values / TFormat.GroupValues;
        Span<float> scales = stackalloc float[groups];
        Span<float> minimums = stackalloc float[groups];
        for (int group = 0; group < groups; group++)
            (scales[group], minimums[group]) = BestRange(Group(values, group));
        parts->Scale = TFormat.NearestScale(Math.Abs(Largest(scales)) / top);
        parts->Minimum = TFormat.NearestScale(-(Math.Abs(Largest(minimums)) / top));
        (float unit, float minimum) = (TFormat.Scale(parts->Scale), TFormat.Scale(parts->Minimum));
        for (int group = 0; group < groups; group++)
        {
            ReadOnlySpan<float> own = Group(values, group);
            int nearestG = unit == 0 ? 0 : (int)Math.Clamp(MathF.Round(scales[group] / unit), 0, top);
            int nearestH = minimum == 0 ? 0 : (int)Math.Clamp(MathF.Round(minimums[group] / -minimum), 0, top);
            (int bestG, int bestH, double least) = (nearestG, nearestH, double.PositiveInfinity);
            for (int g = Math.Max(0, nearestG - 1); g <= Math.Min(top, nearestG + 1); g++)
            {
                for (int h = Math.Max(0, nearestH - 1); h <= Math.Min(top, nearestH + 1); h++)
                {
                    double error = Error(own, unit * g, minimum * h, least);
                    if (error < least)
                        (bestG, bestH, least) = (g, h, error);
                }
            }

            parts->GroupScales[group] = (sbyte)bestG;
            parts->GroupMinimums[group] = (byte)bestH;
            StoreCodes(own, unit * bestG, minimum * bestH, parts->Codes + group * TFormat.GroupValues);
        }
    }

    /// <summary>The scale of one group: trials put the largest magnitude near either end of the levels.</summary>
    private static float BestScale(ReadOnlySpan<float> values)
    {
        float largest = Largest(values);
        if (largest == 0 || !float.IsFinite(largest))
            return 0;
        (float best, double most) = (0, 0);
        for (int trial = 0; trial <= 2 * Trials; trial++)
        {
            // Both signs: either the lowest level takes the largest value, or the highest does.
            float end = trial <= Trials
                ? Lowest * (1 - 0.02f * (trial - Trials / 3))
                : -Lowest * (1 - 0.02f * (trial - Trials - Trials / 3));
            float scale = largest / end;
            (double xl, double ll) = (0, 0);
            foreach (float value in values)
            {
                double level = Level(Code(value, scale));
                xl += value * level;
                ll += level * level;
            }

            // The squared error left by the best scale xl / ll is Σx² - xl² / ll.
            if (ll > 0 && xl * xl / ll > most)
                (best, most) = ((float)(xl / ll), xl * xl / ll);
        }

        return best;
    }

    /// <summary>The scale and the minimum (as a positive number to subtract) of one group.</summary>
    private static (float Scale, float Minimum) BestRange(ReadOnlySpan<float> values)
    {
        (float low, float high) = (0, 0);
        double sum = 0;
        foreach (float value in values)
        {
            (low, high) = (Math.Min(low, value), Math.Max(high, value));
            sum += value;
        }

        if (!(high > low) || !float.IsFinite(high - low))
            return (0, -low);
        (float bestScale, float bestMinimum, double least) = ((high - low) / LastCode, -low, double.PositiveInfinity);
        for (int trial = 0; trial <= Trials; trial++)
        {
            float scale = (high - low) / (LastCode * (1 + 0.025f * (trial - Trials / 3)));
            (double q, double qq, double xq) = (0, 0, 0);
            foreach (float value in values)
            {
                double code = Code(value - low, scale);
                q += code;
                qq += code * code;
                xq += code * value;
            }

            double determinant = values.Length * qq - q * q;
            if (determinant <= 0)
                continue;
            double s = (values.Length * xq - q * sum) / determinant;
            double m = (sum - s * q) / values.Length;
            if (m > 0)
                (s, m) = (xq / qq, 0);
            double error = Error(values, (float)s, (float)m, least);
            if (error < least)
                (bestScale, bestMinimum, least) = ((float)s, (float)-m, error);
        }

        return (bestScale, bestMinimum);
    }

    /// <summary>Squared error of a group under a scale and a minimum; may stop early above <paramref name="limit"/>.</summary>
    private static double Error(ReadOnlySpan<float> values, float scale, float minimum, double limit)
    {
        double error = 0;
        foreach (float value in values)
        {
            double difference = value - ((double)scale * Level(Code(value - minimum, scale)) + minimum);
            error += difference * difference;
            if (error > limit)
                break;
        }

        return error;
    }

    private static void StoreCodes(ReadOnlySpan<float> values, float scale, float minimum, byte* codes)
    {
        for (int i = 0; i < values.Length; i++)
            codes[i] = (byte)Code(values[i] - minimum, scale);
    }

    /// <summary>The code whose level is nearest to <c>value / scale</c>.</summary>
    private static int Code(float value, float scale)
    {
        float level = scale == 0 ? 0 : value / scale;
        if (TFormat.Levels.IsEmpty)
            return (int)Math.Clamp(MathF.Round(level) + TFormat.Bias, 0, LastCode);
        int code = 0;
        ReadOnlySpan<sbyte> levels = TFormat.Levels;
        while (code < LastCode && level > (levels[code] + levels[code + 1]) * 0.5f)
            code++;
        return code;
    }

    private static int Level(int code) => TFormat.Levels.IsEmpty ? code - TFormat.Bias : TFormat.Levels[code];

    private static ReadOnlySpan<float> Group(ReadOnlySpan<float> values, int group) =>
        values.Slice(group * TFormat.GroupValues, TFormat.GroupValues);

    /// <summary>The value of largest magnitude, with its sign.</summary>
    private static float Largest(ReadOnlySpan<float> values)
    {
        float largest = 0;
        foreach (float value in values)
        {
            if (MathF.Abs(value) > MathF.Abs(largest))
                largest = value;
        }

        return largest;
    }
}

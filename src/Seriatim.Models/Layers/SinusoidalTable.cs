namespace Seriatim.Models;

/// <summary>
/// The fixed table of <see cref="PositionSpec.Sinusoidal"/>: not stored in checkpoints, not
/// trained. Also a start for learned positions.
/// </summary>
internal static class SinusoidalTable
{
    public static EmbeddingWeight Make(Device device, PositionSpec.Sinusoidal spec, int width)
    {
        int count = spec.Count + spec.Offset;
        var table = device.NewParameter("sinusoidal positions", count, width);
        table.Trainable = false;
        float[] row = new float[width];
        for (int position = 0; position < count; position++)
        {
            Fill(position, row, spec.EndsWithLongest);
            table.WriteRow(position, row);
        }

        return new EmbeddingWeight(table);
    }

    /// <summary>The row of a position: sines, then cosines (Vaswani et al., 2017, section 3.5, in the order of Marian).</summary>
    public static void Fill(int position, Span<float> row, bool endsWithLongest = false)
    {
        int half = (row.Length + 1) / 2;
        double waves = endsWithLongest ? half - 1 : row.Length / 2.0;
        for (int i = 0; i < row.Length; i++)
        {
            double angle = position / PlainMath.Pow(10000, (i < half ? i : i - half) / waves);
            (double sin, double cos) = PlainMath.SinCos(angle);
            row[i] = (float)(i < half ? sin : cos);
        }
    }
}

namespace Seriatim.Models;

/// <summary>The fixed table of <see cref="PositionSpec.Sinusoidal"/>: not stored in checkpoints, not trained.</summary>
internal static class SinusoidalTable
{
    public static EmbeddingWeight Make(int count, int width)
    {
        var table = new Parameter("sinusoidal positions", count, width) { Trainable = false };
        float[] row = new float[width];
        int half = (width + 1) / 2;
        for (int position = 0; position < count; position++)
        {
            for (int i = 0; i < width; i++)
            {
                double angle = position / Math.Pow(10000, 2.0 * (i < half ? i : i - half) / width);
                row[i] = (float)(i < half ? Math.Sin(angle) : Math.Cos(angle));
            }

            table.WriteRow(position, row);
        }

        return new EmbeddingWeight(table);
    }
}

namespace Seriatim.Tensors;

/// <summary>
/// Compares a kernel of <see cref="PanelCode"/> with a plain loop over chunks that managed code opened: two chunks, all bits.
/// </summary>
internal static unsafe class PanelCheck
{
    private const int Chunks = 2;
    private const int Inputs = PanelChunk.Inputs;
    private const int Lanes = PanelChunk.Outputs;

    /// <summary>Whether they agree.</summary>
    public static bool IsRight<TFormat>(int rows, nint kernel)
        where TFormat : struct, IBlockFormat
    {
        var random = new CheckNumbers(12);
        int groups = Inputs / TFormat.GroupValues, chunkBytes = PanelLayout<TFormat>.ChunkBytes(Inputs / 32);
        byte[] packed = Packed<TFormat>(random, chunkBytes), x = random.Bytes(Chunks * Inputs * rows);
        float[] factors = random.Floats(Chunks * 8 * rows), sums = random.Floats(Chunks * groups * rows);
        int[] starts = random.Integers(Chunks * groups * rows);
        float[] y = random.Floats(rows * Lanes), expected = [.. y];
        using var memory = new Scratch();
        var scratch = new PanelScratch(memory);
        fixed (byte* panel = packed, rowCodes = x)
        fixed (float* rowFactors = factors, rowSums = sums, to = y, wanted = expected)
        fixed (int* rowStarts = starts)
        {
            var tile = new TileRows { Codes = (sbyte*)rowCodes, Scales = rowFactors, Starts = rowStarts, Sums = rowSums };
            var call = new PanelCall
            {
                X = tile.Codes,
                Factors = tile.Scales,
                Starts = tile.Starts,
                Sums = tile.Sums,
                Y = to,
                Parts = TFormat.Values / 32,
            };
            PanelKernels<TFormat>.Run(kernel, panel, Inputs / 32, Chunks, &call);
            for (int chunk = 0; chunk < Chunks; chunk++)
            {
                PanelLayout<TFormat>.Open(panel + chunk * chunkBytes, Inputs / 32, scratch, out PanelChunk opened);
                for (int group = 0; group < groups; group++)
                {
                    for (int row = 0; row < rows; row++)
                        Add<TFormat>(opened, tile, group, rows, row, wanted + row * Lanes);
                }

                tile.Codes += Inputs * rows;
                tile.Scales += 8 * rows;
                tile.Starts += groups * rows;
                tile.Sums += groups * rows;
            }
        }

        return TileCheck.Same(expected, y);
    }

    /// <summary>Any bytes are codes and group scales; scales are made finite.</summary>
    private static byte[] Packed<TFormat>(CheckNumbers random, int chunkBytes)
        where TFormat : struct, IBlockFormat
    {
        byte[] packed = random.Bytes(Chunks * chunkBytes);
        int scales = PanelLayout<TFormat>.GroupScalesAt(Inputs / TFormat.Values);
        for (int chunk = 0; chunk < Chunks; chunk++)
        {
            // The upper byte of a binary16: any sign, an exponent below 1.
            for (int at = 1; at < scales; at += 2)
                packed[chunk * chunkBytes + at] &= 0xBB;
        }

        return packed;
    }

    private static void Add<TFormat>(in PanelChunk w, in TileRows x, int group, int rows, int row, float* y)
        where TFormat : struct, IBlockFormat
    {
        int inputs = TFormat.GroupValues;
        float factor = x.Scales[group * inputs / 32 * rows + row], total = x.Sums[group * rows + row];
        for (int lane = 0; lane < Lanes; lane++)
        {
            int sum = x.Starts[group * rows + row];
            for (int i = group * inputs; i < (group + 1) * inputs; i++)
                sum += w.Codes[i / 4 * 4 * Lanes + lane * 4 + i % 4] * x.Codes[(i / 4 * rows + row) * 4 + i % 4];
            int at = group * Lanes + lane;
            y[lane] = MathF.FusedMultiplyAdd(w.Scales[at] * factor, sum, y[lane]);
            if (TFormat.HasMinimums)
                y[lane] = MathF.FusedMultiplyAdd(w.Minimums[at], total, y[lane]);
        }
    }
}

namespace Seriatim.Tensors;

/// <summary>
/// Compares a kernel of <see cref="PanelCode"/> or <see cref="PanelTilesCode"/> with a plain loop over chunks that managed code
/// opened: two chunks, all bits.
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
            var tiles = new TileRows { Codes = (sbyte*)rowCodes, Scales = rowFactors, Starts = rowStarts, Sums = rowSums };
            PanelCall call = PanelKernels<TFormat>.NewCall(rows, tiles, to);
            PanelKernels<TFormat>.Run(kernel, panel, Inputs / 32, Chunks, rows <= QuantizedRows.MaxTileRows, &call);
            for (int chunk = 0; chunk < Chunks; chunk++)
            {
                PanelLayout<TFormat>.Open(panel + chunk * chunkBytes, Inputs / 32, scratch, out PanelChunk opened);
                for (int row = 0; row < rows; row++)
                    Add<TFormat>(opened, tiles, rows, row, wanted + row * Lanes);
                tiles.Codes += Inputs * rows;
                tiles.Scales += 8 * rows;
                tiles.Starts += groups * rows;
                tiles.Sums += groups * rows;
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

    /// <summary>One row of tiles of up to six.</summary>
    private static void Add<TFormat>(in PanelChunk w, in TileRows tiles, int rows, int row, float* y)
        where TFormat : struct, IBlockFormat
    {
        int inputs = TFormat.GroupValues, groups = Inputs / inputs;
        int first = row / QuantizedRows.MaxTileRows * QuantizedRows.MaxTileRows;
        int tileRows = Math.Min(QuantizedRows.MaxTileRows, rows - first);
        for (int group = 0; group < groups; group++)
        {
            int of = first * groups + group * tileRows + row - first;
            float factor = tiles.Scales[first * 8 + group * inputs / 32 * tileRows + row - first];
            for (int lane = 0; lane < Lanes; lane++)
            {
                int sum = tiles.Starts[of];
                for (int i = group * inputs; i < (group + 1) * inputs; i++)
                {
                    sum += w.Codes[i / 4 * 4 * Lanes + lane * 4 + i % 4]
                        * tiles.Codes[first * Inputs + (i / 4 * tileRows + row - first) * 4 + i % 4];
                }

                int at = group * Lanes + lane;
                y[lane] = MathF.FusedMultiplyAdd(w.Scales[at] * factor, sum, y[lane]);
                if (TFormat.HasMinimums)
                    y[lane] = MathF.FusedMultiplyAdd(w.Minimums[at], tiles.Sums[of], y[lane]);
            }
        }
    }
}

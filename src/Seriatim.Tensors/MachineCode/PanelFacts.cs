namespace Seriatim.Tensors;

/// <summary>What <see cref="PanelCode"/> needs to know of a format and its panels.</summary>
/// <param name="CodeBits">8, 6, 5 or 4.</param>
/// <param name="Halves">Whether groups have 16 inputs, else 32.</param>
/// <param name="Parts">Number of 32 inputs in a block: 1 or 8.</param>
/// <param name="HasGroupScales">Whether groups have their own g (and h).</param>
/// <param name="HasMinimums">Whether there are minimums.</param>
/// <param name="HeaderBytes">Bytes in front of the codes of a chunk of 256 inputs.</param>
/// <param name="Levels">The byte codes of 16 codes; empty where codes are their own.</param>
internal sealed record PanelFacts(
    int CodeBits, bool Halves, int Parts, bool HasGroupScales, bool HasMinimums, int HeaderBytes, byte[] Levels)
{
    /// <summary>Bytes of S, and of M, of 16 outputs: binary16.</summary>
    public const int ScaleBytes = 2 * PanelChunk.Outputs;

    /// <summary>Bytes of the codes of 4 inputs, when they are opened.</summary>
    public const int StepBytes = 4 * PanelChunk.Outputs;

    /// <summary>Bytes of the codes of 32 inputs.</summary>
    public int CodeBytes => StepBytes * CodeBits;

    /// <summary>Groups in 32 inputs.</summary>
    public int Groups => Halves ? 2 : 1;

    /// <summary>From chunk to chunk.</summary>
    public int ChunkBytes => HeaderBytes + PanelChunk.Inputs / 32 * CodeBytes;

    /// <summary>The facts of a format; null if its scales, or its codes, are of another kind: there is no kernel.</summary>
    public static PanelFacts? Of<TFormat>()
        where TFormat : struct, IBlockFormat
    {
        bool known = TFormat.HasPlainScales && TFormat.ScaleBytes == 2 && TFormat.CodeBits is (4 or 5 or 6 or 8)
            && TFormat.Values is (32 or PanelChunk.Inputs);
        if (!known)
            return null;
        byte[] levels = new byte[TFormat.Levels.Length];
        for (int i = 0; i < levels.Length; i++)
            levels[i] = (byte)(TFormat.Levels[i] + TFormat.Bias);
        return new PanelFacts(
            TFormat.CodeBits, TFormat.GroupValues == 16, TFormat.Values / 32, TFormat.HasGroupScales, TFormat.HasMinimums,
            PanelLayout<TFormat>.HeaderBytes(PanelChunk.Inputs / 32), levels);
    }
}

namespace Seriatim.Tensors;

/// <summary>The kernels of <see cref="PanelCode"/> for one format: whole panels and one tile of rows.</summary>
internal static unsafe class PanelKernels<TFormat>
    where TFormat : struct, IBlockFormat
{
    /// <summary>Chunks of one call: the collector waits while one runs, up to some microseconds.</summary>
    private const int MostChunks = 24;

    private static readonly int[] RowCounts = [1, 2, 4, 6];
    private static readonly PanelFacts? Facts = PanelFacts.Of<TFormat>();

    private static readonly KernelTable Table = new(
        $"{nameof(PanelCode)} for {TFormat.Type}", RowCounts.Length,
        (index, windows) => PanelCode.Write(Facts!, RowCounts[index], windows),
        (index, kernel) => PanelCheck.IsRight<TFormat>(RowCounts[index], kernel));

    /// <summary>How many rows they are for; 0 if this format, or this machine, has none.</summary>
    public static int MaxRows =>
        Facts is not null && MachineCode.HasByteProducts && MachineCode.IsOn ? QuantizedRows.MaxTileRows : 0;

    /// <summary>Adds a panel.</summary>
    /// <param name="packed">Its first chunk.</param>
    /// <param name="columns">Inputs of a row.</param>
    /// <param name="rows">Rows of the only tile, at most <see cref="MaxRows"/>.</param>
    /// <param name="x">The tile, chunk after chunk.</param>
    /// <param name="y">Running results <c>[rows][16]</c>.</param>
    /// <returns>False if there is no such kernel: nothing happened.</returns>
    public static bool TryAdd(byte* packed, int columns, int rows, in TileRows x, float* y)
    {
        nint kernel = Table.Find(rows / 2);
        if (kernel == 0)
            return false;
        var call = new PanelCall
        {
            X = x.Codes,
            Factors = x.Scales,
            Starts = x.Starts,
            Sums = x.Sums,
            Y = y,
            Parts = TFormat.Values / 32,
        };
        int chunkBytes = PanelLayout<TFormat>.ChunkBytes(PanelChunk.Inputs / 32);
        for (int left = columns / PanelChunk.Inputs; left > 0; left -= MostChunks)
        {
            int chunks = Math.Min(left, MostChunks);
            Run(kernel, packed, PanelChunk.Inputs / 32, chunks, &call);
            packed += (long)chunks * chunkBytes;
        }

        if (columns % PanelChunk.Inputs is > 0 and var rest)
            Run(kernel, packed, rest / 32, 1, &call);
        return true;
    }

    /// <summary>Calls a kernel for chunks that follow one another.</summary>
    public static void Run(nint kernel, byte* packed, int groups32, int chunks, PanelCall* call)
    {
        int blocks = groups32 * 32 / TFormat.Values;
        call->Scales = packed;
        call->Minimums = packed + PanelLayout<TFormat>.ScaleStep * blocks;
        call->Integers = packed + PanelLayout<TFormat>.GroupScalesAt(blocks);
        call->Floors = call->Integers + PanelChunk.Outputs * PanelLayout<TFormat>.GroupsPerBlock * blocks;
        call->Codes = packed + PanelLayout<TFormat>.HeaderBytes(groups32);
        call->Chunks = chunks;
        call->Blocks = blocks;
        ((delegate* unmanaged[SuppressGCTransition]<PanelCall*, void>)kernel)(call);
    }
}

namespace Seriatim.Tensors;

/// <summary>
/// The kernels of <see cref="PanelCode"/> and <see cref="PanelTilesCode"/> for one format: whole panels and up to 24 rows.
/// </summary>
internal static unsafe class PanelKernels<TFormat>
    where TFormat : struct, IBlockFormat
{
    /// <summary>Kernels of one tile, by half its rows; behind them those of more, by tiles of six and the last one.</summary>
    private const int OneTile = 4;

    private const int Six = QuantizedRows.MaxTileRows;
    private const int MostSixes = PanelTilesCode.MostSixes;

    /// <summary>
    /// Chunks times rows of one call: the collector waits while one runs, up to some microseconds. Of one row, whose time is
    /// that of memory, not more than as many chunks as of six.
    /// </summary>
    private const int MostChunkRows = 144;

    private static readonly PanelFacts? Facts = PanelFacts.Of<TFormat>();

    private static readonly KernelTable Table = new(
        $"{nameof(PanelCode)} for {TFormat.Type}", OneTile + MostSixes * 4, Write,
        (index, kernel) => PanelCheck.IsRight<TFormat>(RowsOf(index), kernel));

    /// <summary>How many rows they are for; 0 if this format, or this machine, has none.</summary>
    public static int MaxRows => Facts is not null && MachineCode.HasByteProducts && MachineCode.IsOn ? MostSixes * Six : 0;

    /// <summary>Adds a panel, or as many whole chunks of it as the kernels can.</summary>
    /// <param name="packed">Its first chunk.</param>
    /// <param name="columns">Inputs of a row.</param>
    /// <param name="rows">Rows of all tiles, at most <see cref="MaxRows"/>.</param>
    /// <param name="x">The tiles, chunk after chunk.</param>
    /// <param name="y">Running results <c>[rows][16]</c>.</param>
    /// <returns>Inputs that are done; 0 if there is no such kernel.</returns>
    public static int Add(byte* packed, int columns, int rows, in TileRows x, float* y)
    {
        bool isOneTile = rows <= Six;
        if (!isOneTile && columns < PanelChunk.Inputs)
            return 0;
        nint kernel = Table.Find(IndexOf(rows));
        if (kernel == 0)
            return 0;
        PanelCall call = NewCall(rows, x, y);
        int chunkBytes = PanelLayout<TFormat>.ChunkBytes(PanelChunk.Inputs / 32);
        int most = MostChunkRows / Math.Max(rows, Six);
        for (int left = columns / PanelChunk.Inputs; left > 0; left -= most)
        {
            int chunks = Math.Min(left, most);
            Run(kernel, packed, PanelChunk.Inputs / 32, chunks, isOneTile, &call);
            packed += (long)chunks * chunkBytes;
        }

        int rest = columns % PanelChunk.Inputs;
        if (rest == 0 || !isOneTile)
            return columns - rest;
        Run(kernel, packed, rest / 32, 1, isOneTile, &call);
        return columns;
    }

    /// <summary>What stays the same from chunk to chunk. Rows beyond tiles of six are the last tile.</summary>
    public static PanelCall NewCall(int rows, in TileRows x, float* y)
    {
        int before = rows / Six * Six * (PanelChunk.Inputs / 32), groups = 32 / TFormat.GroupValues;
        return new PanelCall
        {
            X = x.Codes,
            Factors = x.Scales,
            Starts = x.Starts,
            Sums = x.Sums,
            LastX = x.Codes + before * 32,
            LastFactors = x.Scales + before,
            LastStarts = x.Starts + before * groups,
            LastSums = x.Sums + before * groups,
            Y = y,
            Parts = TFormat.Values / 32,
        };
    }

    /// <summary>Calls a kernel for chunks that follow one another.</summary>
    public static void Run(nint kernel, byte* packed, int groups32, int chunks, bool isOneTile, PanelCall* call)
    {
        int blocks = groups32 * 32 / TFormat.Values;
        call->Scales = packed;
        call->Minimums = packed + PanelLayout<TFormat>.ScaleStep * blocks;
        call->Integers = packed + PanelLayout<TFormat>.GroupScalesAt(blocks);
        call->Floors = call->Integers + PanelChunk.Outputs * PanelLayout<TFormat>.GroupsPerBlock * blocks;
        call->Codes = packed + PanelLayout<TFormat>.HeaderBytes(groups32);
        call->Chunks = chunks;
        call->Blocks = isOneTile ? blocks : groups32;
        ((delegate* unmanaged[SuppressGCTransition]<PanelCall*, void>)kernel)(call);
    }

    private static byte[] Write(int index, bool windows)
    {
        int rows = RowsOf(index);
        return index < OneTile ? PanelCode.Write(Facts!, rows, windows)
            : PanelTilesCode.Write(Facts!, rows / Six, rows % Six, windows);
    }

    private static int IndexOf(int rows) => rows <= Six ? rows / 2
        : OneTile + (rows / Six - 1) * 4 + (rows % Six) switch { 0 => 0, 1 => 1, 2 => 2, _ => 3 };

    private static int RowsOf(int index) => index < OneTile ? Math.Max(1, 2 * index)
        : ((index - OneTile) / 4 + 1) * Six + (index % 4) switch { 0 => 0, 1 => 1, 2 => 2, _ => 4 };
}

namespace Seriatim.Tensors;

/// <summary>
/// A matrix <c>[Rows, Columns]</c> in quantised blocks that run along its rows. Not a tensor and not
/// trainable: linear and embedding weights use it.
/// </summary>
public abstract unsafe class QuantizedMatrix : IDisposable
{
    private protected QuantizedMatrix(string name, BlockType type, int rows, int columns, QuantizedPlacement placement) =>
        (Name, Type, Rows, Columns, Placement) = (name, type, rows, columns, placement);

    /// <summary>Whose memory the blocks are in.</summary>
    public Device Device { get; init; } = Device.Cpu;

    /// <summary>The name errors use.</summary>
    public string Name { get; }

    /// <summary>The format of the blocks.</summary>
    public BlockType Type { get; }

    /// <summary>Rows: outputs of a linear layer, entries of an embedding.</summary>
    public int Rows { get; }

    /// <summary>Columns: a multiple of the format's block.</summary>
    public int Columns { get; }

    /// <summary>Where the blocks lie.</summary>
    public QuantizedPlacement Placement { get; }

    /// <summary>
    /// A factor of the whole matrix that its blocks do not hold (NVFP4); 1 as a rule. Products multiply their results by it,
    /// before the bias is added, and rows are read with it.
    /// </summary>
    public float Scale { get; internal init; } = 1;

    /// <summary>Bytes in memory; 0 if the blocks are used where they are.</summary>
    public abstract long Bytes { get; }

    /// <summary>Panels of 16 rows.</summary>
    internal int Panels => (Rows + PanelChunk.Outputs - 1) / PanelChunk.Outputs;

    /// <summary>What <see cref="Facts"/> says of the format, for the drivers.</summary>
    internal abstract BlockFacts Facts { get; }

    /// <summary>Makes a matrix of rows of blocks.</summary>
    /// <param name="name">The name errors use.</param>
    /// <param name="type">The format.</param>
    /// <param name="rows">Rows, at least 1.</param>
    /// <param name="columns">Columns, at least 1.</param>
    /// <param name="placement">Where the blocks shall lie.</param>
    /// <param name="rowAddress">
    /// The address of the first block of a row; called from several threads. The memory must stay until the call returns, and if
    /// it is <see cref="QuantizedPlacement.Mapped"/> until the matrix is disposed.
    /// </param>
    /// <param name="scale"><see cref="Scale"/>.</param>
    /// <exception cref="ShapeMismatchException">A row is not a whole number of blocks.</exception>
    public static QuantizedMatrix Create(
        string name, BlockType type, int rows, int columns, QuantizedPlacement placement, Func<int, nint> rowAddress,
        float scale = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        BlockFormatEntry entry = BlockFormats.Entry(type);
        ShapeMismatchException.Require(
            columns % entry.Values == 0, name, "a row", $"{columns} long", $"a multiple of the block of {type}, {entry.Values},");
        return entry.NewMatrix(name, rows, columns, rowAddress, placement, scale);
    }

    /// <summary>Makes a matrix of rows that are written block by block: what a file has in another order than ours.</summary>
    /// <param name="name">The name errors use.</param>
    /// <param name="type">The format.</param>
    /// <param name="rows">Rows, at least 1.</param>
    /// <param name="columns">Columns, a multiple of the format's block.</param>
    /// <param name="placement"><see cref="QuantizedPlacement.Packed"/> or <see cref="QuantizedPlacement.Rows"/>.</param>
    /// <param name="writeRow">Fills the blocks of a row; called from several threads.</param>
    /// <param name="scale"><see cref="Scale"/>.</param>
    /// <exception cref="ShapeMismatchException">A row is not a whole number of blocks.</exception>
    public static QuantizedMatrix Create(
        string name, BlockType type, int rows, int columns, QuantizedPlacement placement, QuantizedRowWriter writeRow,
        float scale = 1)
    {
        ArgumentNullException.ThrowIfNull(writeRow);
        RefuseMapped(name, placement);
        long rowBytes = type.Bytes(columns);
        using var blocks = new NativeBlock(rowBytes, rows);
        byte* start = blocks.Pointer;
        long stride = blocks.Stride;
        Parallel.For(0, rows, row => writeRow(row, new Span<byte>(start + row * stride, (int)rowBytes)));
        return Create(name, type, rows, columns, placement, row => (nint)(start + row * stride), scale);
    }

    /// <summary>
    /// A matrix whose panels or rows lie in memory of somebody else in this machine, as <see cref="WriteStored"/> wrote them; the
    /// memory must outlive it.
    /// </summary>
    /// <param name="name">The name errors use.</param>
    /// <param name="type">The format.</param>
    /// <param name="rows">Rows, at least 1.</param>
    /// <param name="columns">Columns, a multiple of the format's block.</param>
    /// <param name="placement">As it was written: panels if it was packed, else rows, which are used where they are.</param>
    /// <param name="address">The first byte, at a multiple of 64.</param>
    /// <param name="scale"><see cref="Scale"/>.</param>
    /// <exception cref="ShapeMismatchException">A row is not a whole number of blocks.</exception>
    public static QuantizedMatrix Over(
        string name, BlockType type, int rows, int columns, QuantizedPlacement placement, nint address, float scale = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(address % TensorPool.Alignment, 0, nameof(address));
        long rowBytes = type.Bytes(columns);
        return placement == QuantizedPlacement.Packed
            ? BlockFormats.Entry(type).OverPanels(name, rows, columns, address, scale)
            : Create(name, type, rows, columns, QuantizedPlacement.Mapped, row => (nint)(address + row * rowBytes), scale);
    }

    /// <summary>Writes the panels, or the rows of blocks, as they lie in memory, for <see cref="Over"/>.</summary>
    public abstract void WriteStored(Stream stream);

    /// <summary>Bytes that <see cref="WriteStored"/> writes.</summary>
    public abstract long StoredLength { get; }

    /// <summary>Quantises a matrix that is read row by row.</summary>
    /// <param name="name">The name errors use.</param>
    /// <param name="type">The format.</param>
    /// <param name="rows">Rows, at least 1.</param>
    /// <param name="columns">Columns, a multiple of the format's block.</param>
    /// <param name="placement"><see cref="QuantizedPlacement.Packed"/> or <see cref="QuantizedPlacement.Rows"/>.</param>
    /// <param name="readRow">Fills a row; called from several threads.</param>
    /// <exception cref="ShapeMismatchException">A row is not a whole number of blocks.</exception>
    /// <exception cref="ArgumentException">
    /// A value cannot be stored; the message names the matrix, the first such row and the value.
    /// </exception>
    public static QuantizedMatrix Encode(
        string name, BlockType type, int rows, int columns, QuantizedPlacement placement, QuantizedRowReader readRow)
    {
        RefuseMapped(name, placement);
        long rowBytes = type.Bytes(columns);
        using var blocks = new NativeBlock(rowBytes, rows);
        byte* start = blocks.Pointer;
        long stride = blocks.Stride;
        (int Row, string Message)? failure = null;
        object gate = new();
        Parallel.For(0, rows, row =>
        {
            float[] values = System.Buffers.ArrayPool<float>.Shared.Rent(columns);
            readRow(row, values.AsSpan(0, columns));
            try
            {
                type.Encode(values.AsSpan(0, columns), new Span<byte>(start + row * stride, (int)rowBytes));
            }
            catch (ArgumentException refused)
            {
                lock (gate)
                    failure = failure is { } first && first.Row < row ? first : (row, refused.Message);
            }

            System.Buffers.ArrayPool<float>.Shared.Return(values);
        });
        if (failure is { } bad)
            throw new ArgumentException($"{name}, row {bad.Row}: {bad.Message}", nameof(readRow));
        return Create(name, type, rows, columns, placement, row => (nint)(start + row * stride));
    }

    /// <summary>A packed copy of some rows, with the very codes and scales they have here.</summary>
    /// <param name="rows">Which.</param>
    internal abstract QuantizedMatrix TakeRows(ReadOnlySpan<int> rows);

    /// <summary>Decodes one row.</summary>
    /// <exception cref="ShapeMismatchException"><paramref name="values"/> is not <see cref="Columns"/> long.</exception>
    public void ReadRow(int row, Span<float> values)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows);
        ShapeMismatchException.Require(values.Length == Columns, Name, "a row", $"{values.Length} long", $"{Columns}");
        Read(row, values);
        for (int i = 0; Scale != 1 && i < values.Length; i++)
            values[i] *= Scale;
    }

    /// <summary>Opens one chunk of a panel. Lanes of outputs that do not exist have scale 0.</summary>
    /// <param name="panel">Panel of 16 rows.</param>
    /// <param name="firstInput">First column, a multiple of <see cref="PanelChunk.Inputs"/>.</param>
    /// <param name="scratch">Where the chunk may go.</param>
    /// <param name="chunk">The chunk; not a result, because copies of what was just written stall.</param>
    internal abstract void Open(int panel, int firstInput, in PanelScratch scratch, out PanelChunk chunk);

    /// <summary>How many rows <see cref="AddDirect"/> takes at most; 0 for none.</summary>
    internal virtual int DirectRows => 0;

    /// <summary>Adds the product of chunks and few rows without opening the chunks in memory.</summary>
    /// <param name="panel">Panel of 16 rows.</param>
    /// <param name="firstInput">First column, a multiple of <see cref="PanelChunk.Inputs"/>.</param>
    /// <param name="inputs">How many columns: whole chunks, or up to the last column.</param>
    /// <param name="rows">Rows of all tiles, at most <see cref="DirectRows"/>.</param>
    /// <param name="x">The tiles, chunk after chunk.</param>
    /// <param name="y">Running results <c>[rows][16]</c>.</param>
    internal virtual void AddDirect(int panel, int firstInput, int inputs, int rows, TileRows x, float* y) =>
        throw new NotSupportedException($"{this} has no product without opening its chunks.");

    /// <summary>How many rows <see cref="AddCode"/> takes at most; 0 for none.</summary>
    internal virtual int CodeRows => 0;

    /// <summary>Adds the product of a panel and few rows, with a kernel of machine code.</summary>
    /// <param name="panel">Panel of 16 rows.</param>
    /// <param name="rows">Rows of all tiles, at most <see cref="CodeRows"/>.</param>
    /// <param name="x">The tiles, chunk after chunk.</param>
    /// <param name="y">Running results <c>[rows][16]</c>.</param>
    /// <returns>Inputs that are done: all, whole chunks, or 0 if there is no such kernel.</returns>
    internal virtual int AddCode(int panel, int rows, in TileRows x, float* y) => 0;

    private static void RefuseMapped(string name, QuantizedPlacement placement)
    {
        if (placement == QuantizedPlacement.Mapped)
        {
            throw new ArgumentException(
                $"{name} is put together in memory that is given back; {placement} does not hold it.", nameof(placement));
        }
    }

    private protected abstract void Read(int row, Span<float> values);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Name, shape and format, as error messages write them.</summary>
    public override string ToString() => $"{Name} [{Rows}, {Columns}] {Type}";
}

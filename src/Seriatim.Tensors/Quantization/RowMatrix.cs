namespace Seriatim.Tensors;

/// <summary>
/// A quantised matrix whose blocks stay in the order of the file, row after row: copied, or used where they are.
/// </summary>
internal sealed unsafe class RowMatrix<TFormat> : QuantizedMatrix
    where TFormat : struct, IBlockFormat
{
    private readonly NativeBlock? _copy;
    private readonly nint[] _rows;

    public RowMatrix(string name, int rows, int columns, Func<int, nint> rowAddress, bool copy)
        : base(name, TFormat.Type, rows, columns, copy ? QuantizedPlacement.Rows : QuantizedPlacement.Mapped)
    {
        _rows = new nint[rows];
        long rowBytes = columns / TFormat.Values * (long)TFormat.Bytes;
        _copy = copy ? new NativeBlock(rowBytes, rows) : null;
        for (int row = 0; row < rows; row++)
        {
            _rows[row] = rowAddress(row);
            if (_copy is null)
                continue;
            byte* own = _copy.Pointer + row * _copy.Stride;
            Buffer.MemoryCopy((void*)_rows[row], own, rowBytes, rowBytes);
            _rows[row] = (nint)own;
        }
    }

    public override long Bytes => _copy?.Bytes ?? 0;

    public override long StoredLength => Columns / TFormat.Values * (long)TFormat.Bytes * Rows;

    public override void WriteStored(Stream stream)
    {
        foreach (nint row in _rows)
            StoredBytes.Write((byte*)row, StoredLength / Rows, stream);
    }

    internal override BlockFacts Facts => BlockFacts.Of<TFormat>();

    internal override void Open(int panel, int firstInput, in PanelScratch scratch, out PanelChunk chunk)
    {
        chunk = PanelChunk.In(scratch, TFormat.HasMinimums);
        int groups = Math.Min(PanelChunk.Inputs, Columns - firstInput) / 32;
        long offset = firstInput / TFormat.Values * TFormat.Bytes;
        for (int lane = 0; lane < PanelChunk.Outputs; lane++)
        {
            int row = panel * PanelChunk.Outputs + lane;
            PanelLayout<TFormat>.FillLane(row < Rows ? (byte*)_rows[row] + offset : null, groups, lane, chunk);
        }
    }

    internal override QuantizedMatrix TakeRows(ReadOnlySpan<int> rows)
    {
        int[] taken = rows.ToArray();
        return new PackedMatrix<TFormat>(Name, taken.Length, Columns, row => _rows[taken[row]]) { Scale = Scale };
    }

    private protected override void Read(int row, Span<float> values) => BlockCoder<TFormat>.Decode((byte*)_rows[row], values);

    public override void Dispose() => _copy?.Dispose();
}

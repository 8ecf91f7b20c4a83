namespace Seriatim.Tensors;

/// <summary>One format as a value: where a format is chosen at run time, once a call or once a weight.</summary>
internal abstract unsafe class BlockFormatEntry
{
    public required BlockType Type { get; init; }

    public required int Values { get; init; }

    public required int Bytes { get; init; }

    public static BlockFormatEntry Of<TFormat>()
        where TFormat : struct, IBlockFormat =>
        new Entry<TFormat> { Type = TFormat.Type, Values = TFormat.Values, Bytes = TFormat.Bytes };

    public abstract void Decode(byte* blocks, Span<float> values);

    public abstract void Encode(ReadOnlySpan<float> values, byte* blocks);

    public abstract void WriteLevels(float scale, ReadOnlySpan<sbyte> levels, byte* block);

    public abstract QuantizedMatrix NewMatrix(string name, int rows, int columns, Func<int, nint> rowAddress,
        QuantizedPlacement placement, float scale);

    public abstract QuantizedMatrix OverPanels(string name, int rows, int columns, nint panels, float scale);

    private sealed class Entry<TFormat> : BlockFormatEntry
        where TFormat : struct, IBlockFormat
    {
        public override void Decode(byte* blocks, Span<float> values) => BlockCoder<TFormat>.Decode(blocks, values);

        public override void Encode(ReadOnlySpan<float> values, byte* blocks) => BlockCoder<TFormat>.Encode(values, blocks);

        public override QuantizedMatrix OverPanels(string name, int rows, int columns, nint panels, float scale) =>
            new PackedMatrix<TFormat>(name, rows, columns, panels) { Scale = scale };

        public override void WriteLevels(float scale, ReadOnlySpan<sbyte> levels, byte* block) =>
            BlockCoder<TFormat>.WriteLevels(scale, levels, block);

        public override QuantizedMatrix NewMatrix(
            string name, int rows, int columns, Func<int, nint> rowAddress, QuantizedPlacement placement,
            float scale) =>
            placement == QuantizedPlacement.Packed
                ? new PackedMatrix<TFormat>(name, rows, columns, rowAddress) { Scale = scale }
                : new RowMatrix<TFormat>(name, rows, columns, rowAddress, copy: placement == QuantizedPlacement.Rows)
                {
                    Scale = scale,
                };
    }
}

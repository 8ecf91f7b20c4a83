namespace Seriatim.Tensors;

/// <summary>A quantised matrix repacked into panels (<see cref="PanelLayout{TFormat}"/>).</summary>
internal sealed unsafe class PackedMatrix<TFormat> : QuantizedMatrix
    where TFormat : struct, IBlockFormat
{
    private readonly NativeBlock _panels;
    private readonly long _panelBytes;

    public PackedMatrix(string name, int rows, int columns, Func<int, nint> rowAddress)
        : base(name, TFormat.Type, rows, columns, QuantizedPlacement.Packed)
    {
        _panelBytes = PanelLayout<TFormat>.PanelBytes(columns);
        _panels = new NativeBlock(Panels * _panelBytes);
        byte* start = _panels.Pointer;
        Parallel.For(0, Panels, panel =>
        {
            byte** lanes = stackalloc byte*[PanelChunk.Outputs];
            for (int lane = 0; lane < PanelChunk.Outputs; lane++)
            {
                int row = panel * PanelChunk.Outputs + lane;
                lanes[lane] = row < Rows ? (byte*)rowAddress(row) : null;
            }

            PanelLayout<TFormat>.Pack(lanes, columns, start + panel * _panelBytes);
        });
    }

    public override long Bytes => _panels.Bytes;

    internal override BlockFacts Facts => BlockFacts.Of<TFormat>();

    internal override PanelChunk Open(int panel, int firstInput, float* scratch)
    {
        int groups = Math.Min(PanelChunk.Inputs, Columns - firstInput) / 32;
        byte* chunk = _panels.Pointer + panel * _panelBytes + firstInput / PanelChunk.Inputs * (long)PanelLayout<TFormat>.ChunkBytes(8);
        return PanelLayout<TFormat>.Open(chunk, groups, scratch);
    }

    private protected override void Read(int row, Span<float> values)
    {
        using var scratch = new NativeBlock(PanelChunk.ScratchFloats * sizeof(float));
        (int panel, int lane) = (row / PanelChunk.Outputs, row % PanelChunk.Outputs);
        for (int first = 0; first < Columns; first += PanelChunk.Inputs)
        {
            PanelChunk chunk = Open(panel, first, (float*)scratch.Pointer);
            int inputs = Math.Min(PanelChunk.Inputs, Columns - first);
            for (int i = 0; i < inputs; i++)
            {
                int level = chunk.Codes[i / 4 * 64 + lane * 4 + i % 4] - TFormat.Bias;
                int group = i / TFormat.GroupValues * PanelChunk.Outputs + lane;
                float product = chunk.Scales[group] * level;
                values[first + i] = TFormat.HasMinimums ? product + chunk.Minimums[group] : product;
            }
        }
    }

    public override void Dispose() => _panels.Dispose();
}

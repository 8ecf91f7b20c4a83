using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <summary>A quantised matrix repacked into panels (<see cref="PanelLayout{TFormat}"/>).</summary>
internal sealed unsafe class PackedMatrix<TFormat> : QuantizedMatrix
    where TFormat : struct, IBlockFormat
{
    private const int ChunkSteps = PanelChunk.Inputs / 4;

    private readonly int _chunkBytes = PanelLayout<TFormat>.ChunkBytes(PanelChunk.Inputs / 32);
    private readonly int _askedBytes;
    private readonly NativeBlock? _panels;
    private readonly byte* _lent;
    private readonly long _panelStep;

    public PackedMatrix(string name, int rows, int columns, Func<int, nint> rowAddress)
        : base(name, TFormat.Type, rows, columns, QuantizedPlacement.Packed)
    {
        _askedBytes = AskedBytes(_chunkBytes);
        _panels = new NativeBlock(PanelLayout<TFormat>.PanelBytes(columns), Panels);
        _panelStep = _panels.Stride;
        byte* start = _panels.Pointer;
        Parallel.For(0, Panels, panel =>
        {
            byte** lanes = stackalloc byte*[PanelChunk.Outputs];
            for (int lane = 0; lane < PanelChunk.Outputs; lane++)
            {
                int row = panel * PanelChunk.Outputs + lane;
                lanes[lane] = row < Rows ? (byte*)rowAddress(row) : null;
            }

            PanelLayout<TFormat>.Pack(lanes, columns, start + panel * _panelStep);
        });
    }

    /// <summary>Panels of zeros, to be filled lane by lane.</summary>
    private PackedMatrix(string name, int rows, int columns)
        : base(name, TFormat.Type, rows, columns, QuantizedPlacement.Packed)
    {
        _askedBytes = AskedBytes(_chunkBytes);
        _panels = new NativeBlock(PanelLayout<TFormat>.PanelBytes(columns), Panels);
        _panelStep = _panels.Stride;
        for (int panel = 0; panel < Panels; panel++)
            new Span<byte>(_panels.Pointer + panel * _panelStep, (int)PanelLayout<TFormat>.PanelBytes(columns)).Clear();
    }

    /// <summary>Over panels in memory of somebody else, one after another.</summary>
    public PackedMatrix(string name, int rows, int columns, nint panels)
        : base(name, TFormat.Type, rows, columns, QuantizedPlacement.Packed)
    {
        _askedBytes = AskedBytes(_chunkBytes);
        _lent = (byte*)panels;
        _panelStep = PanelLayout<TFormat>.PanelBytes(columns);
    }

    public override long Bytes => _panels?.Bytes ?? StoredLength;

    public override long StoredLength => PanelLayout<TFormat>.PanelBytes(Columns) * Panels;

    public override void WriteStored(Stream stream)
    {
        for (int panel = 0; panel < Panels; panel++)
            StoredBytes.Write(Start + panel * _panelStep, PanelLayout<TFormat>.PanelBytes(Columns), stream);
    }

    internal override BlockFacts Facts => BlockFacts.Of<TFormat>();

    internal override void Open(int panel, int firstInput, in PanelScratch scratch, out PanelChunk chunk)
    {
        int groups = Math.Min(PanelChunk.Inputs, Columns - firstInput) / 32;
        byte* packed = Chunk(panel, firstInput);
        PanelLayout<TFormat>.Open(packed, groups, scratch, out chunk);
        // The micro-kernel asks for one cache line every 4 inputs at most; the few lines that it leaves out are asked for here.
        for (int at = _askedBytes; at < _chunkBytes && Sse.IsSupported; at += 64)
            Sse.Prefetch0(packed + Ahead.Distance + at);
        chunk.Ahead = new Ahead((nint)packed + Ahead.Distance, _askedBytes / ChunkSteps);
    }

    internal override int DirectRows => PanelRow<TFormat>.MaxRows;

    internal override void AddDirect(int panel, int firstInput, int inputs, int rows, TileRows x, float* y)
    {
        byte* packed = Chunk(panel, firstInput);
        for (; inputs > 0; inputs -= PanelChunk.Inputs, packed += _chunkBytes)
        {
            int groups32 = Math.Min(PanelChunk.Inputs, inputs) / 32;
            PanelRow<TFormat>.Add(packed, groups32, rows, x, Ahead.Distance, y);
            int groups = rows * groups32 * 32 / TFormat.GroupValues;
            x.Codes += rows * groups32 * 32;
            x.Scales += rows * groups32;
            x.Starts += groups;
            x.Sums += groups;
        }
    }

    internal override int CodeRows => PanelKernels<TFormat>.MaxRows;

    internal override int AddCode(int panel, int rows, in TileRows x, float* y) =>
        PanelKernels<TFormat>.Add(Chunk(panel, 0), Columns, rows, x, y);

    internal override QuantizedMatrix TakeRows(ReadOnlySpan<int> rows)
    {
        var taken = new PackedMatrix<TFormat>(Name, rows.Length, Columns) { Scale = Scale };
        for (int i = 0; i < rows.Length; i++)
        {
            PanelLayout<TFormat>.CopyLane(Start + rows[i] / PanelChunk.Outputs * _panelStep, rows[i] % PanelChunk.Outputs,
                Columns, taken.Start + i / PanelChunk.Outputs * taken._panelStep, i % PanelChunk.Outputs);
        }

        return taken;
    }

    private protected override void Read(int row, Span<float> values)
    {
        using var memory = new Scratch();
        var scratch = new PanelScratch(memory);
        (int panel, int lane) = (row / PanelChunk.Outputs, row % PanelChunk.Outputs);
        for (int first = 0; first < Columns; first += PanelChunk.Inputs)
        {
            Open(panel, first, scratch, out PanelChunk chunk);
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

    private static int AskedBytes(int chunkBytes) => Math.Min(64, (chunkBytes + ChunkSteps - 1) / ChunkSteps) * ChunkSteps;

    private byte* Chunk(int panel, int firstInput) =>
        Start + panel * _panelStep + firstInput / PanelChunk.Inputs * (long)_chunkBytes;

    private byte* Start => _panels is { } own ? own.Pointer : _lent;

    public override void Dispose() => _panels?.Dispose();
}

namespace Seriatim.Models;

/// <summary>
/// Random weights in the types of a mix, made fast: for measuring speed. Each matrix takes its rows from a few that were drawn
/// and encoded, so a large model is there in seconds; its memory is as large as that of a real one.
/// </summary>
/// <param name="mix">The types of matrices; F16 and BF16 stay in 16 bits.</param>
/// <param name="layers">Layers of the stack, for mixes that depend on it.</param>
/// <param name="tied">Whether the head reads the embedding.</param>
/// <param name="seed">The seed.</param>
public sealed class RandomBlockSource(QuantizationMix mix, int layers, bool tied, ulong seed) : IWeightSource
{
    private const int DrawnRows = 64;
    private readonly RandomSource _random = new(seed);

    /// <inheritdoc/>
    public Parameter Make(ParameterRequest request)
    {
        if (!request.IsMatrix)
            return _random.Make(request);
        GgmlType type = TypeOf(request);
        using Parameter drawn = _random.Make(request with
        {
            Rows = Math.Min(DrawnRows, request.Rows),
            Layout = ParameterLayout.RowMajor,
        });
        var parameter = request.NewParameter(type.ToDataType() ?? DataType.F32);
        Parallel.For(0, (request.Rows + Parameter.PanelRows - 1) / Parameter.PanelRows, panel =>
        {
            float[] values = new float[request.Columns];
            for (int row = panel * Parameter.PanelRows; row < Math.Min(request.Rows, (panel + 1) * Parameter.PanelRows); row++)
            {
                drawn.ReadRow(DrawnRow(row, drawn.Rows), values);
                parameter.WriteRow(row, values);
            }
        });
        return parameter;
    }

    /// <inheritdoc/>
    public unsafe QuantizedMatrix? MakeQuantized(ParameterRequest request)
    {
        if (!request.IsMatrix || TypeOf(request).ToBlockType() is not { } type)
            return null;
        using Parameter drawn = _random.Make(request with
        {
            Rows = Math.Min(DrawnRows, request.Rows),
            Layout = ParameterLayout.RowMajor,
        });
        int rowBytes = (int)type.Bytes(request.Columns);
        byte[] blocks = GC.AllocateArray<byte>(drawn.Rows * rowBytes, pinned: true);
        Parallel.For(0, drawn.Rows, row =>
        {
            float[] values = new float[request.Columns];
            drawn.ReadRow(row, values);
            type.Encode(values, blocks.AsSpan(row * rowBytes, rowBytes));
        });
        int rows = drawn.Rows;
        nint start;
        fixed (byte* first = blocks)
            start = (nint)first; // the array is pinned
        QuantizedPlacement placement = request.Layout == ParameterLayout.Panels
            ? QuantizedPlacement.Packed
            : QuantizedPlacement.Rows;
        QuantizedMatrix matrix = QuantizedMatrix.Create(
            request.Name, type, request.Rows, request.Columns, placement, row => start + DrawnRow(row, rows) * rowBytes);
        GC.KeepAlive(blocks);
        return matrix;
    }

    /// <inheritdoc/>
    public void Complete(NameTable names)
    {
        // There is nothing that could be left over.
    }

    // as in files
    private GgmlType TypeOf(ParameterRequest request) => request.Path.EndsWith(".router", StringComparison.Ordinal) ? GgmlType.F32
        : mix.TypeOf(request.Path, layers, request.Columns, request.Path == "head" || (tied && request.Path == "embed"));

    private static int DrawnRow(int row, int rows) => (int)((uint)(row * 2654435761L) % (uint)rows);
}

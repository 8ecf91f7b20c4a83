namespace Seriatim.Models;

/// <summary>Dense matrices that are quantised as they are loaded: <see cref="WeightStorage.Q8"/>.</summary>
internal static class BytesAtLoad
{
    public const BlockType Type = BlockType.Q8_0;

    /// <summary>What <see cref="TensorUse"/> says of them.</summary>
    public const string InWords = "Q8_0 blocks";

    private const int Block = 32;

    /// <summary>
    /// Whether a matrix is one of them. Tables that only look rows up gain nothing, and what sends rows to
    /// experts stays exact, as in quantised files.
    /// </summary>
    public static bool Takes(ParameterRequest request) => request.IsMatrix && request.Layout == ParameterLayout.Panels
        && request.Columns % Block == 0 && !request.Path.EndsWith(".router", StringComparison.Ordinal);

    /// <summary>The matrix, made of rows that are filled in as those of a dense one and then given back.</summary>
    public static QuantizedMatrix Make(ParameterRequest request, Action<Parameter> fill)
    {
        using Parameter rows = (request with { Layout = ParameterLayout.RowMajor, Device = Device.Cpu }).NewParameter();
        fill(rows);
        return QuantizedMatrix.Encode(request.Name, Type, request.Rows, request.Columns, QuantizedPlacement.Packed, rows.ReadRow);
    }
}
